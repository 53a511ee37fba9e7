//! Many seeds of everything at once: races, appends that fail or are not told, deaf and killed miners, holes, wrong clocks.

use crate::world::{Fate, World, settings};

const SEEDS: u64 = 150;
const ROUNDS: usize = 60;

/// splitmix64: a storm is named by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

#[test]
fn whatever_happens_every_record_is_sealed_once_and_in_order() {
    let mut refused = std::collections::BTreeMap::<&str, usize>::new();
    for seed in 0..SEEDS {
        let mut world = World::new();
        let mut dice = Dice(seed);
        let own: [&[u32]; 3] = [&[0], &[0, 1], &[1]];
        for (i, partitions) in own.iter().enumerate() {
            world.join(settings(&format!("m{i}"), partitions));
        }
        for _ in 0..ROUNDS {
            strike(&mut world, &mut dice, &own);
        }
        calm(&mut world);
        let judged = world.judge();
        for (partition, log) in world.transactions.iter().enumerate() {
            let sealed = judged
                .sealed()
                .into_iter()
                .filter(|s| s.0 as usize == partition);
            let sealed: Vec<u64> = sealed.map(|s| s.1).collect();
            let sent: Vec<u64> = log.records.keys().copied().collect();
            assert_eq!(sealed, sent, "seed {seed}, partition {partition}");
        }
        for rule in judged.refused {
            *refused.entry(rule).or_default() += 1;
        }
        for node in &world.miners {
            assert!(node.ended.is_none(), "seed {seed}: {:?}", node.ended);
            assert_eq!(node.core.readiness(), Ok(()), "seed {seed}");
        }
    }
    let rules: Vec<_> = refused.keys().copied().collect();
    assert_eq!(
        rules,
        ["STALE", "TOO_LATE"],
        "both happen, and nothing else"
    );
    assert!(refused["STALE"] > SEEDS as usize, "{refused:?}");
}

/// One thing happens.
fn strike(world: &mut World, dice: &mut Dice, own: &[&[u32]; 3]) {
    let partition = dice.roll(2) as u32;
    let miner = dice.roll(3) as usize;
    match dice.roll(12) {
        0..4 => {
            for _ in 0..=dice.roll(6) {
                world.send(partition, "alice");
            }
        }
        // A hole always gets a record behind it, in the end.
        4 => world.transactions[partition as usize].end += dice.roll(4),
        5 => {
            world.miners[miner].fate = match dice.roll(6) {
                0 => Fate::LandsUnknown,
                1 => Fate::LostUnknown,
                2 => Fate::Held,
                3 => Fate::Fails,
                _ => Fate::Lands,
            }
        }
        6 => world.release(miner),
        7 => world.miners[miner].deaf ^= true,
        8 => world.miners[miner].hold_seals ^= true,
        9 => world.log_behind_ms = if dice.roll(3) == 0 { 30_000 } else { 0 },
        10 => {
            // Killed: its held appends may still land, after which a new one takes its place.
            if dice.roll(2) == 0 {
                world.release(miner);
            }
            world.join(settings(&format!("m{miner}"), own[miner]));
            let again = world.miners.pop().expect("just joined");
            world.miners[miner] = again;
        }
        _ => world.pass(dice.roll(7_000)),
    }
    if dice.roll(2) == 0 {
        world.run();
    }
}

/// Everything works again, for long enough.
fn calm(world: &mut World) {
    world.log_behind_ms = 0;
    for miner in 0..world.miners.len() {
        world.miners[miner].deaf = false;
        world.miners[miner].hold_seals = false;
        world.release(miner);
    }
    for partition in [0, 1] {
        world.send(partition, "alice");
    }
    world.pass(70_000);
}
