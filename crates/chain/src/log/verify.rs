//! Checking proofs (RFC 9162, 2.1.3.2 and 2.1.4.2).

use super::node_hash;
use crate::hash::Hash;

/// Checks an inclusion path (RFC 9162, 2.1.3.2).
#[must_use]
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf_hash: &Hash,
    path: &[Hash],
    root: &Hash,
) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf_hash;
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            skip_levels_without_sibling(&mut node, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Checks a consistency path (RFC 9162, 2.1.4.2). Beyond the RFC, equal sizes are consistent with an
/// empty path and equal roots, and size 0 with an empty path and the root of nothing.
#[must_use]
pub fn verify_consistency(
    first: u64,
    second: u64,
    first_root: &Hash,
    second_root: &Hash,
    path: &[Hash],
) -> bool {
    if first > second {
        return false;
    }
    if first == second {
        return path.is_empty() && first_root == second_root;
    }
    if first == 0 {
        return path.is_empty() && *first_root == Hash::of(&[]);
    }
    let (start, rest) = if first.is_power_of_two() {
        (first_root, path)
    } else {
        match path.split_first() {
            Some(split) => split,
            None => return false,
        }
    };
    if path.is_empty() {
        return false;
    }
    let (mut node, mut last) = (first - 1, second - 1);
    let skipped = node.trailing_ones();
    node >>= skipped;
    last >>= skipped;
    let (mut old, mut new) = (*start, *start);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            skip_levels_without_sibling(&mut node, &mut last);
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *first_root && new == *second_root
}

/// The last node of a level moves up unhashed until it is a right child.
fn skip_levels_without_sibling(node: &mut u64, last: &mut u64) {
    if *node & 1 == 0 {
        let levels = node.trailing_zeros();
        *node >>= levels;
        *last >>= levels;
    }
}
