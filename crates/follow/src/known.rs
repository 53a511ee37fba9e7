//! Records whose signatures this process has already checked, so that a miner does not check its own block again.

use std::collections::HashSet;

use chain::Hash;
use parking_lot::RwLock;

/// Hashes per generation; two generations are kept (about 6 MiB at most). More than a few full blocks fit.
const GENERATION: usize = 65_536;

/// A bounded set of record hashes. The oldest are forgotten first, a whole generation at a time.
#[derive(Default)]
pub(crate) struct Known {
    sets: RwLock<Sets>,
}

#[derive(Default)]
struct Sets {
    young: HashSet<Hash>,
    old: HashSet<Hash>,
}

impl Known {
    /// Adds a record that was checked and found good.
    pub(crate) fn learn(&self, record: Hash) {
        let mut sets = self.sets.write();
        if sets.young.len() >= GENERATION {
            sets.old = std::mem::take(&mut sets.young);
        }
        sets.young.insert(record);
    }

    /// True if the record was checked before.
    pub(crate) fn contains(&self, record: &Hash) -> bool {
        let sets = self.sets.read();
        sets.young.contains(record) || sets.old.contains(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_and_the_set_stays_bounded() {
        let known = Known::default();
        let hash = |n: usize| Hash::of(&n.to_be_bytes());
        for n in 0..3 * GENERATION {
            known.learn(hash(n));
        }
        assert!(!known.contains(&hash(0)));
        assert!(known.contains(&hash(GENERATION)));
        assert!(known.contains(&hash(3 * GENERATION - 1)));
        let sets = known.sets.read();
        assert!(sets.young.len() + sets.old.len() <= 2 * GENERATION);
    }
}
