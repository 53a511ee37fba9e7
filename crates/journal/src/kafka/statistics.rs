//! What librdkafka counts, added up over the clients of one journal.
//!
//! Each client tells its figures every few seconds (`config.rs`). A gauge is the sum or the worst of the clients that
//! there are; a counter goes on when the client that counted is gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use parking_lot::Mutex;
use rdkafka::Statistics;

/// The clients of a journal, as they last told.
#[derive(Default)]
pub(super) struct Clients(Mutex<Told>);

/// The place of one client among them, given back when it is dropped.
pub(super) struct Place {
    clients: Arc<Clients>,
    number: u64,
}

#[derive(Default)]
struct Told {
    next: u64,
    clients: BTreeMap<u64, Client>,
    counters: Counters,
}

/// What one client told.
#[derive(Default)]
struct Client {
    consumes: bool,
    queue: Queue,
    brokers: BTreeMap<i32, Broker>,
    counters: Counters,
}

/// Records that wait within librdkafka: to be produced, or fetched and not yet taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Queue {
    records: u64,
    bytes: u64,
}

/// A client's connection to a broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Broker {
    up: u64,
    down: u64,
    /// 99 % of the requests of the last interval took no longer; 0: there were none.
    round_trip_us: i64,
}

/// Since the client, or the journal, was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counters {
    retries: u64,
    timeouts: u64,
    disconnects: u64,
}

impl Clients {
    pub(super) fn enter(self: &Arc<Self>) -> Place {
        let mut told = self.0.lock();
        told.next += 1;
        Place {
            clients: Arc::clone(self),
            number: told.next,
        }
    }

    /// Defines the instruments; they say nothing any more when the journal has been closed.
    pub(super) fn observe(self: &Arc<Self>, meter: &Meter) {
        for (consumes, name, what) in [
            (false, "producer", "Records that wait to be acknowledged"),
            (
                true,
                "consumer",
                "Records fetched ahead that nobody has taken yet",
            ),
        ] {
            let it = Arc::downgrade(self);
            meter
                .u64_observable_gauge(format!("journal.kafka.{name}.queue"))
                .with_description(what)
                .with_unit("{record}")
                .with_callback(move |gauge| {
                    if let Some(it) = it.upgrade() {
                        gauge.observe(it.queue(consumes).records, &[]);
                    }
                })
                .build();
            let it = Arc::downgrade(self);
            meter
                .u64_observable_gauge(format!("journal.kafka.{name}.queue.size"))
                .with_description(format!("{what}: their bytes"))
                .with_unit("By")
                .with_callback(move |gauge| {
                    if let Some(it) = it.upgrade() {
                        gauge.observe(it.queue(consumes).bytes, &[]);
                    }
                })
                .build();
        }
        self.observe_brokers(meter);
        self.observe_counters(meter);
    }

    fn observe_brokers(self: &Arc<Self>, meter: &Meter) {
        let it = Arc::downgrade(self);
        meter
            .u64_observable_gauge("journal.kafka.broker.connections")
            .with_description(
                "Connections of our clients to each broker, by state: up, or down though wanted",
            )
            .with_unit("{connection}")
            .with_callback(move |gauge| {
                for (node, broker) in it.upgrade().map(|it| it.brokers(None)).unwrap_or_default() {
                    for (state, count) in [("up", broker.up), ("down", broker.down)] {
                        let labels = [
                            KeyValue::new("broker", i64::from(node)),
                            KeyValue::new("state", state),
                        ];
                        gauge.observe(count, &labels);
                    }
                }
            })
            .build();
        let it = Arc::downgrade(self);
        meter
            .f64_observable_gauge("journal.kafka.broker.round_trip.p99")
            .with_description("99 % of the latest requests to a broker were answered in this time, by type of client; a fetch may wait at the broker; 0: no requests")
            .with_unit("s")
            .with_callback(move |gauge| {
                let Some(it) = it.upgrade() else { return };
                for (consumes, client) in [(false, "producer"), (true, "consumer")] {
                    for (node, broker) in it.brokers(Some(consumes)) {
                        let labels = [KeyValue::new("broker", i64::from(node)), KeyValue::new("client", client)];
                        gauge.observe(broker.round_trip_us as f64 / 1e6, &labels);
                    }
                }
            })
            .build();
    }

    fn observe_counters(self: &Arc<Self>, meter: &Meter) {
        let counter = |name, description, unit, read: fn(&Counters) -> u64| {
            let it = Arc::downgrade(self);
            meter
                .u64_observable_counter(name)
                .with_description(description)
                .with_unit(unit)
                .with_callback(move |counter| {
                    if let Some(it) = it.upgrade() {
                        counter.observe(read(&it.0.lock().counters), &[]);
                    }
                })
                .build()
        };
        counter(
            "journal.kafka.retries",
            "Requests to brokers that were sent again",
            "{request}",
            |it| it.retries,
        );
        counter(
            "journal.kafka.timeouts",
            "Requests to brokers that were not answered in time",
            "{request}",
            |it| it.timeouts,
        );
        counter(
            "journal.kafka.disconnects",
            "Connections to brokers that were lost or closed",
            "{connection}",
            |it| it.disconnects,
        );
    }

