//! The first start of a chain, by many at once.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use chain::Genesis;
use chain::genesis::Rules;
use chain::testing::{Grower, genesis};
use journal::Journal;
use topics::bootstrap::{Error, NO_BLOCK_ZERO, Waiting, find_genesis, wait};
use topics::{BLOCKCHAIN, TRANSACTIONS, specs};

fn start(journal: &Journal, genesis: Option<&Genesis>) -> Result<Option<Arc<Rules>>, Error> {
    known(journal, genesis, None)
}

/// Stops as soon as a search finds nothing.
fn known(
    journal: &Journal,
    genesis: Option<&Genesis>,
    known: Option<&Arc<Rules>>,
) -> Result<Option<Arc<Rules>>, Error> {
    wait(journal, genesis, known, &|pause| !pause.is_zero(), &|why| {
        assert!(matches!(why, Waiting::NoChain), "{why}");
    })
}

#[test]
fn eight_at_once_make_one_chain() {
    let journal = Journal::memory();
    let genesis = genesis("eight");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let rules = start(&journal, Some(&genesis)).unwrap();
                assert_eq!(rules.unwrap().chain_id, genesis.chain_id());
            });
        }
    });
    assert_eq!(find_genesis(&journal).unwrap().unwrap().genesis, genesis);
    assert!((1..=8).contains(&journal.offsets(BLOCKCHAIN, 0).unwrap().end));
    assert_eq!(journal.offsets(TRANSACTIONS, 1).unwrap().end, 0);
    assert!(journal.offsets(TRANSACTIONS, 2).is_err());
}

