//! Sources of the records of a `blockchain` topic: a journal, an export, or a ledger's raw blocks.

mod export;

use std::path::PathBuf;

use follow::{Core, Event, Settings};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use journal::{Journal, Record};
use proto::ledger::v1::StreamBlocksRequest;
use tokio::sync::mpsc;
use topics::config::OptionalJournal;
use topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION};

use crate::answer;
use crate::exit::{Exit, Failure, Outcome};
use crate::file::unreadable;
use crate::session::Session;
use export::{ExportFile, offset_behind};

/// Name of the source that is a ledger.
const RAW_BLOCKS: &str = "the ledger's raw blocks";
/// Blocks fetched ahead of the replay.
const AHEAD: usize = 64;

/// The source: exactly one of three.
#[derive(Debug, clap::Args)]
pub struct SourceArgs {
    /// An export from `blocklog export` or kcat
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Read the ledger's raw blocks (--ledger): accepted ones only
    #[arg(long, conflicts_with = "export")]
    from_ledger: bool,
    #[command(flatten)]
    journal: OptionalJournal,
}

/// An opened source. It can be read more than once.
pub enum Source {
    /// A journal and the end of its topic when it was opened.
    Journal(Journal, u64),
    /// A file and its length.
    Export(PathBuf, u64),
    /// A ledger, through the session.
    Ledger(Box<Session>),
}

/// The records, in offset order.
pub type Records = Box<dyn Iterator<Item = Result<Record, journal::Error>>>;

impl SourceArgs {
    /// Opens the source that the flags name.
    pub fn open(self, session: &Session) -> Outcome<Source> {
        if let Some(file) = self.export {
            return Source::file(file);
        }
        if self.from_ledger {
            return Ok(Source::Ledger(Box::new(session.clone())));
        }
        let Some(args) = self.journal.given() else {
            return Err(Failure::new(
                Exit::Usage,
                "no source given: --journal URL, --export FILE, or --from-ledger",
            ));
        };
        let journal = args.open_existing("blocklog")?;
        Source::of(journal)
    }
}

impl Source {
    /// The source of a journal, up to its present end.
    pub fn of(journal: Journal) -> Outcome<Self> {
        let end = journal.offsets(BLOCKCHAIN, BLOCKCHAIN_PARTITION)?.end;
        Ok(Self::Journal(journal, end))
    }

    /// The source of an export.
    pub fn file(file: PathBuf) -> Outcome<Self> {
        let metadata = std::fs::metadata(&file).map_err(|error| unreadable(&file, &error))?;
        if metadata.is_dir() {
            let why =
                std::io::Error::other("it is a directory; `--journal disk:DIR` reads a journal");
            return Err(unreadable(&file, &why));
        }
        Ok(Self::Export(file, metadata.len()))
    }

    /// Name for people.
    pub fn name(&self) -> String {
        match self {
            Self::Journal(journal, end) => format!(
                "topic {} up to offset {end}",
                journal.topic_name(BLOCKCHAIN)
            ),
            Self::Export(file, length) => {
                format!("export {} ({})", file.display(), HumanBytes(*length))
            }
            Self::Ledger(_) => RAW_BLOCKS.to_owned(),
        }
    }

    /// Maps a read error. A ledger's reply is evidence: if it cannot be true, it does not verify.
    pub fn failure(&self, error: journal::Error) -> Failure {
        match (self, error) {
            (Self::Ledger(_), journal::Error::Io { detail, .. }) => answer::falsified(detail),
            (Self::Ledger(_), journal::Error::Unavailable(why)) => {
                Failure::new(Exit::Unavailable, why)
            }
            (_, error) => error.into(),
        }
    }

    /// Reads from the start.
    pub fn records(&self) -> Result<Records, journal::Error> {
        match self {
            Self::Journal(journal, _) => Ok(Box::new(topics::records(journal)?)),
            Self::Export(file, _) => Ok(Box::new(ExportFile::open(file)?)),
            Self::Ledger(session) => Ok(Box::new(raw_blocks(session.as_ref().clone()))),
        }
    }

    /// Derives the chain from the records, and passes each event to `observe`.
    pub fn replay(&self, mut observe: impl FnMut(Event)) -> Outcome<Core> {
        let settings = Settings {
            topic: self.name(),
            expected: None,
            assume_valid: None,
        };
        let core = follow::replay::replay(settings, || self.records(), |_, event| observe(event))?;
        if core.chain().is_none() {
            let nothing = "there is no valid block 0";
            return Err(Failure::new(Exit::DoesNotVerify, nothing).reason(proto::reason::NO_CHAIN));
        }
        Ok(core)
    }

    /// A progress bar on the error stream, over the length if it is known.
    pub fn progress(&self, show: bool) -> ProgressBar {
        if !show {
            return ProgressBar::hidden();
        }
        let (bar, template) = match self {
            Self::Journal(_, end) => (
                ProgressBar::new(*end),
                "{bar:30} {pos}/{len} candidates, {per_sec}, {eta} left {msg}",
            ),
            Self::Export(..) | Self::Ledger(_) => (
                ProgressBar::no_length(),
                "{spinner} {pos} candidates, {per_sec} {msg}",
            ),
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the template is well-formed"));
        bar
    }
}

/// Fails for an imported chain, which comes without its transactions topic.
pub fn expect_transactions(journal: &Journal) -> Outcome {
    journal.expect_writable().map_err(|_| {
        let nothing = "the journal holds an imported chain without its transactions topic, so that there is nothing to compare \
                       or to show; `blocklog verify` checks all that the chain itself shows";
        Failure::new(Exit::NotFound, nothing).reason("NO_TRANSACTIONS")
    })
}

/// Streams blocks to a replay, which is not async.
fn raw_blocks(session: Session) -> impl Iterator<Item = Result<Record, journal::Error>> {
    let (send, mut receive) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        let outcome = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::from)
            .and_then(|runtime| runtime.block_on(stream(&session, &send)));
        if let Err(failure) = outcome {
            // Fails only if the receiver is gone.
            let _ = send.blocking_send(Err(broken(failure)));
        }
    });
    std::iter::from_fn(move || receive.blocking_recv())
}

/// The failure of the stream as an error of a journal: see [`Source::failure`].
fn broken(failure: Failure) -> journal::Error {
    match failure.exit {
        Exit::DoesNotVerify => journal::Error::Io {
            file: RAW_BLOCKS.into(),
            detail: failure.message,
        },
        _ => journal::Error::Unavailable(failure.to_string()),
    }
}

async fn stream(session: &Session, send: &mpsc::Sender<Result<Record, journal::Error>>) -> Outcome {
    let request = StreamBlocksRequest {
        from_height: Some(0),
        with_records: false,
        with_raw: true,
    };
    let mut blocks = session.ledger()?.stream_blocks(request).await?.into_inner();
    let mut next_offset = 0;
    while let Some(reply) = blocks.message().await? {
        let tip = reply.tip.and_then(|tip| tip.height);
        let Some(block) = reply.block else { continue };
        let height = block.height;
        let append_ms = match &block.append_time {
            Some(time) => {
                proto::wire::timestamp_ms("append_time", time).map_err(answer::falsified)?
            }
            None => 0,
        };
        let offset = answer::part("offset of a block", block.topic_offset)?;
        next_offset = offset_behind(next_offset, offset).map_err(answer::falsified)?;
        let record = Record {
            offset,
            append_ms,
            key: None,
            value: block.raw,
            headers: Vec::new(),
        };
        if send.send(Ok(record)).await.is_err() || height >= tip {
            return Ok(());
        }
    }
    Ok(())
}
