//! Opening the index, and recreating it when it is unusable.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chain::{Chain, Hash, Rules};
use fjall::Database;

use super::rows;
use super::schema::{FORMAT, Keyspaces, meta, number};
use super::write::Writer;
use super::{Error, Publisher};
use crate::model::State;

/// Blocks of tables kept in memory, in bytes. The page cache of the system backs it.
const CACHE_BYTES: u64 = 32 << 20;

/// Bytes up to which the store's own journal grows before tables are written.
const JOURNAL_BYTES: u64 = 128 << 20;

/// Threads that write and merge tables. Only one: with more, the store keeps the first free for flushes by requeuing every
/// merge that it gets, over and over, which takes a core.
const WORKERS: usize = 1;

/// A file beside the index that says why it must be discarded.
const CONDEMNED: &str = "index.condemned";

/// The index, opened.
pub struct Index {
    /// Writes batches.
    pub writer: Writer,
    /// Shows batches to readers.
    pub publisher: Publisher,
    /// State of the last batch; `None`: the index is empty.
    pub state: Option<State>,
    /// The rules of its chain; `None`: the index is empty.
    pub rules: Option<Arc<Rules>>,
    /// The reason why an earlier index was discarded, if one was.
    pub rebuilt: Option<String>,
}

/// A failure to open the index.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the lock.
    #[error("the index in {} is in use by another process: stop that one, or give this one another --data", .0.display())]
    Locked(PathBuf),
    /// The directory cannot be created, read or written.
    #[error("the data directory {} cannot be used: {error}; make it writable, or give another --data", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// Error of the operating system.
        error: io::Error,
    },
    /// The index is of another chain than the journal.
    #[error("the index in {} is of the chain {found}, and the journal holds {expected}: give another --data, or --reindex to throw that index away", dir.display())]
    OtherChain {
        /// The directory.
        dir: PathBuf,
        /// Chain id of the journal.
        expected: Hash,
        /// Chain id of the index.
        found: Hash,
    },
    /// Even a new index fails.
    #[error(transparent)]
    Index(#[from] Error),
}

impl OpenError {
    /// True if a later attempt may succeed: there is no room, or a reader still holds the store.
    pub fn is_passing(&self) -> bool {
        match self {
            OpenError::Locked(_) => true,
            OpenError::Directory { error, .. } => super::error::is_full(error),
            OpenError::Index(error) => error.is_passing(),
            OpenError::OtherChain { .. } => false,
        }
    }
}

impl Index {
    /// Opens the index in `dir`, creating it if there is none. A damaged one, or one of another format, is discarded.
    pub fn open(dir: &Path) -> Result<Index, OpenError> {
        let unusable = |error| OpenError::Directory {
            dir: dir.to_owned(),
            error,
        };
        std::fs::create_dir_all(dir).map_err(unusable)?;
        let path = dir.join("index");
        let condemned = std::fs::read_to_string(dir.join(CONDEMNED)).ok();
        let problem = match condemned
            .map_or_else(|| Index::attempt(&path), |why| Err(Problem::Useless(why)))
        {
            Ok(store) => return Ok(store),
            Err(Problem::Locked) => return Err(OpenError::Locked(path)),
            Err(Problem::Io(error)) => return Err(unusable(error)),
            Err(Problem::Useless(why)) => why,
        };
        Index::remove(dir)?;
        let store = Index::try_open(&path).map_err(|again| match again {
            Problem::Io(error) => unusable(error),
            again => OpenError::Index(Error::Storage(again.text())),
        })?;
        Ok(Index {
            rebuilt: Some(problem),
            ..store
        })
    }

    /// Discards the index in `dir`.
    pub fn remove(dir: &Path) -> Result<(), OpenError> {
        let gone = |result: io::Result<()>| match result {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(OpenError::Directory {
                dir: dir.to_owned(),
                error,
            }),
            _ => Ok(()),
        };
        gone(std::fs::remove_dir_all(dir.join("index")))?;
        gone(std::fs::remove_file(dir.join(CONDEMNED)))
    }

