//! Every query against an independent recount.

use std::collections::BTreeMap;

use bytes::Bytes;
use chain::Slot;
use chain::effects::Kind;
use chain::record::Judged;
use chain::testing::{NOW_MS, name};
use chain::{Account, Hash, Transaction, Verdict, leaf, log};
use ledger::model::answer::{Entry, Fate, Match, Occurrence};

use crate::driver::{Driver, folder};
use crate::world::World;

/// A world with everything in it: included, refused, garbage, too large, holes, lost races, many blocks.
fn full() -> World {
    let mut world = World::new();
    for round in 0..12_u64 {
        for n in 0..=(round % 5) * 11 {
            let to = format!("user{}", n % 4);
            world.send((round % 2) as usize, "bank", &to, n);
            world.send((round % 2) as usize, "bank", "bank", 3);
        }
        let payment = world.payment("user1", 200 * round);
        for _ in 0..2 {
            world.publish(0, &payment);
        }
        world.put(1, Bytes::from_static(b"garbage"));
        world.put(0, Bytes::from(vec![0x41; 1025]));
        world.topic[1].end += round;
        let note = Transaction {
            sender: Bytes::from_static(b"late"),
            memo: "x".into(),
            nonce: round + 1,
            valid_until: 1,
            ..Transaction::default()
        };
        world.put(1, note.encode());
        let slots = world.slots(0);
        let stale = world.template(0, slots);
        world.seal((round % 2) as usize);
        world.append(stale);
    }
    world.append_raw(Bytes::from_static(b"no block"));
    for partition in [0, 1] {
        while !world.slots(partition).is_empty() {
            world.seal(partition);
        }
    }
    world
}

#[test]
fn blocks_and_records_are_what_the_rules_say() {
    let (dir, world) = (folder(), full());
    let driver = Driver::caught_up(dir.path(), &world);
    let view = driver.view();
    assert_eq!(view.tip(), world.chain.tip());
    for (height, accepted) in (0..).zip(&world.accepted) {
        let block = view.block(height).unwrap().unwrap();
        let header = accepted.block.header();
        assert_eq!(
            (&block.header, block.hash, block.append_ms),
            (header, accepted.hash(), accepted.append_ms)
        );
        assert_eq!(
            (block.topic_offset, block.first_leaf, block.paid),
            (
                world.offsets[height as usize],
                accepted.effects.first_leaf,
                accepted.effects.paid
            )
        );
        assert_eq!(block.signature, accepted.block.signature());
        assert_eq!(
            &view.raw_block(&block).unwrap(),
            accepted.block.value(),
            "height {height}"
        );
        assert_eq!(view.height_of(&accepted.hash()).unwrap(), Some(height));
        let verdicts = accepted.block.verdicts();
        let included = verdicts
            .iter()
            .filter(|verdict| **verdict == Verdict::Included)
            .count();
        assert_eq!(
            (block.included as usize, block.rejected as usize),
            (included, verdicts.len() - included)
        );
        assert_eq!(
            u64::from(block.void_offsets),
            header.to_offset - header.from_offset - verdicts.len() as u64
        );
        records_of(&view, accepted, &world);
    }
    assert!(view.block(world.accepted.len() as u64).unwrap().is_none());
    assert!(view.height_of(&Hash::ZERO).unwrap().is_none());
    let miner = world.miner.account();
    assert_eq!(view.blocks_of(&miner, 2..5, true, 10).unwrap(), [4, 3, 2]);
    assert_eq!(view.blocks_of(&miner, 0..100, false, 3).unwrap(), [1, 2, 3]);
    assert_eq!(
        view.blocks_of(&name("bank"), 0..100, false, 3).unwrap(),
        [] as [u64; 0]
    );
}

