//! One short chain for each kind of corner.

use vectors::load;
use vectors::replay::{Golden, Mode};

#[test]
fn edges() {
    let chains: Vec<Golden> = load("edges.json");
    assert!(!chains.is_empty());
    for golden in chains {
        golden.replay(Mode::Check);
        golden.replay(Mode::Remember);
        golden.replay(Mode::Ahead);
    }
}
