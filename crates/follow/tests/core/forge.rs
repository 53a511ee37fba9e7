//! Blocks that are not what they seem.

use bytes::Bytes;
use chain::log::Frontier;
use chain::record::Signatures;
use chain::testing::{self, Grower, NOW_MS, genesis, name};
use chain::{Hash, Template, work::Work};

/// A chain of block 0 alone, and its value.
pub fn new(name: &str) -> (Grower, Bytes) {
    let genesis = genesis(name);
    (Grower::new(&genesis), genesis.block_zero())
}

/// A valid child of the tip by a miner of that name.
pub fn seal(grower: &Grower, who: &str, records: &[Bytes]) -> Bytes {
    grower.propose(0, grower.slots(records.to_vec()), name(who))
}

/// Goes on from a block whose signatures may be forged.
pub fn apply(grower: &mut Grower, value: &Bytes) {
    let applied = testing::judge(&mut grower.chain, value.clone(), NOW_MS, Signatures::Assume);
    applied.unwrap();
}

/// A child of the tip with everything right but the signature of its one record, which it claims to be INCLUDED.
pub fn forged(grower: &mut Grower) -> Bytes {
    let good = grower.payment("shop", 1).encode();
    let mut bad = good.to_vec();
    *bad.last_mut().unwrap() ^= 1;
    let template = grower.template(0, grower.slots([good.clone()]), name("mallory"));
    let old_nonce = nonce(&template);
    let value = template.finish(old_nonce, None);

    // The leaves that such a block would have.
    let mut honest = grower.clone();
    let accepted = honest.judge(value.clone(), NOW_MS).unwrap();
    let mut log: Frontier = grower.chain.frontier().clone();
    for leaf in accepted.effects.leaf_data.iter() {
        let leaf = splice(leaf, Hash::of(&good).as_bytes(), Hash::of(&bad).as_bytes());
        log.append(chain::log::leaf_hash(&leaf));
    }
    let mut header = template.header;
    header.log_root = log.root();
    let new_nonce = Work::new(&header).search(1, 1 << 20).unwrap();

    let value = splice(&value, &good, &bad);
    let value = splice(
        &value,
        template.header.log_root.as_bytes(),
        log.root().as_bytes(),
    );
    let field = |nonce: u64| [&[0x61][..], &nonce.to_le_bytes()].concat();
    splice(&value, &field(old_nonce), &field(new_nonce)).into()
}

/// A nonce above 0, so that the field is there.
fn nonce(template: &Template) -> u64 {
    template.work().search(1, 1 << 20).unwrap()
}

/// Replaces what is there at most once by something as long.
fn splice(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = bytes.to_vec();
    if let Some(at) = bytes.windows(old.len()).position(|window| window == old) {
        bytes[at..at + old.len()].copy_from_slice(new);
    }
    bytes
}
