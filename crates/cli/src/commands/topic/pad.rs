//! `blocklog topic pad`.

use std::time::Duration;

use follow::Settings;
use journal::Entry;
use serde_json::json;
use topics::TRANSACTIONS;
use topics::config::JournalArgs;

use crate::commands::verify;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;
use crate::source::Source;

/// How long one empty record may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Asks the chain itself for the cursor: whoever pads by a wrong number loses offsets for nothing.
pub fn run(journal: &JournalArgs, partition: u32, yes: bool, printer: Printer) -> Outcome {
    let journal = journal.open_existing("blocklog")?;
    journal.expect_writable()?;
    let source = Source::of(journal.clone())?;
    let settings = Settings {
        topic: source.name(),
        expected: None,
        assume_valid: None,
    };
    let core = follow::replay::replay(settings, || source.records(), |_, _| {})
        .map_err(verify::failure)?;
    let chain = core.chain().ok_or_else(|| {
        Failure::new(Exit::DoesNotVerify, "there is no valid block 0").reason("NO_CHAIN")
    })?;
    let partitions = chain.rules().genesis.partitions;
    if partition >= partitions {
        let none = format!(
            "the chain has partitions 0 to {}, not {partition}",
            partitions - 1
        );
        return Err(Failure::new(Exit::Usage, none).reason("BAD_PARTITION"));
    }
    let cursor = chain.cursor(partition);
    let end = journal.offsets(TRANSACTIONS, partition)?.end;
    let missing = cursor.saturating_sub(end);
    if missing > 0 && !yes {
        let warning = format!(
            "partition {partition} ends at {end}, the chain's cursor is {cursor}: {missing} records are lost. Look for a copy of the topic \
             first. With --yes, {missing} empty records give their offsets away for good"
        );
        return Err(Failure::new(Exit::Usage, warning));
    }
    for _ in 0..missing {
        let entry = Entry {
            partition,
            ..Entry::default()
        };
        journal
            .append(TRANSACTIONS, entry, TIMEOUT)
            .map_err(|error| {
                Failure::new(
                    Exit::Unavailable,
                    format!(
                        "{error}; run the same command again, it goes on from where the topic ends"
                    ),
                )
            })?;
    }
    let end = journal.offsets(TRANSACTIONS, partition)?.end;
    let value = json!({ "partition": partition, "cursor": cursor, "end": end, "padded": missing });
    let rows = vec![
        ("partition", partition.to_string()),
        ("cursor", cursor.to_string()),
        ("end", end.to_string()),
        ("padded", format!("{missing} empty records")),
    ];
    Ok(printer.value(&value, rows)?)
}
