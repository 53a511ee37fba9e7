//! `blocklog import`: turns an export into a read-only journal for a ledger and the offline commands.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use journal::{Record, Url};
use serde_json::json;
use topics::BLOCKCHAIN;

use super::verify::{self, Trust};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;
use crate::run::{Run, blocking};
use crate::session::Session;
use crate::source::{Records, Source};

// Every rule is checked during the copy; an export that does not verify is not imported.
/// Turn an export into a read-only journal, for a ledger and the offline commands, and check every rule
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  blocklog import chain.export --journal disk:archive --tip 0000ab…\n  \
    blocklog-ledger --journal disk:archive\n\n\
    Offsets, holes and append times stay as they are, and an export of it is the same file again. The transactions topic is \
    no part of an export: a ledger on it has nothing to audit against, and says so."
)]
pub struct Import {
    /// The export, as `blocklog export` or kcat write it
    file: PathBuf,
    /// The journal to create: disk:DIR, a new directory
    #[arg(long, value_name = "URL")]
    journal: Url,
    #[command(flatten)]
    trust: Trust,
}

impl Run for Import {
    /// Ctrl-C leaves nothing behind.
    async fn run(self, session: &Session) -> Outcome {
        let interrupted = Arc::new(AtomicBool::new(false));
        let (seen, printer) = (interrupted.clone(), session.printer);
        let work = blocking("the import", move || import(&self, &seen, printer));
        tokio::pin!(work);
        tokio::select! {
            ended = &mut work => ended,
            _ = tokio::signal::ctrl_c() => {
                interrupted.store(true, Ordering::Relaxed);
                work.await
            }
        }
    }
}

fn import(args: &Import, interrupted: &Arc<AtomicBool>, printer: Printer) -> Outcome {
    let Some(directory) = args.journal.directory() else {
        let advice = format!(
            "{} cannot be imported into: name a new directory, --journal disk:DIR",
            args.journal
        );
        return Err(Failure::new(Exit::Usage, advice));
    };
    let source = Source::file(args.file.clone())?;
    let free = is_free(directory);
    let begun = journal::Import::begin(directory, BLOCKCHAIN);
    let ours = free && !matches!(begun, Err(journal::Error::Locked { .. }));
    let outcome = begun
        .map_err(|error| cannot(&error))
        .and_then(|begun| copy(args, &source, begun, interrupted, printer));
    if outcome.is_err() && ours {
        clean(directory);
    }
    outcome
}

fn copy(
    args: &Import,
    source: &Source,
    begun: journal::Import,
    interrupted: &Arc<AtomicBool>,
    printer: Printer,
) -> Outcome {
    let copy = Rc::new(RefCell::new(Copy {
        import: begun,
        interrupted: interrupted.clone(),
        records: 0,
        trouble: None,
    }));
    let derived = verify::derive(source, &args.trust, None, printer, || {
        let (records, copy) = (source.records()?, copy.clone());
        let taken: Records = Box::new(records.map(move |record| {
            let record = record?;
            copy.borrow_mut().take(&record)?;
            Ok(record)
        }));
        Ok(taken)
    });
    let copy = Rc::into_inner(copy)
        .expect("the records are gone with the replay")
        .into_inner();
    if let Some(trouble) = copy.trouble {
        return Err(trouble);
    }
    let derived = derived?;
    let (mut value, mut rows) = derived.report()?;
    if let Err(failure) = derived.verdict() {
        printer.value(&value, rows)?;
        return Err(failure);
    }
    let end = copy.import.next();
    copy.import.finish().map_err(|error| cannot(&error))?;
    value["journal"] = json!(args.journal.to_string());
    value["imported"] = json!(copy.records);
    rows.push((
        "imported",
        format!("{} candidates up to offset {end}", copy.records),
    ));
    rows.push((
        "serve it with",
        format!("blocklog-ledger --journal {}", args.journal),
    ));
    Ok(printer.value(&value, rows)?)
}

/// Copies records into the journal before the rules are applied to them.
struct Copy {
    import: journal::Import,
    interrupted: Arc<AtomicBool>,
    records: u64,
    /// The cause if the copy failed, other than by a fault of the export.
    trouble: Option<Failure>,
}

impl Copy {
    /// Copies a record, unless a second pass, with every signature checked, brings it again.
    fn take(&mut self, record: &Record) -> Result<(), journal::Error> {
        if self.interrupted.load(Ordering::Relaxed) {
            let message = "interrupted: nothing was imported, nothing is left behind";
            self.trouble = Some(Failure::new(Exit::Other, message));
            return Err(journal::Error::Stopped(message.into()));
        }
        if record.offset < self.import.next() {
            return Ok(());
        }
        self.records += 1;
        self.import
            .push(record)
            .inspect_err(|error| self.trouble = Some(cannot(error)))
    }
}

fn cannot(error: &journal::Error) -> Failure {
    let exit = match error {
        journal::Error::NotEmpty { .. } => Exit::Usage,
        _ => Exit::Other,
    };
    let advice = match error {
        journal::Error::Io { .. } => {
            "; nothing was imported, make room or name another directory and run it again"
        }
        _ => "",
    };
    Failure::new(exit, format!("cannot import: {error}{advice}"))
}

/// True if the directory holds nothing that an import could destroy.
fn is_free(directory: &Path) -> bool {
    match std::fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// Removes the remains of a failed import.
fn clean(directory: &Path) {
    if let Err(error) = std::fs::remove_dir_all(directory)
        && directory.exists()
    {
        eprintln!(
            "warning: {} remains, and is not a journal: {error}; remove it",
            directory.display()
        );
    }
}