fn records_of(view: &ledger::index::View, accepted: &chain::Accepted, world: &World) {
    let header = accepted.block.header();
    let topic = &world.topic[header.partition as usize].records;
    let mut expected = Vec::new();
    for (leaf_index, (offset, slot)) in
        (accepted.effects.first_leaf + 1..).zip(accepted.block.slots())
    {
        match slot {
            Slot::Record((record, verdict)) => {
                let fate = Fate::Judged {
                    verdict,
                    height: accepted.height(),
                    leaf_index,
                };
                let append_ms = topic[&offset].append_ms;
                expected.push((offset, fate, Some(record.hash()), Some(append_ms)));
            }
            Slot::Hole(offsets) => {
                let fate = Fate::Void {
                    height: accepted.height(),
                    leaf_index,
                };
                expected
                    .extend((offset..offset + offsets).map(|offset| (offset, fate, None, None)));
            }
        }
    }
    let all = view
        .records(
            header.partition,
            header.from_offset..header.to_offset,
            usize::MAX,
        )
        .unwrap();
    let shape = |record: &ledger::model::answer::Record| {
        (record.offset, record.fate, record.hash, record.append_ms)
    };
    assert_eq!(all.iter().map(shape).collect::<Vec<_>>(), expected);
    for record in &all {
        assert_eq!(
            view.record(header.partition, record.offset)
                .unwrap()
                .as_ref(),
            Some(record)
        );
        let too_large = matches!(
            record.fate,
            Fate::Judged {
                verdict: Verdict::TooLarge,
                ..
            }
        );
        let value = topic.get(&record.offset).map(|record| &record.value);
        assert_eq!(record.value.as_ref(), value.filter(|_| !too_large));
    }
    let middle = header.from_offset + all.len() as u64 / 2;
    let some = view
        .records(header.partition, middle..header.to_offset, 5)
        .unwrap();
    assert_eq!(
        some,
        all[all.len() / 2..]
            .iter()
            .take(5)
            .cloned()
            .collect::<Vec<_>>()
    );
}

#[test]
fn the_first_occurrence_of_an_id_counts() {
    let (dir, world) = (folder(), full());
    let view = Driver::caught_up(dir.path(), &world).view();
    let mut first: BTreeMap<Hash, (u32, u64, Verdict)> = BTreeMap::new();
    for accepted in &world.accepted {
        for (offset, slot) in accepted.block.slots() {
            if let Slot::Record((record, verdict)) = slot
                && let (Judged::Good(transfer), true) = (record.judged(), verdict.is_occurrence())
            {
                first.entry(transfer.id).or_insert((
                    accepted.block.header().partition,
                    offset,
                    verdict,
                ));
            }
        }
    }
    assert!(
        first
            .values()
            .any(|(_, _, verdict)| *verdict == Verdict::InsufficientFunds)
    );
    assert!(first.values().any(|(_, _, verdict)| *verdict == Verdict::Expired || *verdict == Verdict::NonceTooLow));
    for (id, expected) in &first {
        let Some(Occurrence::Judged(record)) = view.transaction(id).unwrap() else {
            panic!("{id} is there")
        };
        let Fate::Judged { verdict, .. } = record.fate else {
            panic!("judged")
        };
        assert_eq!((record.partition, record.offset, verdict), *expected);
        let text = id.to_string();
        assert_eq!(
            view.find(&text[..10], 5).unwrap(),
            [Match::Transaction(*id)]
        );
    }
    assert!(view.transaction(&Hash::ZERO).unwrap().is_none());
    let block = world.accepted[3].hash();
    assert_eq!(
        view.find(&block.to_string()[..8], 5).unwrap(),
        [Match::Block(block)]
    );
    assert_eq!(view.find("short", 5).unwrap(), []);
}

