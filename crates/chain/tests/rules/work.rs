//! The search for work, against hashing whole headers.

use chain::{Hash, Header, work};

fn header(bits: u32) -> Header {
    Header {
        version: 1,
        height: 7,
        previous_hash: Hash::of(b"parent"),
        log_root: Hash::of(b"log"),
        log_size: 99,
        timestamp_ms: 1_700_000_000_000,
        partition: 1,
        from_offset: 10,
        to_offset: 20,
        miner: Some("miner-1".parse().expect("a name")),
        bits,
        nonce: 0,
    }
}

#[test]
fn the_search_finds_exactly_what_hashing_finds() {
    for bits in [0x2000_0fff, 0x1f7f_ffff, 0x207f_ffff] {
        let header = header(bits);
        let search = work::Work::new(&header);
        for nonce in 0..3000 {
            let sealed = Header { nonce, ..header };
            let enough = work::meets(&sealed.hash(), bits);
            assert_eq!(search.search(nonce, 1).is_some(), enough, "{nonce}");
        }
    }
}

#[test]
fn the_search_stops_after_its_tries_and_goes_round() {
    let search = work::Work::new(&header(0x2000_0fff));
    let found = search.search(0, u64::MAX).expect("one in sixteen does");
    assert_eq!(search.search(0, found), None);
    assert_eq!(search.search(0, found + 1), Some(found));
    let wrapped = search.search(u64::MAX, found + 2);
    assert!(wrapped == Some(u64::MAX) || wrapped == Some(found));
}

#[test]
fn expected_tries_grow_as_targets_fall() {
    assert_eq!(work::expected_tries(0x2100_ffff), 1);
    assert_eq!(work::expected_tries(0x2000_ffff), 256);
    assert_eq!(work::expected_tries(0x0300_0000), u128::MAX);
    // 2^256 / (2^64 + 1) has 192 bits.
    assert_eq!(work::expected_tries(0x0901_0000), u128::MAX);
}

#[test]
fn compact_forms_that_do_not_fit_have_no_target() {
    assert_eq!(work::target(0x2101_0000), None);
    assert_eq!(work::target(0xff00_0001), None);
    assert!(work::target(0xff00_0000).is_some());
    assert_eq!(
        work::target(0x0112_3456).map(|target| target[31]),
        Some(0x12)
    );
    assert_eq!(work::target(0x0012_3456), Some([0; 32]));
    assert!(!work::meets(&Hash::ZERO, 0x2101_0000));
}
