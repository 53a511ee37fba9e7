//! `blocklog topic`: the topics themselves, without any service.

mod line;

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use follow::config::JournalArgs;
use follow::topics;
use journal::Journal;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;

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
    let Command::Cat {
        topic,
        journal,
        partition,
        from,
        follow,
    } = command;
    let journal = journal.open("blocklog")?;
    let name = match topic {
        Topic::Transactions => topics::TRANSACTIONS,
        Topic::Blockchain => topics::BLOCKCHAIN,
    };
    if topic == Topic::Blockchain && partition != topics::BLOCKCHAIN_PARTITION {
        return Err(Failure::new(
            Exit::Usage,
            "the blockchain topic has partition 0 only",
        ));
    }
    cat(&journal, topic, name, partition, from, follow, printer)
}

fn cat(
    journal: &Journal,
    topic: Topic,
    name: &str,
    partition: u32,
    from: Option<u64>,
    follow: bool,
    printer: Printer,
) -> Outcome {
    let offsets = journal.offsets(name, partition)?;
    let mut chain = line::Decoder::new(journal, topic);
    let mut reader = journal.reader(name, partition, from.unwrap_or(offsets.start))?;
    loop {
        let batch = reader.next(BATCH_BYTES, WAIT)?;
        for record in &batch.records {
            if !follow && record.offset >= offsets.end {
                return Ok(());
            }
            match printer.line(&chain.line(partition, record).to_string()) {
                // Whoever reads the pipe has seen enough.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
                outcome => outcome?,
            }
        }
        if !follow && batch.next >= offsets.end {
            return Ok(());
        }
    }
}
