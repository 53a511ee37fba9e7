//! The results of `verify` for exports with one changed byte, with a trusted tip and without.

use std::fs;
use std::ops::Range;

use bytes::Bytes;
use chain::testing::{Grower, NOW_MS, secret};
use chain::{Genesis, Hash, Secret};
use journal::export::write_record;

use super::{Derived, Trust, derive};
use crate::exit::{Exit, Failure, Outcome};
use crate::fixture;
use crate::output::{Format, Printer};
use crate::source::Source;

/// An export, with the content and position of each record.
struct Export {
    bytes: Vec<u8>,
    records: Vec<Lies>,
    tip: Hash,
    height: u64,
}

/// A record in the file.
struct Lies {
    /// Height of the block; for a candidate that is none, the height it might have had.
    height: u64,
    accepted: bool,
    offset: Range<usize>,
    time: Range<usize>,
    end: usize,
}

/// The result for a changed copy.
enum Checked {
    /// It verifies, up to this height and block.
    Verifies(u64, Hash, Option<String>),
    Fails(Failure),
}

impl Export {
    /// Blocks of a miner with a lost race, junk and holes in between; `listed`: the genesis lists the miner, which is a key.
    fn new(listed: bool) -> Export {
        let secret = secret(5);
        let key = listed.then_some(&secret);
        let genesis = Genesis {
            miners: key.map(Secret::account).into_iter().collect(),
            ..fixture::genesis()
        };
        let mut grown = Grower::new(&genesis);
        let mut written = vec![(0, true, 0, genesis.block_zero())];
        let mut offset = 3;
        for height in 1..5 {
            let records = |nonce| vec![fixture::payment("alice", height, nonce).encode()];
            let lost = fixture::propose(&grown, records(height + 100), key);
            let won = fixture::mine(&mut grown, records(height), key);
            written.push((height, true, offset, won));
            // Not at the end: it would be the newest block if that one is broken.
            if height < 4 {
                written.push((height, false, offset + 1, lost));
            }
            if height == 2 {
                let junk = Bytes::from_static(b"this is no block");
                written.push((height, false, offset + 2, junk));
            }
            offset += 9;
        }
        let (mut bytes, mut records) = (Vec::new(), Vec::new());
        for (height, accepted, offset, value) in written {
            let start = bytes.len();
            write_record(&mut bytes, offset, NOW_MS, &value);
            let digits = offset.to_string().len();
            records.push(Lies {
                height,
                accepted,
                offset: start..start + digits,
                time: start + digits + 1..start + digits + 1 + NOW_MS.to_string().len(),
                end: bytes.len(),
            });
        }
        assert_eq!(records.len(), 9);
        Export {
            bytes,
            records,
            tip: grown.chain.tip().hash,
            height: grown.chain.tip().height(),
        }
    }

    fn record_at(&self, at: usize) -> &Lies {
        self.records
            .iter()
            .find(|record| at < record.end)
            .expect("the place lies in the file")
    }
}

/// Runs `verify` on these bytes.
fn check(bytes: &[u8], tip: Option<Hash>) -> Checked {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("chain.export");
    fs::write(&file, bytes).expect("it is written");
    let trust = Trust {
        chain_id: None,
        genesis: None,
        tip,
        assume_valid: None,
    };
    let judge = || -> Outcome<Derived> {
        let source = Source::file(file)?;
        let derived = derive(&source, &trust, None, Printer::new(Format::Json), || {
            source.records()
        })?;
        derived.verdict()?;
        Ok(derived)
    };
    match judge() {
        Err(failure) => Checked::Fails(failure),
        Ok(derived) => {
            let (value, _) = derived.report().expect("there is a chain");
            let after = value["afterTip"].as_str().map(str::to_owned);
            let chain = derived.core.chain().expect("there is a chain");
            Checked::Verifies(chain.tip().height(), chain.tip().hash, after)
        }
    }
}

/// Every byte replaced; if miners are listed, also with its lowest bit flipped.
fn every_change(export: &Export, listed: bool) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    let changes = move |at: usize| {
        let bit = listed.then_some(1);
        let other = 1 + (at * 37 % 255) as u8;
        bit.into_iter().chain([other]).map(move |xor| (at, xor))
    };
    (0..export.bytes.len()).flat_map(changes).map(|(at, xor)| {
        let mut bytes = export.bytes.clone();
        bytes[at] ^= xor;
        (at, bytes)
    })
}

/// Checks a failure: it is evidence, and names the height of the record or the one below.
fn names_height(failure: &Failure, height: u64, at: usize) {
    assert_eq!(failure.exit, Exit::DoesNotVerify, "byte {at}: {failure}");
    let text = format!("{failure} ");
    let named = [height.saturating_sub(1), height].iter().any(|height| {
        [' ', ',', ':', ';']
            .iter()
            .any(|end| text.contains(&format!("height {height}{end}")))
    });
    let nothing = height == 0 && text.contains("no block was read")
        || text.contains("no valid block of height 0");
    assert!(named || nothing, "byte {at}, height {height}: {failure}");
}

/// True for bytes without effect on the chain: offsets, times, and candidates that are not blocks.
fn means_nothing(export: &Export, at: usize) -> bool {
    let record = export.record_at(at);
    !record.accepted || record.offset.contains(&at) || record.time.contains(&at)
}

#[test]
fn with_a_trusted_tip_every_change_that_means_anything_is_named() {
    for listed in [true, false] {
        let export = Export::new(listed);
        let (mut named, mut nothing) = (0, 0);
        for (at, bytes) in every_change(&export, listed) {
            match check(&bytes, Some(export.tip)) {
                Checked::Verifies(height, tip, _) => {
                    assert_eq!((height, tip), (export.height, export.tip));
                    assert!(means_nothing(&export, at), "byte {at} means something");
                    nothing += 1;
                }
                Checked::Fails(failure) => {
                    names_height(&failure, export.record_at(at).height, at);
                    named += 1;
                }
            }
        }
        println!("{named} changes named, {nothing} mean nothing");
        assert!(named > 700 && nothing > 100);
    }
}

#[test]
fn without_a_tip_only_the_newest_block_can_be_given_another_end() {
    for listed in [true, false] {
        let export = Export::new(listed);
        let mut shorter = 0;
        for (at, bytes) in every_change(&export, listed) {
            let record = export.record_at(at);
            match check(&bytes, None) {
                Checked::Fails(failure) => names_height(&failure, record.height, at),
                Checked::Verifies(_, tip, _) if tip == export.tip => {
                    assert!(means_nothing(&export, at), "byte {at} means something");
                }
                Checked::Verifies(height, _, after) => {
                    assert_eq!(
                        record.height, export.height,
                        "byte {at} is not in the newest block"
                    );
                    // A listed miner has no other block; the report names the candidate in the place of the newest one.
                    if listed {
                        assert_eq!(height, export.height - 1, "byte {at}");
                        assert!(after.is_some(), "byte {at}: nothing is reported");
                    }
                    shorter += 1;
                }
            }
        }
        assert!(
            shorter > 100,
            "{shorter} copies end before the newest block"
        );
    }
}