#[test]
fn eight_with_different_genesis_make_one_chain_too() {
    let journal = Journal::memory();
    let done: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = (0..8)
            .map(|n| {
                let journal = &journal;
                scope.spawn(move || start(journal, Some(&genesis(&format!("chain-{n}")))))
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let won = find_genesis(&journal).unwrap().unwrap().chain_id;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
    for lost in done.into_iter().filter_map(Result::err) {
        let Error::WrongChain { expected, found } = &lost else {
            panic!("{lost}");
        };
        assert_eq!(*found, won);
        let told = lost.to_string();
        assert!(
            told.contains(&found.to_string()) && told.contains(&expected.to_string()),
            "{told}"
        );
    }
}

#[test]
fn a_restart_publishes_nothing() {
    let journal = Journal::memory();
    let genesis = genesis("restart");
    for _ in 0..3 {
        start(&journal, Some(&genesis)).unwrap();
    }
    assert_eq!(journal.offsets(BLOCKCHAIN, 0).unwrap().end, 1);
    assert!(start(&journal, None).unwrap().is_some());
}

#[test]
fn without_a_genesis_nothing_is_made() {
    let journal = Journal::memory();
    assert!(start(&journal, None).unwrap().is_none());
    assert!(find_genesis(&journal).unwrap().is_none());
    assert!(journal.offsets(BLOCKCHAIN, 0).is_err());
}

/// The first block after block 0 of a chain of that name.
fn block_one(name: &str) -> Bytes {
    Grower::new(&genesis(name)).mine(1)
}

#[test]
fn junk_before_block_zero_does_not_keep_it_away() {
    let journal = Journal::memory();
    let genesis = genesis("junk");
    for spec in specs(&genesis) {
        journal.create_topic(&spec).unwrap();
    }
    for value in [Bytes::from_static(b"junk"), block_one("other")] {
        journal.put(BLOCKCHAIN, 0, value);
    }
    start(&journal, Some(&genesis)).unwrap();
    assert_eq!(journal.offsets(BLOCKCHAIN, 0).unwrap().end, 3);
    assert_eq!(
        find_genesis(&journal).unwrap().unwrap().chain_id,
        genesis.chain_id()
    );
}

#[test]
fn topics_that_cannot_carry_the_chain_are_refused() {
    let journal = Journal::memory();
    let genesis = genesis("settings");
    let mut two = specs(&genesis);
    two[0].partitions = 1;
    for spec in &two {
        journal.create_topic(spec).unwrap();
    }
    let refused = start(&journal, Some(&genesis)).unwrap_err();
    let Error::Setting { topic, .. } = &refused else {
        panic!("{refused}");
    };
    assert_eq!(topic, TRANSACTIONS);
    assert_eq!(
        journal.offsets(BLOCKCHAIN, 0).unwrap().end,
        0,
        "nothing is published on it"
    );
}

#[test]
fn a_genesis_that_breaks_a_rule_makes_nothing() {
    let journal = Journal::memory();
    let broken = Genesis {
        partitions: 0,
        ..genesis("broken")
    };
    let refused = start(&journal, Some(&broken)).unwrap_err();
    assert!(matches!(refused, Error::Genesis(_)), "{refused}");
    assert!(journal.offsets(BLOCKCHAIN, 0).is_err());
}

#[test]
fn under_a_chain_that_is_known_nothing_is_made_anew() {
    let (genesis, journal) = (genesis("known"), Journal::memory());
    let rules = start(&journal, Some(&genesis)).unwrap().unwrap();
    let known = |journal: &Journal| known(journal, Some(&genesis), Some(&rules));
    // Its topics are gone, or recreated.
    let elsewhere = Journal::memory();
    assert_eq!(known(&elsewhere).unwrap().unwrap().chain_id, rules.chain_id);
    assert!(elsewhere.offsets(BLOCKCHAIN, 0).is_err());
    let faults = journal.faults().unwrap();
    faults.truncate(BLOCKCHAIN, 0, 0).unwrap();
    assert_eq!(known(&journal).unwrap().unwrap().chain_id, rules.chain_id);
    assert_eq!(journal.offsets(BLOCKCHAIN, 0).unwrap().end, 0);
}

#[test]
fn a_log_without_its_beginning_is_of_use_to_those_only_who_know_the_chain() {
    let (genesis, journal) = (genesis("pruned"), Journal::memory());
    let rules = start(&journal, Some(&genesis)).unwrap().unwrap();
    journal.put(BLOCKCHAIN, 0, Bytes::from_static(b"later"));
    journal
        .faults()
        .unwrap()
        .cut_start(BLOCKCHAIN, 0, 1)
        .unwrap();
    for genesis in [None, Some(&genesis)] {
        let refused = start(&journal, genesis).unwrap_err();
        assert!(
            matches!(refused, Error::Pruned { start: 1, .. }),
            "{refused}"
        );
        let known = known(&journal, genesis, Some(&rules));
        assert_eq!(known.unwrap().unwrap().chain_id, rules.chain_id);
    }
}

#[test]
fn whoever_waits_without_a_genesis_finds_the_chain_of_another_and_then_it_is_watched() {
    let (genesis, journal) = (genesis("waited"), Journal::memory());
    let (search, watcher) = topics::search(&journal, None);
    let (seen, reported) = std::sync::mpsc::channel();
    let stop = |pause: Duration| {
        thread::sleep(pause.min(Duration::from_millis(10)));
        false
    };
    thread::scope(|scope| {
        let watching = scope.spawn(move || watcher.run(&|_| true));
        let found = scope.spawn(move || {
            let report = |why: Waiting| seen.send(why.to_string()).unwrap();
            search.run(None, &stop, &report).unwrap().unwrap().chain_id
        });
        assert_eq!(reported.recv().unwrap(), NO_BLOCK_ZERO);
        start(&journal, Some(&genesis)).unwrap();
        assert_eq!(found.join().unwrap(), genesis.chain_id());
        watching.join().unwrap().unwrap();
    });
    // Without a chain the watcher returns.
    let (search, watcher) = topics::search(&Journal::memory(), None);
    assert!(search.run(None, &|_| true, &|_| {}).unwrap().is_none());
    watcher.run(&|_| unreachable!("nothing to watch")).unwrap();
}