    /// Marks the index in `dir` as not trustworthy: the next open discards it.
    pub fn condemn(dir: &Path, why: &Error) {
        if let Err(error) = std::fs::write(dir.join(CONDEMNED), why.to_string()) {
            tracing::error!(
                "the index in {} must be removed by hand: {error}",
                dir.display()
            );
        }
    }

    /// Catches panics: a store whose files are damaged may panic as well as fail.
    fn attempt(path: &Path) -> Result<Index, Problem> {
        let open = std::panic::AssertUnwindSafe(|| Index::try_open(path));
        std::panic::catch_unwind(open)
            .unwrap_or_else(|_| Err(Problem::Useless("reading it panicked".into())))
    }

    /// Refuses the index of another chain.
    pub fn expect_chain(&self, dir: &Path, expected: Hash) -> Result<(), OpenError> {
        match &self.rules {
            Some(rules) if rules.chain_id != expected => Err(OpenError::OtherChain {
                dir: dir.to_owned(),
                expected,
                found: rules.chain_id,
            }),
            _ => Ok(()),
        }
    }

    fn try_open(path: &Path) -> Result<Index, Problem> {
        let database = Database::builder(path)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES)
            .worker_threads(WORKERS)
            .open()?;
        let keyspaces = Keyspaces::open(&database)?;
        let format = keyspaces.meta.get(meta::FORMAT)?;
        let (state, rules) = match &format {
            None => (None, None),
            Some(format) if format.as_ref() == FORMAT.to_be_bytes() => {
                let (state, rules) = read_state(&keyspaces)?;
                (Some(state), Some(rules))
            }
            Some(_) => return Err(Problem::Useless("it has another format".into())),
        };
        let (log_size, accounts) = state
            .as_ref()
            .map_or((0, 0), |state| (state.tip.log_size, state.accounts));
        let writer = Writer::new(
            database.clone(),
            keyspaces.clone(),
            log_size,
            accounts as u32,
        )?;
        Ok(Index {
            writer,
            publisher: Publisher::new(database, keyspaces),
            state,
            rules,
            rebuilt: None,
        })
    }
}

/// Reads the state of an index and checks it against its tip, without reading all of the index.
fn read_state(keyspaces: &Keyspaces) -> Result<(State, Arc<Rules>), Error> {
    let row = |name: &[u8]| {
        keyspaces
            .meta
            .get(name)?
            .ok_or(Error::Damaged("its state is missing"))
    };
    let state: State = rows::decode(&row(meta::STATE)?)?;
    let genesis = bytes::Bytes::copy_from_slice(&row(meta::GENESIS)?);
    let (chain, _) =
        Chain::start(&genesis, 0).map_err(|_| Error::Damaged("its block 0 is none"))?;
    let tip = keyspaces
        .blocks
        .get(number(state.tip.height))?
        .ok_or(Error::Damaged("its tip is missing"))?;
    let tip = rows::Block::read(&tip)?.block;
    if tip.header != state.tip || state.cursors.len() != state.audited.len() {
        return Err(Error::Damaged("it contradicts itself about its tip"));
    }
    Ok((state, chain.rules().clone()))
}

/// A reason not to open an index.
enum Problem {
    Locked,
    Io(io::Error),
    /// The index is unusable and may be discarded.
    Useless(String),
}

impl Problem {
    fn text(&self) -> String {
        match self {
            Problem::Locked => "locked".into(),
            Problem::Io(error) => error.to_string(),
            Problem::Useless(why) => why.clone(),
        }
    }
}

impl From<fjall::Error> for Problem {
    fn from(error: fjall::Error) -> Problem {
        match error {
            fjall::Error::Locked => Problem::Locked,
            fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => {
                Problem::from(error)
            }
            other => Problem::Useless(other.to_string()),
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Problem {
        use io::ErrorKind::{AlreadyExists, InvalidData, InvalidInput, NotFound, UnexpectedEof};
        match error.kind() {
            // The files are damaged. Discarding them would not cure anything else (no space, no rights, no handles).
            NotFound | AlreadyExists | InvalidData | InvalidInput | UnexpectedEof => {
                Problem::Useless(error.to_string())
            }
            _ => Problem::Io(error),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::Full(why) => Problem::Io(io::Error::new(io::ErrorKind::StorageFull, why)),
            error => Problem::Useless(error.to_string()),
        }
    }
}