#[test]
fn accounts_are_known_at_every_height() {
    let (dir, world) = (folder(), full());
    let view = Driver::caught_up(dir.path(), &world).view();
    let mut states: BTreeMap<Account, (i64, u64, u64, Option<u64>)> = BTreeMap::new();
    let mut entries: BTreeMap<Account, Vec<Entry>> = BTreeMap::new();
    let numbers: BTreeMap<u32, Account> = world
        .accepted
        .iter()
        .flat_map(|a| &a.effects.touched)
        .map(|t| (t.number, t.account))
        .collect();
    for (height, accepted) in (0..).zip(&world.accepted) {
        for touched in &accepted.effects.touched {
            let state = touched.state;
            states.insert(
                touched.account,
                (
                    state.balance,
                    state.nonce,
                    state.entries,
                    state.last_entry(),
                ),
            );
        }
        for entry in &accepted.effects.entries {
            entries
                .entry(numbers[&entry.account])
                .or_default()
                .push(Entry {
                    sequence: entry.sequence,
                    leaf_index: entry.leaf_index,
                    previous: entry.previous,
                    height,
                    change: entry.change,
                    balance: entry.balance,
                    kind: entry.kind,
                });
        }
        for account in numbers.values() {
            let found = view.account(account, height).unwrap();
            let found =
                found.map(|state| (state.balance, state.nonce, state.entries, state.last_leaf));
            assert_eq!(found, states.get(account).copied(), "{account} at {height}");
        }
    }
    assert!(view.account(&name("nobody"), 5).unwrap().is_none());
    assert_eq!(entries[&name("bank")][0].kind, Kind::Allocation);
    entries_page(&view, &entries);
}

fn entries_page(view: &ledger::index::View, entries: &BTreeMap<Account, Vec<Entry>>) {
    for (account, all) in entries {
        assert_eq!(&view.entries(account, 1, usize::MAX).unwrap(), all);
        let back: Vec<_> = all.iter().rev().copied().collect();
        assert_eq!(
            view.entries_back(account, u64::MAX, usize::MAX).unwrap(),
            back
        );
        for sequence in 1..=all.len() {
            assert_eq!(
                view.entries(account, sequence as u64, 2).unwrap(),
                all[sequence - 1..]
                    .iter()
                    .take(2)
                    .copied()
                    .collect::<Vec<_>>()
            );
            let before = all[..sequence - 1]
                .iter()
                .rev()
                .take(2)
                .copied()
                .collect::<Vec<_>>();
            assert_eq!(
                view.entries_back(account, sequence as u64, 2).unwrap(),
                before
            );
        }
    }
}

#[test]
fn every_leaf_and_every_proof_can_be_made() {
    let (dir, world) = (folder(), full());
    let view = Driver::caught_up(dir.path(), &world).view();
    let source = |level, index| view.node(level, index).unwrap();
    for accepted in &world.accepted {
        let header = accepted.block.header();
        assert_eq!(log::root(header.log_size, &source), Some(header.log_root));
        for (index, hash) in (accepted.effects.first_leaf..).zip(&accepted.effects.leaves) {
            let leaf = view.leaf(index).unwrap().unwrap();
            assert_eq!(&log::leaf_hash(&leaf.bytes), hash, "leaf {index}");
            assert_eq!(leaf.height, accepted.height());
            if let (Some(leaf::Leaf::Record { record_hash, .. }), Some(record)) =
                (leaf::Leaf::decode(&leaf.bytes), &leaf.record)
            {
                assert_eq!(Hash::of(record), record_hash);
            }
        }
    }
    let tip = view.tip();
    let path = log::inclusion_path(17, tip.header.log_size, &source).unwrap();
    let hash = log::leaf_hash(&view.leaf(17).unwrap().unwrap().bytes);
    assert!(log::verify_inclusion(
        17,
        tip.header.log_size,
        &hash,
        &path,
        &tip.header.log_root
    ));
    assert_eq!(view.node(0, tip.header.log_size).unwrap(), None);
    assert!(view.leaf(tip.header.log_size).unwrap().is_none());
}

/// INCLUDED records of all blocks, and the others, counted from their verdicts.
fn counted(world: &World) -> (u64, u64) {
    let verdicts: Vec<Verdict> = world
        .accepted
        .iter()
        .flat_map(|accepted| accepted.block.verdicts().to_vec())
        .collect();
    let included = verdicts
        .iter()
        .filter(|verdict| **verdict == Verdict::Included)
        .count() as u64;
    (included, verdicts.len() as u64 - included)
}

