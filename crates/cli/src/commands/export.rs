//! `blocklog export`: the `blockchain` topic as a file.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use journal::export::write_record;
use serde_json::json;

use crate::exit::{Failure, Outcome};
use crate::file::unwritable;
use crate::output::Printer;
use crate::run::{Run, blocking};
use crate::session::Session;
use crate::source::{Source, SourceArgs};

// Every candidate, accepted or not; from a ledger only the accepted ones.
/// Write all candidates with offsets and append times to a file that `verify` reads
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  blocklog export chain.export --journal kafka://127.0.0.1:9092\n  \
    kcat -C -b 127.0.0.1:9092 -t blockchain -e -q -X isolation.level=read_uncommitted -f '%o %T %R%s' > chain.export   # the same"
)]
pub struct Export {
    /// File to write; an existing one is never overwritten
    file: PathBuf,
    #[command(flatten)]
    source: SourceArgs,
}

impl Run for Export {
    async fn run(self, session: &Session) -> Outcome {
        let session = session.clone();
        blocking("the export", move || export(self, &session)).await
    }
}

fn export(args: Export, session: &Session) -> Outcome {
    let (source, printer) = (args.source.open(session)?, session.printer);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.file)
        .map_err(|error| cannot(&args.file, &error))?;
    let written = write(&source, file, &args.file, printer);
    if written.is_err() {
        // Removes the partial export; the failure is reported even if that fails.
        let _ = std::fs::remove_file(&args.file);
    }
    let (records, bytes) = written?;
    let name = args.file.display().to_string();
    let value = json!({ "file": name, "records": records, "bytes": bytes });
    let rows = vec![
        ("file", name),
        ("records", records.to_string()),
        ("bytes", bytes.to_string()),
    ];
    Ok(printer.value(&value, rows)?)
}

/// Writes all records; returns their number and bytes.
fn write(source: &Source, file: File, path: &Path, printer: Printer) -> Outcome<(u64, u64)> {
    let cannot = |error: std::io::Error| cannot(path, &error);
    let mut out = BufWriter::new(file);
    let bar = source.progress(printer.is_human());
    let (mut records, mut bytes, mut framed) = (0_u64, 0_u64, Vec::new());
    for record in source.records()? {
        let record = record.map_err(|error| source.failure(error))?;
        framed.clear();
        write_record(&mut framed, record.offset, record.append_ms, &record.value);
        out.write_all(&framed).map_err(cannot)?;
        records += 1;
        bytes += framed.len() as u64;
        bar.set_position(record.offset + 1);
    }
    bar.finish_and_clear();
    let file = out
        .into_inner()
        .map_err(|error| cannot(error.into_error()))?;
    file.sync_all().map_err(cannot)?;
    Ok((records, bytes))
}

fn cannot(file: &Path, error: &std::io::Error) -> Failure {
    let advice = match error.kind() {
        ErrorKind::AlreadyExists => "; an export is never overwritten, name another file",
        ErrorKind::StorageFull => "; make room, or name a file on another disk",
        _ => "",
    };
    unwritable(file, error, advice)
}
