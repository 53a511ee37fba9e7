//! One life of a chain on each kind of journal: established by eight at once, followed live, restarted from a snapshot,
//! replayed offline.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bytes::Bytes;
use chain::testing::{Grower, genesis};
use follow::replay::replay;
use follow::{Event, snapshot};
use journal::{Journal, Options};
use topics::BLOCKCHAIN;
use topics::bootstrap::{Waiting, establish, wait};
use topics::records;

use crate::feed::{Follower, settings};

fn open(url: &str) -> Journal {
    let options = Options {
        replication: Some(1),
        min_insync: Some(1),
        ..Options::default()
    };
    Journal::open(&url.parse().unwrap(), &options).unwrap()
}

fn life(journal: &Journal) {
    let genesis = genesis("life");
    let mut forge = Grower::new(&genesis);
    let mut follower = Follower::new(journal, None);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let established = establish(journal, &genesis, &|_| {}).unwrap();
                assert_eq!(established.chain_id, genesis.chain_id());
            });
        }
    });
    for _ in 0..20 {
        journal.put(BLOCKCHAIN, 0, forge.mine(3));
    }
    follower.reach(&forge);
    follower.run_until(|core, _| core.caught_up());
    let dir = tempfile::tempdir().unwrap();
    follower.core.snapshot().unwrap().write(dir.path()).unwrap();

    journal.put(BLOCKCHAIN, 0, Bytes::from_static(b"junk"));
    journal.put(BLOCKCHAIN, 0, forge.mine(3));
    follower.reach(&forge);
    drop(follower);

    let mut again = Follower::new(journal, snapshot::load(dir.path()));
    again.reach(&forge);
    let told = |is: fn(&Event) -> bool| again.events.iter().filter(|event| is(event)).count();
    assert_eq!(told(|event| matches!(event, Event::Accepted { .. })), 1);
    assert_eq!(told(|event| matches!(event, Event::Refused(_))), 1);

    let core = replay(settings(), || records(journal), |_, _| {}).unwrap();
    assert_eq!(core.chain().unwrap().tip().hash, forge.tip());
}

#[test]
fn a_life_in_memory() {
    life(&open("memory:"));
}

#[test]
fn a_life_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    life(&open(&format!("disk:{}", dir.path().display())));
}

#[test]
fn a_life_on_kafka() {
    let Some(brokers) = harness::kafka() else {
        return;
    };
    life(&open(&format!(
        "kafka://{brokers}/{}",
        harness::unique("follow")
    )));
}

/// Nobody is there: that is reported, the caller keeps waiting, and can stop.
#[test]
fn waiting_for_a_broker_can_be_stopped() {
    let reported = AtomicBool::new(false);
    let journal = open("kafka://127.0.0.1:1/nobody");
    let stop = |_| reported.load(Ordering::Relaxed);
    let done = wait(&journal, Some(&genesis("nobody")), None, &stop, &|why| {
        assert!(matches!(why, Waiting::Journal(error) if error.is_retryable()));
        reported.store(true, Ordering::Relaxed);
    });
    assert!(done.unwrap().is_none());
}
