//! `blocklog topic pad`.

use std::time::Duration;

use journal::Entry;
use serde_json::json;
use topics::TRANSACTIONS;
use topics::config::JournalArgs;

use crate::exit::{Exit, Failure, Outcome};
use crate::run::Run;
use crate::session::Session;
use crate::source::Source;

/// Timeout of one empty record.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Fill a partition of the transactions topic that ends below the chain's cursor with empty records
#[derive(Debug, clap::Args)]
#[command(
    after_help = "After the topic has lost its end (DATA_LOSS), new records would land on offsets that blocks have consumed \
    already, and never be read. Padding gives those offsets away. What was lost stays lost: the audit reports it.\n\n\
    Example:\n  blocklog topic pad --partition 0 --journal kafka://127.0.0.1:9092 --yes"
)]
pub struct Pad {
    #[command(flatten)]
    journal: JournalArgs,
    /// Partition of the transactions topic
    #[arg(long)]
    partition: u32,
    /// Append the records; without this flag, only report how many
    #[arg(long)]
    yes: bool,
}

impl Run for Pad {
    /// Derives the cursor from the chain itself: padding by a wrong number would waste offsets.
    async fn run(self, session: &Session) -> Outcome {
        let (partition, journal) = (self.partition, self.journal.open_existing("blocklog")?);
        journal.expect_writable()?;
        let core = Source::of(journal.clone())?.replay(|_| {})?;
        let chain = core.chain().expect("a replay ends with a chain");
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
        if missing > 0 && !self.yes {
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
                    let advice = format!(
                        "{error}; run the same command again, it continues where the topic ends"
                    );
                    Failure::new(Exit::Unavailable, advice)
                })?;
        }
        let end = journal.offsets(TRANSACTIONS, partition)?.end;
        let value =
            json!({ "partition": partition, "cursor": cursor, "end": end, "padded": missing });
        let rows = vec![
            ("partition", partition.to_string()),
            ("cursor", cursor.to_string()),
            ("end", end.to_string()),
            ("padded", format!("{missing} empty records")),
        ];
        Ok(session.printer.value(&value, rows)?)
    }
}
