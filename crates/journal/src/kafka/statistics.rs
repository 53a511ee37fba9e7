//! Statistics of librdkafka, summed over the clients of one journal.
//!
//! Each client reports every few seconds (`config.rs`). A gauge is the sum or the maximum over the present clients; a counter
//! keeps the counts of dropped clients.

use std::collections::BTreeMap;
use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Meter};
use parking_lot::Mutex;
use rdkafka::Statistics;

use crate::metrics::reading;

/// The last reports of the clients of a journal.
#[derive(Default)]
pub(super) struct Clients(Mutex<Reports>);

/// The registration of one client, until it is dropped.
pub(super) struct Registration {
    clients: Arc<Clients>,
    number: u64,
}

#[derive(Default)]
struct Reports {
    last_number: u64,
    clients: BTreeMap<u64, Client>,
    counters: Counters,
}

/// The last report of one client.
#[derive(Default)]
struct Client {
    consumes: bool,
    queue: Queue,
    brokers: BTreeMap<i32, Broker>,
    counters: Counters,
}

/// Records queued within librdkafka: to be produced, or fetched and not yet consumed.
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
    /// 99th percentile over the requests of the last interval; 0: there were none.
    round_trip_us: i64,
}

/// Counts since the client, or the journal, was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counters {
    retries: u64,
    timeouts: u64,
    disconnects: u64,
}

/// The two kinds of clients: true if it consumes, and its name.
const KINDS: [(bool, &str); 2] = [(false, "producer"), (true, "consumer")];

impl Clients {
    pub(super) fn register(self: &Arc<Self>) -> Registration {
        let mut reports = self.0.lock();
        reports.last_number += 1;
        Registration {
            clients: Arc::clone(self),
            number: reports.last_number,
        }
    }

    /// Defines the instruments.
    pub(super) fn observe(self: &Arc<Self>, meter: &Meter) {
        for (consumes, kind) in KINDS {
            self.observe_queue(meter, consumes, kind);
        }
        self.observe_brokers(meter);
        self.observe_counters(meter);
    }

    fn observe_queue(self: &Arc<Self>, meter: &Meter, consumes: bool, kind: &str) {
        let text = if consumes {
            "Records fetched ahead and not yet consumed"
        } else {
            "Records that wait to be acknowledged"
        };
        let records = move |it: &Clients, gauge: &dyn AsyncInstrument<u64>| {
            gauge.observe(it.queue(consumes).records, &[]);
        };
        meter
            .u64_observable_gauge(format!("journal.kafka.{kind}.queue"))
            .with_description(text)
            .with_unit("{record}")
            .with_callback(reading(self, records))
            .build();
        let bytes = move |it: &Clients, gauge: &dyn AsyncInstrument<u64>| {
            gauge.observe(it.queue(consumes).bytes, &[]);
        };
        meter
            .u64_observable_gauge(format!("journal.kafka.{kind}.queue.size"))
            .with_description(format!("{text}: their bytes"))
            .with_unit("By")
            .with_callback(reading(self, bytes))
            .build();
    }

    fn observe_brokers(self: &Arc<Self>, meter: &Meter) {
        let connections = |it: &Clients, gauge: &dyn AsyncInstrument<u64>| {
            for (node, broker) in it.brokers(None) {
                for (state, count) in [("up", broker.up), ("down", broker.down)] {
                    gauge.observe(count, &labels(node, "state", state));
                }
            }
        };
        meter
            .u64_observable_gauge("journal.kafka.broker.connections")
            .with_description(
                "Connections of our clients to each broker, by state: up, or down though wanted",
            )
            .with_unit("{connection}")
            .with_callback(reading(self, connections))
            .build();
        let round_trip = |it: &Clients, gauge: &dyn AsyncInstrument<f64>| {
            for (consumes, kind) in KINDS {
                for (node, broker) in it.brokers(Some(consumes)) {
                    let seconds = broker.round_trip_us as f64 / 1e6;
                    gauge.observe(seconds, &labels(node, "client", kind));
                }
            }
        };
        meter
            .f64_observable_gauge("journal.kafka.broker.round_trip.p99")
            .with_description("99 % of the latest requests to a broker were answered in this time, by type of client; a fetch may wait at the broker; 0: no requests")
            .with_unit("s")
            .with_callback(reading(self, round_trip))
            .build();
    }

    fn observe_counters(self: &Arc<Self>, meter: &Meter) {
        type Read = fn(&Counters) -> u64;
        let counters: [(_, _, _, Read); 3] = [
            (
                "journal.kafka.retries",
                "Requests to brokers that were sent again",
                "{request}",
                |it| it.retries,
            ),
            (
                "journal.kafka.timeouts",
                "Requests to brokers that were not answered in time",
                "{request}",
                |it| it.timeouts,
            ),
            (
                "journal.kafka.disconnects",
                "Connections to brokers that were lost or closed",
                "{connection}",
                |it| it.disconnects,
            ),
        ];
        for (name, text, unit, read) in counters {
            let observe = move |it: &Clients, counter: &dyn AsyncInstrument<u64>| {
                counter.observe(read(&it.0.lock().counters), &[]);
            };
            meter
                .u64_observable_counter(name)
                .with_description(text)
                .with_unit(unit)
                .with_callback(reading(self, observe))
                .build();
        }
    }

    fn queue(&self, consumes: bool) -> Queue {
        let reports = self.0.lock();
        let mut sum = Queue::default();
        for client in reports
            .clients
            .values()
            .filter(|it| it.consumes == consumes)
        {
            sum.records += client.queue.records;
            sum.bytes += client.queue.bytes;
        }
        sum
    }

    /// Brokers by number, over all clients or those of one kind.
    fn brokers(&self, consumes: Option<bool>) -> BTreeMap<i32, Broker> {
        let reports = self.0.lock();
        let mut all: BTreeMap<i32, Broker> = BTreeMap::new();
        let wanted = |client: &&Client| consumes.is_none_or(|it| it == client.consumes);
        for client in reports.clients.values().filter(wanted) {
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

fn labels(node: i32, name: &'static str, value: &'static str) -> [KeyValue; 2] {
    [
        KeyValue::new("broker", i64::from(node)),
        KeyValue::new(name, value),
    ]
}

impl Registration {
    pub(super) fn update(&self, statistics: &Statistics) {
        let now = Client::of(statistics);
        let mut reports = self.clients.0.lock();
        let before = reports.clients.get(&self.number);
        let before = before.map_or_else(Counters::default, |client| client.counters);
        reports.counters.add_since(&now.counters, &before);
        reports.clients.insert(self.number, now);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.clients.0.lock().clients.remove(&self.number);
    }
}

impl Counters {
    /// Adds the counts from `before` to `now`.
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
            // librdkafka keeps records of unknown partition under number -1.
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
            // The configured addresses and the coordinator are aliases of numbered brokers.
            if broker.nodeid < 0 || broker.source == "logical" {
                continue;
            }
            let up = broker.state == "UP";
            // An unused connection stays in INIT.
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
mod tests;
