//! Topics that change under a service.

use std::sync::Arc;

use bytes::Bytes;
use chain::Hash;
use chain::genesis::Rules;
use chain::testing::genesis;
use journal::Journal;
use topics::watch::{Error, Notice};
use topics::{BLOCKCHAIN, TRANSACTIONS, specs};
use topics::{DataLoss, Watch, bootstrap};

fn chain() -> (Journal, Arc<Rules>) {
    let journal = Journal::memory();
    let rules = bootstrap::establish(&journal, &genesis("watch"), &|_| {});
    (journal, rules.unwrap())
}

fn look(watch: &mut Watch) -> Result<Vec<Notice>, Error> {
    Ok(watch.inspect(&|_| false)?.expect("the log can be reached"))
}

fn append(journal: &Journal, topic: &str, value: &'static [u8]) {
    journal.put(topic, 0, Bytes::from_static(value));
}

fn loss(found: Result<Vec<Notice>, Error>) -> DataLoss {
    match found {
        Err(Error::DataLoss(loss)) => loss,
        other => panic!("{other:?}"),
    }
}

#[test]
fn as_long_as_nothing_changes_there_is_nothing_to_say() {
    let (journal, rules) = chain();
    let mut watch = Watch::new(journal.clone(), rules);
    for _ in 0..3 {
        assert_eq!(look(&mut watch).unwrap(), []);
        append(&journal, TRANSACTIONS, b"one more");
        append(&journal, BLOCKCHAIN, b"no block");
    }
}

#[test]
fn deleted_records_are_named_with_topic_and_offset_and_stop_nobody() {
    let (journal, rules) = chain();
    append(&journal, TRANSACTIONS, b"first");
    append(&journal, BLOCKCHAIN, b"no block");
    let mut watch = Watch::new(journal.clone(), rules.clone());
    assert_eq!(look(&mut watch).unwrap(), []);
    let faults = journal.faults().unwrap();
    faults.cut_start(TRANSACTIONS, 0, 1).unwrap();
    faults.cut_start(BLOCKCHAIN, 0, 1).unwrap();
    for mut watch in [watch, Watch::new(journal, rules)] {
        let told: Vec<_> = look(&mut watch)
            .unwrap()
            .iter()
            .map(Notice::to_string)
            .collect();
        assert_eq!(told.len(), 2);
        for (told, topic) in told.iter().zip([TRANSACTIONS, BLOCKCHAIN]) {
            let words = format!("topic {topic}: start offset of partition 0 is 1 and should be 0");
            assert!(told.contains(&words), "{told}");
        }
    }
}

#[test]
fn partitions_beyond_those_of_the_chain_are_told_and_missing_ones_refused() {
    let journal = Journal::memory();
    let genesis = genesis("partitions");
    let [mut transactions, blockchain] = specs(&genesis);
    transactions.partitions += 1;
    journal.create_topic(&transactions).unwrap();
    journal.create_topic(&blockchain).unwrap();
    let rules = bootstrap::establish(&journal, &genesis, &|_| {}).unwrap();
    let told = look(&mut Watch::new(journal.clone(), rules.clone())).unwrap();
    let beyond = Notice::Beyond {
        topic: TRANSACTIONS.into(),
        partitions: genesis.partitions,
        found: genesis.partitions + 1,
    };
    assert_eq!(told, [beyond]);

    let mut more = (*rules).clone();
    more.genesis.partitions += 2;
    let refused = look(&mut Watch::new(journal, Arc::new(more))).unwrap_err();
    assert!(matches!(refused, Error::Setting(_)), "{refused}");
}

#[test]
fn another_block_zero_is_a_loss_that_names_both() {
    let (journal, rules) = chain();
    let mut watch = Watch::new(journal.clone(), rules.clone());
    assert_eq!(look(&mut watch).unwrap(), []);
    let other = genesis("other").block_zero();
    let faults = journal.faults().unwrap();
    faults.rewrite(BLOCKCHAIN, 0, 0, other.clone()).unwrap();
    let named = loss(look(&mut watch));
    assert_eq!(
        (named.topic.as_str(), named.partition, named.offset),
        (BLOCKCHAIN, 0, 0)
    );
    assert!(
        named.expected.contains(&rules.chain_id.to_string()),
        "{named}"
    );
    let found = Hash::of(&other).to_string();
    assert!(named.found.contains(&found), "{named}");
    // A watch that starts after the change reports it, too.
    assert!(
        loss(look(&mut Watch::new(journal, rules)))
            .found
            .contains(&found)
    );
}

#[test]
fn a_topic_made_anew_and_empty_is_a_loss() {
    let (journal, rules) = chain();
    let mut watch = Watch::new(journal.clone(), rules);
    assert_eq!(look(&mut watch).unwrap(), []);
    journal
        .faults()
        .unwrap()
        .truncate(BLOCKCHAIN, 0, 0)
        .unwrap();
    assert_eq!(loss(look(&mut watch)).found, "no record");
}

#[test]
fn of_a_log_that_is_away_nothing_is_said() {
    let (journal, rules) = chain();
    let mut watch = Watch::new(journal.clone(), rules);
    let faults = journal.faults().unwrap();
    for _ in 0..2 {
        faults.set_reachable(false);
        assert_eq!(watch.inspect(&|_| false).unwrap(), None);
        faults.set_reachable(true);
        assert_eq!(watch.inspect(&|_| true).unwrap(), None);
        assert_eq!(look(&mut watch).unwrap(), []);
    }
}

#[test]
fn topics_that_are_gone_are_named() {
    let (_, rules) = chain();
    let told = look(&mut Watch::new(Journal::memory(), rules)).unwrap();
    let gone = [TRANSACTIONS, BLOCKCHAIN].map(|topic| Notice::Gone {
        topic: topic.into(),
    });
    assert_eq!(told, gone);
}
