//! The state of a core over a restart: one checksummed file, replaced atomically.
//!
//! ```text
//! "BLOCKLOG snapshot\n" ‖ format u32 BE ‖ SHA-256 of the rest (32) ‖ postcard of [`Snapshot`]
//! ```

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use chain::{Chain, Hash};
use serde::{Deserialize, Serialize};
use tracing::warn;

/// Name of the file in its directory.
const FILE: &str = "chain.snapshot";
/// Its name while it is being written.
const PART: &str = "chain.snapshot.part";

const MAGIC: &[u8] = b"BLOCKLOG snapshot\n";
/// Incremented with every change of the serialized form. Other formats are not read: replay makes a new snapshot.
const FORMAT: u32 = 1;
const HEAD_BYTES: usize = MAGIC.len() + 4 + 32;

/// The state that a core starts from.
#[derive(Deserialize)]
pub struct Snapshot {
    /// The state at the tip.
    pub chain: Chain,
    /// Every record of `blockchain` below this offset is in it.
    pub next_offset: u64,
    /// The last record processed: its offset, and the hash of its value.
    pub last: Option<(u64, Hash)>,
}

/// [`Snapshot`] for writing, without a copy of the chain.
#[derive(Serialize)]
struct Borrowed<'a> {
    chain: &'a Chain,
    next_offset: u64,
    last: Option<(u64, Hash)>,
}

/// An encoded snapshot, to be written by another thread than the core's.
pub struct Encoded {
    bytes: Vec<u8>,
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoded({} bytes)", self.bytes.len())
    }
}

impl Encoded {
    pub(crate) fn new(chain: &Chain, next_offset: u64, last: Option<(u64, Hash)>) -> Encoded {
        let snapshot = Borrowed {
            chain,
            next_offset,
            last,
        };
        let mut bytes = Vec::from(MAGIC);
        bytes.extend(FORMAT.to_be_bytes());
        bytes.extend([0; 32]);
        let mut bytes = postcard::to_extend(&snapshot, bytes)
            .expect("memory takes it all, and the chain has no types that postcard lacks");
        let sum = Hash::of(&bytes[HEAD_BYTES..]);
        bytes[HEAD_BYTES - 32..HEAD_BYTES].copy_from_slice(sum.as_bytes());
        Encoded { bytes }
    }

    /// Replaces the snapshot in `dir` (created if missing), durably: after a crash the old one is there, or this one.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        let part = dir.join(PART);
        let written = self.write_to(&part);
        if written.is_err() {
            // On a full disk a partial file would take room that is needed.
            let _ = fs::remove_file(&part);
        }
        written?;
        fs::rename(&part, dir.join(FILE))?;
        File::open(dir)?.sync_all()
    }

    fn write_to(&self, part: &Path) -> io::Result<()> {
        let mut file = File::create(part)?;
        file.write_all(&self.bytes)?;
        file.sync_all()
    }
}

/// Creates `dir` if it is missing, and tests now whether a snapshot can be kept there.
pub fn prepare(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let part = dir.join(PART);
    File::create(&part)?;
    fs::remove_file(part)?;
    match File::open(dir.join(FILE)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads the snapshot in `dir`. A missing, damaged or foreign one is `None` with a warning: replay then starts at block 0.
pub fn load(dir: &Path) -> Option<Snapshot> {
    let path = dir.join(FILE);
    let read = fs::read(&path).and_then(|bytes| decode(&bytes).map_err(io::Error::other));
    match read {
        Ok(snapshot) => Some(snapshot),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            tracing::info!(path = %path.display(), "no snapshot yet: replay starts at block 0");
            None
        }
        Err(error) => {
            warn!(path = %path.display(), %error, "snapshot not used: replay starts at block 0");
            None
        }
    }
}

fn decode(bytes: &[u8]) -> Result<Snapshot, &'static str> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("not a snapshot")?;
    let (format, rest) = rest.split_first_chunk().ok_or("cut short")?;
    if u32::from_be_bytes(*format) != FORMAT {
        return Err("of another format version");
    }
    let (sum, rest) = rest.split_first_chunk().ok_or("cut short")?;
    if Hash::of(rest) != Hash(*sum) {
        return Err("damaged: the checksum differs");
    }
    postcard::from_bytes(rest).map_err(|_| "damaged: not the state of a chain")
}
