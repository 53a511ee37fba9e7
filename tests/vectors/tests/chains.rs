//! The four long chains.

use vectors::load;
use vectors::replay::{Golden, Mode};

fn replay(name: &str) {
    let golden: Golden = load(name);
    golden.replay(Mode::Check);
    golden.replay(Mode::Remember);
    golden.replay(Mode::Ahead);
}

#[test]
fn open() {
    replay("chain-open.json");
}

#[test]
fn closed() {
    replay("chain-closed.json");
}

#[test]
fn retarget() {
    replay("chain-retarget.json");
}

#[test]
fn admin() {
    replay("chain-admin.json");
}
