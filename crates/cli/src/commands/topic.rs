//! `blocklog topic`: the topics themselves, without any service.

mod line;
mod pad;

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use journal::{Headers, Journal};
use topics::config::JournalArgs;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;
use crate::source;

/// Records read at once, in bytes.
const BATCH_BYTES: usize = 4 << 20;
/// How long a read waits for the first record.
const WAIT: Duration = Duration::from_millis(500);

/// Reads topics.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print records as JSON lines
    #[command(
        after_help = "Examples:\n  blocklog topic cat blockchain --journal kafka://127.0.0.1:9092\n  \
        blocklog topic cat transactions --journal kafka://127.0.0.1:9092 --partition 1 --from 10 --follow"
    )]
    Cat {
        /// Which topic
        topic: Topic,
        #[command(flatten)]
        journal: JournalArgs,
        /// Partition of the transactions topic
        #[arg(long, default_value_t = 0)]
        partition: u32,
        /// First offset [default: the topic's first]
        #[arg(long, value_name = "OFFSET")]
        from: Option<u64>,
        /// Go on with new records until Ctrl-C
        #[arg(long, short)]
        follow: bool,
    },
    /// Fill a partition of the transactions topic that ends below the chain's cursor with empty records
    #[command(
        after_help = "After the log has lost its end (DATA_LOSS), new records would land on offsets that blocks have consumed \
        already, and never be read. Padding gives those offsets away. What was lost stays lost: the audit reports it.\n\n\
        Example:\n  blocklog topic pad --partition 0 --journal kafka://127.0.0.1:9092 --yes"
    )]
    Pad {
        #[command(flatten)]
        journal: JournalArgs,
        /// Partition of the transactions topic
        #[arg(long)]
        partition: u32,
        /// Do it; without this, only what would be done is said
        #[arg(long)]
        yes: bool,
    },
}

/// The two topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Topic {
    /// What was submitted
    Transactions,
    /// Candidates for the chain
    Blockchain,
}

pub fn run(command: Command, printer: Printer) -> Outcome {
    match command {
        Command::Pad {
            journal,
            partition,
            yes,
        } => pad::run(&journal, partition, yes, printer),
        Command::Cat {
            topic,
            journal,
            partition,
            from,
            follow,
        } => {
            let journal = journal.open_existing("blocklog")?;
            if topic == Topic::Blockchain && partition != topics::BLOCKCHAIN_PARTITION {
                return Err(Failure::new(
                    Exit::Usage,
                    "the blockchain topic has partition 0 only",
                ));
            }
            if topic == Topic::Transactions {
                source::expect_transactions(&journal)?;
            }
            cat(&journal, topic, partition, from, follow, printer)
        }
    }
}

fn cat(
    journal: &Journal,
    topic: Topic,
    partition: u32,
    from: Option<u64>,
    follow: bool,
    printer: Printer,
) -> Outcome {
    let name = match topic {
        Topic::Transactions => topics::TRANSACTIONS,
        Topic::Blockchain => topics::BLOCKCHAIN,
    };
    let offsets = journal.offsets(name, partition)?;
    let mut chain = line::Decoder::new(journal, topic);
    let reader = journal.reader(name, partition, from.unwrap_or(offsets.start))?;
    let mut reader = reader.keep(Headers::All);
    loop {
        let batch = reader.next(BATCH_BYTES, WAIT)?;
        for record in &batch.records {
            if !follow && record.offset >= offsets.end {
                return Ok(());
            }
            printer.line(&chain.line(partition, record).to_string())?;
            if printer.is_closed() {
                return Ok(());
            }
        }
        if !follow && batch.next >= offsets.end {
            return Ok(());
        }
    }
}
