//! A store that has failed for want of room, opened anew while its readers wait.
//!
//! The store takes no more writes once one has failed, so that only opening it again helps; and it is locked as long as
//! anything of it is held, so that what readers see has to go first. Until there is room they keep it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use super::{Publisher, Snapshot};

/// Room that must be there before the store is opened anew, in bytes: for its own journal and a first small table.
const ROOM_BYTES: usize = 1 << 20;

/// The file that is written to find out.
const PROBE: &str = "room.probe";

/// The readers of a store that has been closed; they see nothing until another one takes them over.
pub struct Readers {
    latest: Arc<ArcSwapOption<Snapshot>>,
    changes: watch::Sender<u64>,
}

impl Publisher {
    /// Lets go of the store.
    pub fn close(self) -> Readers {
        self.withdraw();
        Readers {
            latest: self.latest,
            changes: self.changes,
        }
    }

    /// Shows what is published from now on to the readers of another store.
    #[must_use]
    pub fn take_over(self, readers: Readers) -> Publisher {
        Publisher {
            latest: readers.latest,
            changes: readers.changes,
            ..self
        }
    }
}

/// Finds out whether there is room in `dir`, by taking it for a snapshot.
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
