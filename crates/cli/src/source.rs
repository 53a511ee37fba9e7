//! Where the records of a `blockchain` topic come from: a journal, an export, or a ledger's raw blocks.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use chain::export;
use follow::config::OptionalJournal;
use follow::topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use journal::{Journal, Record};
use proto::ledger::v1::StreamBlocksRequest;
use tokio::sync::mpsc;

use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};

/// Bytes read from a file at once.
const READ_BYTES: usize = 1 << 20;
/// Longest record of an export: the largest block that a genesis allows, and room for hostile ones.
const MAX_RECORD_BYTES: usize = 64 << 20;
/// Blocks fetched ahead of the replay.
const AHEAD: usize = 64;

/// One of three; a journal by its flags.
#[derive(Debug, clap::Args)]
pub struct SourceArgs {
    /// An export, as `blocklog export` or kcat write it
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Ask the ledger (--ledger) for its raw blocks: accepted ones only
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
    /// A ledger.
    Ledger(Connect),
}

/// The records, in offset order.
pub type Records = Box<dyn Iterator<Item = Result<Record, journal::Error>>>;

impl SourceArgs {
    /// Opens what the flags name.
    pub fn open(self, connect: &Connect) -> Outcome<Source> {
        if let Some(file) = self.export {
            let length = std::fs::metadata(&file)
                .map_err(|error| unreadable(&file, &error))?
                .len();
            return Ok(Source::Export(file, length));
        }
        if self.from_ledger {
            return Ok(Source::Ledger(connect.clone()));
        }
        let Some(args) = self.journal.given() else {
            return Err(Failure::new(
                Exit::Usage,
                "what shall be read? --journal URL, --export FILE, or --from-ledger",
            ));
        };
        let journal = args.open("blocklog")?;
        Source::of(journal)
    }
}

impl Source {
    /// A journal up to its present end.
    pub fn of(journal: Journal) -> Outcome<Self> {
        let end = journal.offsets(BLOCKCHAIN, BLOCKCHAIN_PARTITION)?.end;
        Ok(Self::Journal(journal, end))
    }

    /// What it is, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Journal(journal, end) => format!(
                "topic {} up to offset {end}",
                journal.topic_name(BLOCKCHAIN)
            ),
            Self::Export(file, length) => {
                format!("export {} ({})", file.display(), HumanBytes(*length))
            }
            Self::Ledger(_) => "the ledger's raw blocks".to_owned(),
        }
    }

    /// Reads it from the start.
    pub fn records(&self) -> Result<Records, journal::Error> {
        match self {
            Self::Journal(journal, _) => Ok(Box::new(follow::replay::records(journal)?)),
            Self::Export(file, _) => Ok(Box::new(ExportFile::open(file)?)),
            Self::Ledger(connect) => Ok(Box::new(raw_blocks(connect.clone()))),
        }
    }

    /// A bar over what is known of the length, on the error stream.
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

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("cannot read {}: {error}", file.display()),
    )
}

fn io_error(file: &Path, detail: impl std::fmt::Display) -> journal::Error {
    journal::Error::Io {
        file: file.to_owned(),
        detail: detail.to_string(),
    }
}

struct ExportFile {
    file: File,
    path: PathBuf,
    buffer: BytesMut,
    ended: bool,
    /// Bytes of the file before the buffer.
    passed: u64,
    /// No later record may have an offset below this one.
    next_offset: u64,
}

impl ExportFile {
    fn open(path: &Path) -> Result<Self, journal::Error> {
        let file = File::open(path).map_err(|error| io_error(path, error))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            buffer: BytesMut::new(),
            ended: false,
            passed: 0,
            next_offset: 0,
        })
    }

    fn broken(&self, problem: impl std::fmt::Display) -> journal::Error {
        let at = self.passed;
        io_error(
            &self.path,
            format!("{problem}, in the record that begins at byte {at}"),
        )
    }

    fn read_more(&mut self) -> Result<(), journal::Error> {
        let held = self.buffer.len();
        if held > MAX_RECORD_BYTES {
            return Err(self.broken("a record is longer than any block can be"));
        }
        self.buffer.resize(held + READ_BYTES, 0);
        let read = self
            .file
            .read(&mut self.buffer[held..])
            .map_err(|error| self.broken(error))?;
        self.buffer.truncate(held + read);
        self.ended = read == 0;
        Ok(())
    }

    fn read_record(&mut self) -> Result<Option<Record>, journal::Error> {
        loop {
            let found = export::read_record(&self.buffer)
                .map_err(|_| self.broken("no offset, time and length as in an export"))?;
            if let Some((record, length)) = found {
                let (offset, append_ms, value) =
                    (record.offset, record.append_ms, record.value.len());
                let in_order = (self.next_offset..u64::MAX).contains(&offset);
                if !in_order {
                    return Err(
                        self.broken(format!("offset {offset} is not above the one before it"))
                    );
                }
                self.next_offset = offset + 1;
                self.passed += length as u64;
                let mut framed: Bytes = self.buffer.split_to(length).freeze();
                let value = framed.split_off(length - value);
                return Ok(Some(Record {
                    offset,
                    append_ms,
                    key: None,
                    value,
                    headers: Vec::new(),
                }));
            }
            if self.ended {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(self.broken("the last record is cut off"))
                };
            }
            self.read_more()?;
        }
    }
}

impl Iterator for ExportFile {
    type Item = Result<Record, journal::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_record().transpose()
    }
}

/// Streams on a thread of its own, since a replay is not async.
fn raw_blocks(connect: Connect) -> impl Iterator<Item = Result<Record, journal::Error>> {
    let (send, mut receive) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        let outcome = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::from)
            .and_then(|runtime| runtime.block_on(stream(&connect, &send)));
        if let Err(failure) = outcome {
            // Nobody waits any more if this fails.
            let _ = send.blocking_send(Err(journal::Error::Unavailable(failure.to_string())));
        }
    });
    std::iter::from_fn(move || receive.blocking_recv())
}

async fn stream(connect: &Connect, send: &mpsc::Sender<Result<Record, journal::Error>>) -> Outcome {
    let request = StreamBlocksRequest {
        from_height: Some(0),
        with_records: false,
        with_raw: true,
    };
    let mut blocks = connect.ledger()?.stream_blocks(request).await?.into_inner();
    while let Some(reply) = blocks.message().await? {
        let tip = reply.tip.and_then(|tip| tip.height);
        let Some(block) = reply.block else { continue };
        let height = block.height;
        let append_ms = match &block.append_time {
            Some(time) => proto::wire::timestamp_ms("append_time", time)?,
            None => 0,
        };
        let record = Record {
            offset: block.topic_offset.unwrap_or_default(),
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