    fn queue(&self, consumes: bool) -> Queue {
        let told = self.0.lock();
        let mut sum = Queue::default();
        for client in told.clients.values().filter(|it| it.consumes == consumes) {
            sum.records += client.queue.records;
            sum.bytes += client.queue.bytes;
        }
        sum
    }

    /// Brokers by their numbers, as all clients or those of one type see them.
    fn brokers(&self, consumes: Option<bool>) -> BTreeMap<i32, Broker> {
        let told = self.0.lock();
        let mut all: BTreeMap<i32, Broker> = BTreeMap::new();
        let wanted = |client: &&Client| consumes.is_none_or(|it| it == client.consumes);
        for client in told.clients.values().filter(wanted) {
            for (node, broker) in &client.brokers {
                let sum = all.entry(*node).or_default();
                sum.up += broker.up;
                sum.down += broker.down;
                sum.round_trip_us = sum.round_trip_us.max(broker.round_trip_us);
            }
        }
        all
    }
}

impl Place {
    pub(super) fn tell(&self, statistics: &Statistics) {
        let now = Client::of(statistics);
        let mut told = self.clients.0.lock();
        let before = told.clients.get(&self.number);
        let before = before.map_or_else(Counters::default, |client| client.counters);
        told.counters.add_since(&now.counters, &before);
        told.clients.insert(self.number, now);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.clients.0.lock().clients.remove(&self.number);
    }
}

impl Counters {
    /// Adds what has been counted from `before` to `now`.
    fn add_since(&mut self, now: &Counters, before: &Counters) {
        self.retries += now.retries.saturating_sub(before.retries);
        self.timeouts += now.timeouts.saturating_sub(before.timeouts);
        self.disconnects += now.disconnects.saturating_sub(before.disconnects);
    }
}

impl Client {
    fn of(statistics: &Statistics) -> Client {
        let consumes = statistics.client_type == "consumer";
        let mut client = Client {
            consumes,
            queue: Queue {
                records: statistics.msg_cnt,
                bytes: statistics.msg_size,
            },
            ..Client::default()
        };
        if consumes {
            let partitions = statistics.topics.values().flat_map(|it| &it.partitions);
            // Number -1 is where librdkafka keeps records whose partition it does not know.
            let partitions = partitions.filter(|(number, _)| **number >= 0);
            client.queue = partitions.fold(Queue::default(), |sum, (_, it)| Queue {
                records: sum.records + u64::try_from(it.fetchq_cnt).unwrap_or(0),
                bytes: sum.bytes + it.fetchq_size,
            });
        }
        for broker in statistics.brokers.values() {
            let disconnects = broker
                .disconnects
                .and_then(|count| u64::try_from(count).ok());
            let counters = Counters {
                retries: broker.txretries,
                timeouts: broker.req_timeouts,
                disconnects: disconnects.unwrap_or(0),
            };
            client.counters.add_since(&counters, &Counters::default());
            // The addresses of the configuration, and the coordinator, are other names of brokers with numbers.
            if broker.nodeid < 0 || broker.source == "logical" {
                continue;
            }
            let up = broker.state == "UP";
            // A connection that nobody needs stays in INIT.
            let down = !up && broker.state != "INIT";
            let seen = Broker {
                up: u64::from(up),
                down: u64::from(down),
                round_trip_us: broker.rtt.as_ref().map_or(0, |window| window.p99),
            };
            client.brokers.insert(broker.nodeid, seen);
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::statistics::{Broker as Node, Window};

    fn told(kind: &str, retries: u64, state: &str) -> Statistics {
        let node = |nodeid, source: &str| Node {
            nodeid,
            source: source.into(),
            state: state.into(),
            txretries: retries,
            rtt: Some(Window {
                p99: 1500,
                ..Window::default()
            }),
            ..Node::default()
        };
        Statistics {
            client_type: kind.into(),
            msg_cnt: 3,
            msg_size: 300,
            brokers: [
                ("one".to_owned(), node(1, "learned")),
                ("seed".to_owned(), node(-1, "configured")),
            ]
            .into(),
            ..Statistics::default()
        }
    }

    #[test]
    fn gauges_are_of_those_who_are_there_and_counters_of_all_who_were() {
        let clients = Arc::new(Clients::default());
        let (first, second) = (clients.enter(), clients.enter());
        first.tell(&told("producer", 2, "UP"));
        second.tell(&told("producer", 1, "TRY_CONNECT"));
        first.tell(&told("producer", 5, "UP"));
        let queue = Queue {
            records: 6,
            bytes: 600,
        };
        assert_eq!(clients.queue(false), queue);
        assert_eq!(clients.queue(true), Queue::default());
        let broker = Broker {
            up: 1,
            down: 1,
            round_trip_us: 1500,
        };
        assert_eq!(clients.brokers(None), [(1, broker)].into());
        assert!(clients.brokers(Some(true)).is_empty());
        // The configured address counts too: a retry may have been made there.
        assert_eq!(clients.0.lock().counters.retries, 12);
        drop(first);
        assert_eq!(clients.queue(false).records, 3);
        assert_eq!(clients.0.lock().counters.retries, 12);
    }
}
