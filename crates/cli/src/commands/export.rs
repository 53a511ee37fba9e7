//! `blocklog export`: the `blockchain` topic as a file.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use chain::export::write_record;
use serde_json::json;

use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;
use crate::source;

/// Every candidate, accepted or not; from a ledger only the accepted ones.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  blocklog export chain.export --journal kafka://127.0.0.1:9092\n  \
    kcat -C -b 127.0.0.1:9092 -t blockchain -e -q -f '%o %T %R%s' > chain.export   # the same"
)]
pub struct Args {
    /// Where to write it; an existing file is never overwritten
    file: PathBuf,
    #[command(flatten)]
    source: source::SourceArgs,
}

pub fn run(args: Args, connect: &Connect, printer: Printer) -> Outcome {
    let source = args.source.open(connect)?;
    let cannot = |error: std::io::Error| {
        Failure::new(
            Exit::Other,
            format!("cannot write {}: {error}", args.file.display()),
        )
    };
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.file)
        .map_err(cannot)?;
    let mut out = BufWriter::new(file);
    let bar = source.progress(printer.is_human());
    let (mut records, mut bytes, mut framed) = (0_u64, 0_u64, Vec::new());
    for record in source.records()? {
        let record = record?;
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
    let value =
        json!({ "file": args.file.display().to_string(), "records": records, "bytes": bytes });
    let rows = vec![
        ("file", args.file.display().to_string()),
        ("records", records.to_string()),
        ("bytes", bytes.to_string()),
    ];
    Ok(printer.value(&value, rows)?)
}
