//! `blocklog topic cat`.

use std::time::Duration;

use journal::Headers;
use topics::config::JournalArgs;

use super::line::{Decoder, Topic};
use crate::exit::{Exit, Failure, Outcome};
use crate::run::Run;
use crate::session::Session;
use crate::source;

/// Size of a read, in bytes.
const BATCH_BYTES: usize = 4 << 20;
/// Longest wait of a read for its first record.
const WAIT: Duration = Duration::from_millis(500);

/// Print records as JSON lines
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog topic cat blockchain --journal kafka://127.0.0.1:9092\n  \
    blocklog topic cat transactions --journal kafka://127.0.0.1:9092 --partition 1 --from 10 --follow"
)]
pub struct Cat {
    /// The topic
    topic: Topic,
    #[command(flatten)]
    journal: JournalArgs,
    /// Partition of the transactions topic
    #[arg(long, default_value_t = 0)]
    partition: u32,
    /// First offset [default: the partition's first]
    #[arg(long, value_name = "OFFSET")]
    from: Option<u64>,
    /// Continue with new records until Ctrl-C
    #[arg(long, short)]
    follow: bool,
}

impl Run for Cat {
    async fn run(self, session: &Session) -> Outcome {
        let journal = self.journal.open_existing("blocklog")?;
        if self.topic == Topic::Blockchain && self.partition != topics::BLOCKCHAIN_PARTITION {
            return Err(Failure::new(
                Exit::Usage,
                "the blockchain topic has partition 0 only",
            ));
        }
        if self.topic == Topic::Transactions {
            source::expect_transactions(&journal)?;
        }
        let name = match self.topic {
            Topic::Transactions => topics::TRANSACTIONS,
            Topic::Blockchain => topics::BLOCKCHAIN,
        };
        let offsets = journal.offsets(name, self.partition)?;
        let mut chain = Decoder::new(&journal, self.topic);
        let reader = journal.reader(name, self.partition, self.from.unwrap_or(offsets.start))?;
        let mut reader = reader.keep(Headers::All);
        loop {
            let batch = reader.next(BATCH_BYTES, WAIT)?;
            for record in &batch.records {
                if !self.follow && record.offset >= offsets.end {
                    return Ok(());
                }
                session
                    .printer
                    .line(&chain.line(self.partition, record).to_string())?;
                if session.printer.is_closed() {
                    return Ok(());
                }
            }
            if !self.follow && batch.next >= offsets.end {
                return Ok(());
            }
        }
    }
}
