//! What waits for a block.

use bytes::Bytes;
use chain::testing::NOW_MS;
use ledger::model::answer::{Fate, Occurrence};

use crate::driver::{Driver, folder};
use crate::world::World;

#[test]
fn pending_records_have_exact_positions() {
    let dir = folder();
    let mut world = World::new();
    let first = world.send(0, "bank", "carol", 1);
    world.seal(0);
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(world.send(0, "bank", "carol", n + 1));
        world.topic[0].end += n % 3;
    }
    let mut driver = Driver::caught_up(dir.path(), &world);
    let view = driver.view();
    let waiting = view.pending(0, 0, 100);
    assert_eq!(waiting.len(), 20);
    for (ahead, (record, id)) in (0..).zip(waiting.iter().zip(&ids)) {
        assert_eq!(record.fate, Fate::Pending { ahead });
        assert_eq!(
            view.transaction(id).unwrap(),
            Some(Occurrence::Pending(record.clone()))
        );
        assert_eq!(
            view.record(0, record.offset).unwrap().as_ref(),
            Some(record)
        );
    }
    assert!(matches!(
        view.transaction(&first).unwrap(),
        Some(Occurrence::Judged(_))
    ));
    let partitions = view.partitions();
    assert_eq!(
        (partitions[0].cursor, partitions[0].end),
        (1, world.topic[0].end)
    );
    assert_eq!(partitions[0].oldest_pending_ms, Some(NOW_MS + 30));
    assert_eq!(
        (
            partitions[1].cursor,
            partitions[1].end,
            partitions[1].oldest_pending_ms
        ),
        (0, 0, None)
    );
    assert_eq!(view.record(0, world.topic[0].end).unwrap(), None);
    assert_eq!(view.record(2, 0).unwrap(), None);
    // The old view stays as it was, the new one has moved on.
    world.seal(0);
    driver.run(&world);
    assert_eq!(view.pending(0, 0, 100), waiting);
    let now = driver.view();
    assert_eq!(now.pending(0, 0, 100), []);
    assert!(matches!(
        now.transaction(&ids[7]).unwrap(),
        Some(Occurrence::Judged(_))
    ));
    assert_eq!(
        now.records(0, 0..u64::MAX, 1000).unwrap().len() as u64,
        now.partitions()[0].cursor
    );
}

#[test]
fn a_pending_copy_with_a_bad_signature_is_not_found_by_its_id() {
    let dir = folder();
    let mut world = World::new();
    let payment = world.payment("carol", 1);
    let id = payment.id(&world.chain_id()).unwrap();
    let mut forged = payment.clone();
    forged.signature = Bytes::from(vec![1; 64]);
    let offset = world.put(0, forged.encode());
    let mut driver = Driver::caught_up(dir.path(), &world);
    assert_eq!(driver.view().transaction(&id).unwrap(), None);
    assert!(driver.view().record(0, offset).unwrap().is_some());
    world.publish(0, &payment);
    driver.run(&world);
    let Some(Occurrence::Pending(record)) = driver.view().transaction(&id).unwrap() else {
        panic!("pending")
    };
    assert_eq!(
        (record.offset, record.fate),
        (1, Fate::Pending { ahead: 1 })
    );
    world.seal(0);
    driver.run(&world);
    let Some(Occurrence::Judged(record)) = driver.view().transaction(&id).unwrap() else {
        panic!("judged")
    };
    assert_eq!(record.offset, 1);
}

#[test]
fn the_queue_survives_a_restart() {
    let dir = folder();
    let mut world = World::new();
    world.send(1, "bank", "carol", 1);
    world.seal(1);
    let ids: Vec<_> = (0..5).map(|n| world.send(1, "bank", "carol", n)).collect();
    Driver::caught_up(dir.path(), &world).close();
    let driver = Driver::caught_up(dir.path(), &world);
    let Some(Occurrence::Pending(record)) = driver.view().transaction(&ids[3]).unwrap() else {
        panic!("pending")
    };
    assert_eq!(record.fate, Fate::Pending { ahead: 3 });
    assert_eq!(driver.view().audit().unwrap().checked_height, Some(1));
}
