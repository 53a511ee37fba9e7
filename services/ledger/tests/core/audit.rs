//! The audit: every lie is found, wherever the audit stands when it happens.

use bytes::Bytes;
use chain::{Slot, record};
use ledger::model::Condition;
use ledger::model::answer::{Fault, Occurrence};

use crate::driver::{Driver, folder};
use crate::world::World;

/// A block that leaves out, invents and replaces; says which transaction it left out.
fn byzantine(world: &mut World) -> chain::Hash {
    world.send(0, "bank", "carol", 1);
    let omitted = world.send(0, "bank", "carol", 2);
    world.topic[0].end += 1;
    world.send(0, "bank", "carol", 4);
    let mut slots = world.slots(0);
    slots[1] = Slot::Hole(1);
    let invented = |text: &'static str| {
        record::check(Bytes::from_static(text.as_bytes()), world.chain.rules())
    };
    slots[2] = Slot::Record(invented("invented"));
    slots[3] = Slot::Record(invented("replaced"));
    let template = world.template(0, slots);
    world.append(template);
    omitted
}

const EXPECTED: [(Fault, u64, u64); 3] = [
    (Fault::Missing, 1, 2),
    (Fault::Invented, 2, 3),
    (Fault::Replaced, 3, 4),
];

fn faults(driver: &Driver) -> Vec<(Fault, u64, u64)> {
    let findings = driver.view().findings(0, 100).unwrap();
    assert!(
        (0..)
            .zip(&findings)
            .all(|(number, finding)| finding.number == number)
    );
    findings
        .iter()
        .map(|finding| (finding.fault, finding.from_offset, finding.to_offset))
        .collect()
}

#[test]
fn lies_are_found_in_a_replay() {
    let dir = folder();
    let mut world = World::new();
    let omitted = byzantine(&mut world);
    world.send(1, "bank", "carol", 1);
    world.seal(1);
    let driver = Driver::caught_up(dir.path(), &world);
    assert_eq!(faults(&driver), EXPECTED);
    assert_eq!(driver.found.len(), 3);
    let audit = driver.view().audit().unwrap();
    assert_eq!((audit.checked_height, audit.findings), (Some(2), 3));
    let latest = audit.latest.unwrap();
    assert_eq!(
        (latest.fault, latest.height, latest.miner),
        (Fault::Replaced, 1, Some(world.miner.account()))
    );
    let Some(Occurrence::Omitted(record)) = driver.view().transaction(&omitted).unwrap() else {
        panic!("omitted")
    };
    assert_eq!((record.offset, record.value), (1, None));
}

#[test]
fn lies_are_found_live_and_told_once() {
    let dir = folder();
    let mut world = World::new();
    let mut driver = Driver::caught_up(dir.path(), &world);
    byzantine(&mut world);
    driver.run(&world);
    assert_eq!(faults(&driver), EXPECTED);
    driver.close();
    let driver = Driver::caught_up(dir.path(), &world);
    assert_eq!(
        (faults(&driver), driver.found.len()),
        (EXPECTED.to_vec(), 0)
    );
}

#[test]
fn an_omitted_transaction_counts_when_it_is_submitted_again() {
    let dir = folder();
    let mut world = World::new();
    let omitted = byzantine(&mut world);
    let mut driver = Driver::caught_up(dir.path(), &world);
    let value = world.topic[0].records[&1].value.clone();
    world.put(0, value);
    driver.run(&world);
    assert!(matches!(
        driver.view().transaction(&omitted).unwrap(),
        Some(Occurrence::Pending(_))
    ));
    world.seal(0);
    driver.run(&world);
    assert!(matches!(
        driver.view().transaction(&omitted).unwrap(),
        Some(Occurrence::Judged(_))
    ));
}

#[test]
fn what_retention_removed_is_unavailable_not_a_lie() {
    let dir = folder();
    let mut world = World::new();
    for _ in 0..3 {
        for n in 0..4 {
            world.send(0, "bank", "carol", n);
        }
        world.seal(0);
    }
    world.topic[0].prune(6);
    let driver = Driver::caught_up(dir.path(), &world);
    assert_eq!(
        faults(&driver),
        [(Fault::Unavailable, 0, 4), (Fault::Unavailable, 4, 6)]
    );
    let view = driver.view();
    assert_eq!(view.audit().unwrap().checked_height, Some(3));
    let times: Vec<_> = view
        .records(0, 0..12, 100)
        .unwrap()
        .iter()
        .map(|record| record.append_ms.is_some())
        .collect();
    assert_eq!(times, (0..12).map(|offset| offset >= 6).collect::<Vec<_>>());
    assert!(
        driver.ready.values().all(Result::is_ok),
        "{:?}",
        driver.ready
    );
}

