//! Making proofs from stored nodes (RFC 9162, 2.1.3.1 and 2.1.4.1).

use std::ops::Range;

use super::node_hash;
use crate::hash::Hash;

/// A source of hashes by level and index. It is asked for leaves (level 0) and complete
/// subtrees only.
pub type Source<'a> = &'a dyn Fn(u32, u64) -> Option<Hash>;

/// The root of the first `size` leaves; `None` if the source lacks a node.
pub fn root(size: u64, source: Source<'_>) -> Option<Hash> {
    if size == 0 {
        return Some(Hash::of(&[]));
    }
    subtree(0..size, source)
}

/// The path from a leaf to the root of the first `size` leaves; `None` if there is no such leaf, or the
/// source lacks a node.
pub fn inclusion_path(index: u64, size: u64, source: Source<'_>) -> Option<Vec<Hash>> {
    if index >= size {
        return None;
    }
    let mut siblings = Vec::new();
    let mut range = 0..size;
    while range.end - range.start > 1 {
        let middle = split(&range);
        let (inside, sibling) = if index < middle {
            (range.start..middle, middle..range.end)
        } else {
            (middle..range.end, range.start..middle)
        };
        siblings.push(sibling);
        range = inside;
    }
    siblings
        .into_iter()
        .rev()
        .map(|sibling| subtree(sibling, source))
        .collect()
}

/// The path that proves the first `first` leaves to be a prefix of the first `second` ones; `None` if
/// `first` is larger, or the source lacks a node.
pub fn consistency_path(first: u64, second: u64, source: Source<'_>) -> Option<Vec<Hash>> {
    if first > second {
        return None;
    }
    if first == 0 || first == second {
        return Some(Vec::new());
    }
    let mut parts = Vec::new();
    let mut range = 0..second;
    while range.end != first {
        let middle = split(&range);
        let (inside, other) = if first <= middle {
            (range.start..middle, middle..range.end)
        } else {
            (middle..range.end, range.start..middle)
        };
        parts.push(other);
        range = inside;
    }
    // The checker knows the root of the first leaves where it is a node by itself.
    if range.start != 0 {
        parts.push(range);
    }
    parts
        .into_iter()
        .rev()
        .map(|part| subtree(part, source))
        .collect()
}

/// The point at which a subtree divides: the largest power of two below its width.
fn split(range: &Range<u64>) -> u64 {
    let width = range.end - range.start;
    range.start + (1 << (63 - (width - 1).leading_zeros()))
}

/// The hash over a range of leaves, as the tree divides them.
fn subtree(range: Range<u64>, source: Source<'_>) -> Option<Hash> {
    let width = range.end - range.start;
    if width.is_power_of_two() {
        let level = width.trailing_zeros();
        return source(level, range.start >> level);
    }
    let middle = split(&range);
    let left = subtree(range.start..middle, source)?;
    let right = subtree(middle..range.end, source)?;
    Some(node_hash(&left, &right))
}
