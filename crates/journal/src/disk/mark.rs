//! The synced-end mark of a partition: below it, everything has been synced.
//!
//! The file `synced` has two slots, at 0 and at [`SLOT_SPACING`], written in turn, so that a torn write leaves the other
//! one. A slot is a u64, the offset below which everything was synced, and a u32, the CRC-32C of the journal's salt and those
//! 8 bytes. The larger valid slot counts.
//!
//! # Why it is not synced itself
//!
//! The mark is written after the sync of the records and before any append completes, but a second sync for it would halve the
//! speed of the journal. So after a power cut the mark may be too low, never too high. The rule of recovery holds either way: a
//! bad frame above the mark, and what follows it, was never acknowledged, because acknowledged records were synced and are whole.
//! A low mark cannot distinguish a torn record from a decayed one. Therefore every record also names the first offset of its
//! group, below which everything was synced: a good record of a later group after a bad one proves that the bad one had been
//! whole. Only the very last group before a power cut lacks both witnesses, unless the system happened to write the mark back.
//! The mark is synced when a segment is full, on opening and on closing. After a crash of the process alone the mark is exact.

use std::path::Path;

use super::files::{File, FileError, Files};
use super::frame::Salt;
use crate::error::Error;

/// Name of the file in a partition's directory.
const NAME: &str = "synced";
/// Bytes from one slot to the other: two sectors never tear together.
const SLOT_SPACING: u64 = 4096;
/// Bytes of a slot.
const SLOT: usize = 12;

/// An open mark.
pub(super) struct Mark {
    file: File,
    salt: Salt,
    slot: u64,
}

impl Mark {
    /// Creates the mark of a new partition; the caller syncs the directory.
    pub(super) fn create(files: &Files, directory: &Path, salt: Salt) -> Result<(), FileError> {
        let file = files.create(&directory.join(NAME))?;
        for slot in [0, 1] {
            file.write_at(&encode(salt, 0), slot * SLOT_SPACING)?;
        }
        file.sync()
    }

    /// Opens the mark of a partition; returns its offset as well.
    pub(super) fn open(files: &Files, directory: &Path, salt: Salt) -> Result<(Mark, u64), Error> {
        let path = directory.join(NAME);
        let file = files.open(&path).map_err(|error| {
            if error.is_missing() {
                let detail =
                    "this file is missing, which holds the offset up to which the partition has been synced";
                Error::corrupt(&path, 0, detail)
            } else {
                error.into()
            }
        })?;
        let bytes = file.read_whole()?;
        let slots = [0, SLOT_SPACING as usize]
            .map(|at| bytes.get(at..at + SLOT).and_then(|slot| decode(salt, slot)));
        let Some(offset) = slots.into_iter().flatten().max() else {
            let detail = "neither copy of the synced-end mark is whole";
            return Err(Error::corrupt(&path, 0, detail));
        };
        // The next write goes to the slot that does not count.
        let slot = u64::from(slots[0] == Some(offset));
        Ok((Mark { file, salt, slot }, offset))
    }

    /// Records that everything below `offset` has been synced.
    pub(super) fn set(&mut self, offset: u64) -> Result<(), FileError> {
        self.file
            .write_at(&encode(self.salt, offset), self.slot * SLOT_SPACING)?;
        self.slot ^= 1;
        Ok(())
    }

    /// Makes the mark itself durable.
    pub(super) fn sync(&self) -> Result<(), FileError> {
        self.file.sync()
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }
}

fn encode(salt: Salt, offset: u64) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[..8].copy_from_slice(&offset.to_be_bytes());
    slot[8..].copy_from_slice(&salt.checksum(&offset.to_be_bytes(), &[]).to_be_bytes());
    slot
}

fn decode(salt: Salt, slot: &[u8]) -> Option<u64> {
    let (offset, crc) = slot.split_first_chunk::<8>()?;
    let good = salt.checksum(offset, &[]).to_be_bytes() == crc;
    good.then(|| u64::from_be_bytes(*offset))
}
