//! Large batches, which become tables right away.

use bytes::Bytes;
use chain::testing::name;
use chain::{Account, Transaction, log};
use ledger::index::{Index, View};
use ledger::model::State;
use ledger::model::answer::Occurrence;
use ledger::model::{Applied, Batch};

use crate::driver::{Driver, folder};
use crate::world::World;

/// More than six megabytes of blocks, many accounts, and holes.
fn large() -> World {
    let mut world = World::new();
    for block in 0..10 {
        for n in 0..9_000_u64 {
            let transaction = Transaction {
                sender: Bytes::from_static(b"bank"),
                recipient: Bytes::from(format!("user-{}", n * 7 % 5_000)),
                amount: n + block,
                nonce: block * 10_000 + n + 1,
                memo: "as long as a transaction that has a signature, which is some one hundred and fifty bytes".into(),
                ..Transaction::default()
            };
            world.put(0, transaction.encode());
        }
        world.topic[0].end += 3;
        world.put(0, Bytes::from_static(b"garbage"));
        world.seal(0);
    }
    while !world.slots(0).is_empty() {
        world.seal(0);
    }
    world
}

fn batch(world: &World, from: usize, to: usize) -> Batch {
    let last = &world.accepted[to - 1];
    let applied = |height: usize| Applied {
        accepted: world.accepted[height].clone(),
        topic_offset: world.offsets[height],
        headers: Vec::new(),
    };
    let state = State {
        tip: *last.block.header(),
        usable: true,
        applied_offset: world.offsets[to - 1] + 1,
        accounts: world.chain.accounts().into(),
        included: 0,
        rejected: 0,
        supply: 0,
        miners: Vec::new(),
        cursors: vec![last.block.header().to_offset, 0],
        audited: vec![0, 0],
        checked_height: None,
        findings: 0,
    };
    let mut batch = Batch::default();
    (from..to).for_each(|height| batch.push(applied(height)));
    batch.state = Some(state);
    batch
}

fn check(view: &View, world: &World) {
    let source = |level, index| view.node(level, index).unwrap();
    for accepted in &world.accepted[..=view.tip().height() as usize] {
        let header = accepted.block.header();
        assert_eq!(log::root(header.log_size, &source), Some(header.log_root));
        let block = view.block(accepted.height()).unwrap().unwrap();
        assert_eq!(&view.raw_block(&block).unwrap(), accepted.block.value());
        for touched in &accepted.effects.touched {
            let state = view
                .account(&touched.account, accepted.height())
                .unwrap()
                .unwrap();
            assert_eq!(
                (state.balance, state.entries),
                (touched.state.balance, touched.state.entries)
            );
        }
    }
}

#[test]
fn tables_hold_what_batches_would() {
    let (dir, world) = (folder(), large());
    let bytes: usize = world
        .blocks
        .records
        .values()
        .map(|record| record.value.len())
        .sum();
    assert!(bytes > 9 << 20, "{bytes}");
    drop(Driver::caught_up(dir.path(), &world));
    // The driver writes block by block; here all of them are one batch.
    let other = folder();
    let mut index = Index::open(other.path()).unwrap();
    index
        .writer
        .write(&batch(&world, 0, world.accepted.len()))
        .unwrap();
    drop(index);
    for dir in [&dir, &other] {
        let mut driver = Driver::open(dir.path());
        check(&driver.view(), &world);
        driver.run(&world);
        assert_eq!(driver.written, Vec::<u64>::new());
        assert_eq!(
            driver.view().audit().unwrap().checked_height,
            Some(world.chain.tip().height())
        );
        let bank = driver.view().entries(&name("bank"), 1, usize::MAX).unwrap();
        assert_eq!(
            bank.len() as u64,
            world.chain.account(&name("bank")).unwrap().entries
        );
    }
}

#[test]
fn rows_of_a_batch_that_never_came_are_not_seen_and_do_no_harm() {
    let (dir, world) = (folder(), large());
    let all = world.accepted.len();
    let mut index = Index::open(dir.path()).unwrap();
    index.writer.write(&batch(&world, 0, 2)).unwrap();
    // As after a crash: the tables of all blocks are there, and the index stands at block 1.
    let mut whole = batch(&world, 2, all);
    whole.state = batch(&world, 0, 2).state;
    drop(index.writer.stage(&whole).unwrap());
    drop(index);
    let mut driver = Driver::open(dir.path());
    let view = driver.view();
    assert_eq!(view.tip().height(), 1);
    check(&view, &world);
    let last = world.accepted[all - 1].block.records()[0].bytes().clone();
    let id = chain::Transaction::decode(&last)
        .unwrap()
        .id(&world.chain_id())
        .unwrap();
    assert_eq!(view.transaction(&id).unwrap(), None);
    assert_eq!(view.find(&id.to_string()[..16], 5).unwrap(), []);
    let never = world.accepted[all - 1].hash();
    assert_eq!(view.height_of(&never).unwrap(), None);
    assert_eq!(view.find(&never.to_string()[..16], 5).unwrap(), []);
    assert_eq!(view.block(all as u64 - 1).unwrap(), None);
    let bank: Account = name("bank");
    let seen = view.account(&bank, 1).unwrap().unwrap().entries;
    assert_eq!(
        view.entries(&bank, 1, usize::MAX).unwrap().len() as u64,
        seen
    );
    assert_eq!(
        view.entries_back(&bank, u64::MAX, 1).unwrap()[0].sequence,
        seen
    );
    driver.run(&world);
    let view = driver.view();
    check(&view, &world);
    assert!(matches!(
        view.transaction(&id).unwrap(),
        Some(Occurrence::Judged(_))
    ));
    let entries = view.entries(&bank, 1, usize::MAX).unwrap();
    assert_eq!(
        entries.len() as u64,
        world.chain.account(&bank).unwrap().entries
    );
}
