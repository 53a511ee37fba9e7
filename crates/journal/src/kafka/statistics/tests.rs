//! Sums over clients that are added and dropped.

use super::*;
use rdkafka::statistics::{Broker as Node, Window};

fn report(kind: &str, retries: u64, state: &str) -> Statistics {
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
    let (first, second) = (clients.register(), clients.register());
    first.update(&report("producer", 2, "UP"));
    second.update(&report("producer", 1, "TRY_CONNECT"));
    first.update(&report("producer", 5, "UP"));
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
