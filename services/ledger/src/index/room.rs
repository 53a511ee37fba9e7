//! Reopening a store that failed for lack of room, while its readers wait.
//!
//! The store takes no more writes once one has failed: it must be reopened. It is locked as long as anything of it is held,
//! so that its readers' snapshot has to go first. Until there is room they keep it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use super::{Publisher, Snapshot};

/// Free space needed to reopen the store, in bytes: for its own journal and a first small table.
const ROOM_BYTES: usize = 1 << 20;

/// A file written as a test.
const PROBE: &str = "room.probe";

/// The readers of a closed store; they see nothing until another store takes them over.
pub struct Readers {
    latest: Arc<ArcSwapOption<Snapshot>>,
    changes: watch::Sender<u64>,
}

impl Publisher {
    /// Closes the store.
    pub fn close(self) -> Readers {
        self.withdraw();
        Readers {
            latest: self.latest,
            changes: self.changes,
        }
    }

    /// Shows what is published from now on to the readers of the closed store.
    #[must_use]
    pub fn take_over(self, readers: Readers) -> Publisher {
        Publisher {
            latest: readers.latest,
            changes: readers.changes,
            ..self
        }
    }
}

/// Tests whether there is room in `dir` by taking it for a moment.
pub fn probe(dir: &Path) -> io::Result<()> {
    let path = dir.join(PROBE);
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&vec![0x5a; ROOM_BYTES])?;
        file.sync_all()
    });
    match (written, fs::remove_file(&path)) {
        (Ok(()), removed) => removed,
        (failed, _) => failed,
    }
}