#[test]
fn records_removed_before_they_were_sealed_are_a_loss_that_is_noticed_by_looking() {
    let dir = folder();
    let mut world = World::new();
    world.send(0, "bank", "carol", 1);
    world.seal(0);
    for n in 0..4 {
        world.send(0, "bank", "carol", n + 1);
    }
    let mut driver = Driver::caught_up(dir.path(), &world);
    driver.pass(5_000, &world);
    assert!(driver.ready.values().all(Result::is_ok));
    assert_eq!(driver.view().pending(0, 0, 100).len(), 4);
    // Its reader stands at the end, where nothing happens.
    world.topic[0].prune(3);
    driver.pass(5_000, &world);
    assert!(driver.ready.values().all(Result::is_ok), "one look may lie");
    driver.pass(5_000, &world);
    let message = driver.loss().unwrap();
    for word in ["transactions/0", "offset 3", "cursor 1"] {
        assert!(message.contains(word), "{message}");
    }
    assert_eq!(driver.view().pending(0, 0, 100).len(), 2);
    assert_eq!(driver.fatal, None);
}

#[test]
fn records_removed_after_they_were_sealed_are_no_trouble() {
    let dir = folder();
    let mut world = World::new();
    for n in 0..4 {
        world.send(0, "bank", "carol", n + 1);
    }
    world.seal(0);
    world.send(0, "bank", "carol", 9);
    let mut driver = Driver::caught_up(dir.path(), &world);
    world.topic[0].prune(4);
    for _ in 0..3 {
        driver.pass(5_000, &world);
    }
    assert!(
        driver.ready.values().all(Result::is_ok),
        "{:?}",
        driver.ready
    );
    assert_eq!(driver.view().audit().unwrap().findings, 0);
    assert_eq!(driver.view().pending(0, 0, 100).len(), 1);
}

#[test]
fn a_replay_is_audited_while_blocks_keep_coming() {
    let dir = folder();
    let mut world = World::new();
    for n in 0..200 {
        world.send(n % 2, "bank", "carol", 1);
        world.seal(n % 2);
    }
    let mut driver = Driver::open(dir.path());
    for n in 0..100 {
        for _ in 0..15 {
            driver.step(&world);
        }
        world.send(n % 2, "bank", "carol", 1);
        world.send(n % 2, "bank", "carol", 1);
        world.seal(n % 2);
    }
    driver.run(&world);
    let audit = driver.view().audit().unwrap();
    assert_eq!((audit.checked_height, audit.findings), (Some(300), 0));
}

#[test]
fn traces_of_submissions_are_kept() {
    let dir = folder();
    let mut world = World::new();
    let id = world.send(0, "bank", "carol", 1);
    let record = world.topic[0].records.get_mut(&0).unwrap();
    record.headers.push((
        "traceparent".to_owned(),
        Bytes::from_static(b"00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01"),
    ));
    let mut driver = Driver::caught_up(dir.path(), &world);
    let Some(Occurrence::Pending(record)) = driver.view().transaction(&id).unwrap() else {
        panic!("pending")
    };
    assert_eq!(record.trace_id.map(|id| id[15]), Some(16));
    world.seal(0);
    driver.run(&world);
    let Some(Occurrence::Judged(record)) = driver.view().transaction(&id).unwrap() else {
        panic!("judged")
    };
    assert_eq!(record.trace_id.map(|id| id[15]), Some(16));
}

/// Sends this many to partition 0.
fn send(world: &mut World, count: u64) {
    for n in 0..count {
        world.send(0, "bank", "carol", n + 1);
    }
}