#[test]
fn totals_and_miners_add_up() {
    let (dir, world) = (folder(), full());
    let driver = Driver::caught_up(dir.path(), &world);
    let view = driver.view();
    let (included, rejected) = counted(&world);
    let totals = view.totals();
    assert_eq!((totals.included, totals.rejected), (included, rejected));
    assert_eq!(
        (totals.accounts, i128::from(totals.supply)),
        (world.chain.accounts().into(), world.chain.supply())
    );
    assert_eq!(
        (totals.applied_offset, totals.end_offset),
        (world.blocks.end, world.blocks.end)
    );
    let miners = view.miners().unwrap();
    let blocks = world.accepted.len() as u64 - 1;
    assert_eq!(miners.len(), 1);
    assert_eq!(
        (
            miners[0].blocks,
            miners[0].rewards,
            miners[0].first_height,
            miners[0].last_height
        ),
        (blocks, blocks * 5, 1, blocks)
    );
    let audit = view.audit().unwrap();
    assert_eq!((audit.checked_height, audit.findings), (Some(blocks), 0));
    assert!(
        driver.ready.values().all(Result::is_ok),
        "{:?}",
        driver.ready
    );
}

#[test]
fn candidates_are_listed_and_found() {
    let (dir, world) = (folder(), full());
    let view = Driver::caught_up(dir.path(), &world).view();
    let refused = world.blocks.records.len() - world.accepted.len();
    let candidates = view.candidates(u64::MAX, 1000).unwrap();
    assert_eq!(candidates.len(), refused);
    assert!(
        candidates
            .windows(2)
            .all(|pair| pair[0].topic_offset > pair[1].topic_offset)
    );
    assert!(
        candidates
            .iter()
            .any(|candidate| candidate.reason == "UNDECODABLE" && candidate.hash.is_none())
    );
    let stale = candidates
        .iter()
        .filter(|candidate| candidate.reason == "STALE");
    let one = stale.clone().next().unwrap().hash.unwrap();
    assert!(
        view.find(&one.to_string()[..12], 9)
            .unwrap()
            .contains(&Match::Candidate(one))
    );
    assert_eq!(
        view.candidates(candidates[1].topic_offset, 1).unwrap()[0],
        candidates[2]
    );
}

#[test]
fn series_add_up_in_buckets_of_any_length() {
    let (dir, world) = (folder(), full());
    let view = Driver::caught_up(dir.path(), &world).view();
    let (included, rejected) = counted(&world);
    let blocks = world.accepted.len() as u64 - 1;
    let stale = view.candidates(u64::MAX, 1000).unwrap();
    let stale = stale
        .iter()
        .filter(|candidate| candidate.reason == "STALE")
        .count() as u64;
    for buckets in [1, 3, 50] {
        let series = view
            .series(NOW_MS - 60_000, NOW_MS + 3_600_000, buckets)
            .unwrap();
        assert!(series.len() <= buckets);
        let sum = |value: fn(&ledger::model::answer::Bucket) -> u64| {
            series.iter().map(value).sum::<u64>()
        };
        assert_eq!(sum(|bucket| bucket.blocks.into()), blocks + 1);
        assert_eq!(
            (sum(|bucket| bucket.included), sum(|bucket| bucket.rejected)),
            (included, rejected)
        );
        assert_eq!(sum(|bucket| bucket.stale.into()), stale);
        assert_eq!(sum(|bucket| bucket.latencies), included + rejected);
        let latency: u64 = world
            .accepted
            .iter()
            .map(|accepted| latency(accepted, &world))
            .sum();
        assert_eq!(sum(|bucket| bucket.latency_sum_ms), latency);
    }
}

fn latency(accepted: &chain::Accepted, world: &World) -> u64 {
    let partition = &world.topic[accepted.block.header().partition as usize].records;
    let records = accepted
        .block
        .slots()
        .filter(|(_, slot)| matches!(slot, Slot::Record(_)));
    records
        .map(|(offset, _)| accepted.append_ms - partition[&offset].append_ms)
        .sum()
}
