//! Roots, inclusion paths and consistency proofs of the Merkle tree.

use chain::Hash;
use chain::log::{self, Frontier};
use serde::Deserialize;
use vectors::{Hex, load};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    leaves: Vec<Hex>,
    roots: Vec<Hash>,
    paths: Vec<Path>,
    consistency: Vec<Consistency>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Path {
    index: u64,
    size: u64,
    path: Vec<Hash>,
    valid: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consistency {
    from: u64,
    to: u64,
    path: Vec<Hash>,
    valid: bool,
}

/// The hash over a complete subtree, by its definition.
fn node(leaves: &[Hash], level: u32, index: u64) -> Option<Hash> {
    match level {
        0 => leaves.get(index as usize).copied(),
        _ => {
            let left = node(leaves, level - 1, 2 * index)?;
            let right = node(leaves, level - 1, 2 * index + 1)?;
            Some(log::node_hash(&left, &right))
        }
    }
}

fn leaf_hashes(golden: &Golden) -> Vec<Hash> {
    golden
        .leaves
        .iter()
        .map(|leaf| log::leaf_hash(&leaf.0))
        .collect()
}

#[test]
fn roots() {
    let golden: Golden = load("merkle.json");
    let leaves = leaf_hashes(&golden);
    let source = |level, index| node(&leaves, level, index);
    assert_eq!(golden.roots.len(), leaves.len() + 1);
    let mut frontier = Frontier::default();
    for (size, root) in golden.roots.iter().enumerate() {
        assert_eq!(frontier.root(), *root, "{size}");
        assert_eq!(log::root(size as u64, &source), Some(*root), "{size}");
        if let Some(leaf) = leaves.get(size) {
            frontier.append_with(*leaf, |new| {
                assert_eq!(source(new.level, new.index), Some(new.hash), "{size}");
            });
        }
    }
}

#[test]
fn inclusion() {
    let golden: Golden = load("merkle.json");
    let leaves = leaf_hashes(&golden);
    let source = |level, index| node(&leaves, level, index);
    for (i, case) in golden.paths.iter().enumerate() {
        let (index, size) = (case.index, case.size);
        // The files ask about the leaf that lies at the index modulo the size.
        let leaf = &leaves[(index % size.max(1)) as usize];
        let root = &golden.roots[size as usize];
        let valid = log::verify_inclusion(index, size, leaf, &case.path, root);
        assert_eq!(valid, case.valid, "path {i}");
        if case.valid {
            let made = log::inclusion_path(index, size, &source);
            assert_eq!(made.as_ref(), Some(&case.path), "path {i}");
        }
    }
}

#[test]
fn consistency() {
    let golden: Golden = load("merkle.json");
    let leaves = leaf_hashes(&golden);
    let source = |level, index| node(&leaves, level, index);
    for (i, case) in golden.consistency.iter().enumerate() {
        let roots = &golden.roots;
        let (first, second) = (&roots[case.from as usize], &roots[case.to as usize]);
        let valid = log::verify_consistency(case.from, case.to, first, second, &case.path);
        assert_eq!(valid, case.valid, "consistency {i}");
        if case.valid {
            let made = log::consistency_path(case.from, case.to, &source);
            assert_eq!(made.as_ref(), Some(&case.path), "consistency {i}");
        }
    }
}