#[test]
fn a_topic_that_was_cut_and_has_grown_again_accuses_nobody_and_is_not_forgotten() {
    // Cut among what is pending, and grown again to less, as much and more than before.
    for again in [1, 4, 9] {
        let dir = folder();
        let mut world = World::new();
        send(&mut world, 3);
        world.seal(0);
        send(&mut world, 5);
        let mut driver = Driver::caught_up(dir.path(), &world);
        world.topic[0].cut(4);
        send(&mut world, again);
        // An honest miner has read it anew.
        world.seal(0);
        driver.run(&world);
        driver.pass(5_000, &world);
        for _ in 0..6 {
            driver.pass(5_000, &world);
        }
        assert_eq!(faults(&driver), [], "{again}");
        assert_eq!(driver.view().audit().unwrap().checked_height, Some(2));
        let message = driver.loss().unwrap();
        assert!(message.contains("transactions/0"), "{message}");
        assert!(
            message.contains("offset 7 is gone or replaced"),
            "{message}"
        );
        assert_eq!(driver.fatal, None);
    }
}

#[test]
fn what_is_sealed_and_lost_is_found_in_the_right_blocks_and_survives_a_restart() {
    let dir = folder();
    let mut world = World::new();
    for _ in 0..3 {
        send(&mut world, 4);
        world.seal(0);
    }
    let mut driver = Driver::caught_up(dir.path(), &world);
    assert_eq!(faults(&driver), []);
    // Half of the second block and all of the third.
    world.topic[0].cut(6);
    send(&mut world, 8);
    for _ in 0..7 {
        driver.pass(5_000, &world);
    }
    let expected = [(Fault::Unavailable, 6, 8), (Fault::Unavailable, 8, 12)];
    assert_eq!(faults(&driver), expected);
    assert!(driver.loss().unwrap().contains("transactions/0"));
    // What came after the cut above the cursor is audited as always.
    world.seal(0);
    driver.pass(5_000, &world);
    assert_eq!(driver.view().audit().unwrap().checked_height, Some(4));
    driver.close();
    let driver = Driver::caught_up(dir.path(), &world);
    assert_eq!(
        (faults(&driver), driver.found.len()),
        (expected.to_vec(), 0)
    );
    let audit = driver.view().audit().unwrap();
    assert_eq!((audit.findings, audit.latest.unwrap().height), (2, 3));
}

#[test]
fn a_cut_while_the_ledger_was_down_is_noticed_at_the_start() {
    let dir = folder();
    let mut world = World::new();
    send(&mut world, 4);
    world.seal(0);
    Driver::caught_up(dir.path(), &world).close();
    world.topic[0].cut(2);
    send(&mut world, 5);
    let mut driver = Driver::caught_up(dir.path(), &world);
    driver.pass(5_000, &world);
    assert_eq!(faults(&driver), [(Fault::Unavailable, 2, 4)]);
    assert!(driver.loss().unwrap().contains("offset 3 "));
    world.seal(0);
    driver.run(&world);
    assert_eq!(driver.view().audit().unwrap().checked_height, Some(2));
}

#[test]
fn a_topic_that_holds_again_what_it_lost_is_whole() {
    let dir = folder();
    let mut world = World::new();
    send(&mut world, 4);
    world.seal(0);
    send(&mut world, 2);
    let mut driver = Driver::caught_up(dir.path(), &world);
    let copy = world.topic[0].clone();
    world.topic[0].cut(5);
    driver.run(&world);
    assert!(driver.loss().unwrap().contains("ends at 5"));
    assert_eq!(driver.view().pending(0, 0, 100).len(), 1);
    world.topic[0] = copy;
    driver.pass(5_000, &world);
    assert_eq!(driver.ready[&Condition::Transactions], Ok(()));
    assert_eq!(driver.view().pending(0, 0, 100).len(), 2);
    assert_eq!(faults(&driver), []);
}

#[test]
fn a_block_with_what_the_ledger_saw_before_the_loss_is_no_fault_of_its_miner() {
    let dir = folder();
    let mut world = World::new();
    send(&mut world, 4);
    let mut driver = Driver::caught_up(dir.path(), &world);
    // Sealed while all was well; the ledger reads the block after the loss.
    world.seal(0);
    world.topic[0].cut(2);
    send(&mut world, 5);
    driver.run(&world);
    for _ in 0..7 {
        driver.pass(5_000, &world);
    }
    assert_eq!(faults(&driver), [(Fault::Unavailable, 2, 4)]);
}
