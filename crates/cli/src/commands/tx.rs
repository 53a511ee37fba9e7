//! `blocklog tx`.

mod decode;
pub mod draft;
pub mod send;
mod watch;

use std::path::PathBuf;

use clap::Subcommand;

use crate::chains;
use crate::connect::Connect;
use crate::exit::Outcome;
use crate::output::Printer;

/// Makes, sends and follows transactions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send a transaction and wait until it is in a block
    #[command(
        after_help = "Examples:\n  blocklog tx send --from alice --to bob --amount 5\n  \
        blocklog tx send --key alice.pem --to bl1… --amount 5 --memo 'invoice 7'\n  \
        blocklog tx send --from alice --memo 'a note to nobody' --no-wait"
    )]
    Send {
        #[command(flatten)]
        draft: draft::Draft,
        #[command(flatten)]
        to: send::Submission,
    },
    /// Write a transaction as the record that `kcat -P` publishes
    #[command(
        after_help = "Example:\n  blocklog tx encode --from alice --to bob --amount 5 -o tx.bin\n  \
        kcat -P -b 127.0.0.1:9092 -t transactions -p 0 tx.bin"
    )]
    Encode {
        #[command(flatten)]
        draft: draft::Draft,
        /// Where to write the record
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
    },
    /// Send a record that `tx encode` wrote, as often as you like: it is included at most once
    #[command(after_help = "Example:\n  blocklog tx submit tx.bin")]
    Submit {
        /// The record
        file: PathBuf,
        #[command(flatten)]
        to: send::Submission,
    },
    /// Show what is in a record, and what is wrong with it
    #[command(after_help = "Example:\n  blocklog tx decode tx.bin --genesis genesis.json")]
    Decode {
        /// The record
        file: PathBuf,
        #[command(flatten)]
        chain: draft::ChainId,
    },
    /// What became of a transaction
    #[command(after_help = "Example:\n  blocklog tx status 5f3c…")]
    Status {
        /// Its id
        id: String,
    },
    /// Follow a transaction until it is in a block or refused
    #[command(after_help = "Example:\n  blocklog tx watch 5f3c…")]
    Watch {
        /// Its id
        id: String,
    },
}

pub async fn run(command: Command, connect: &Connect, printer: Printer) -> Outcome {
    match command {
        Command::Send { draft, to } => {
            let chain = chains::agreed(draft.chain.given()?, to.waits(), connect, printer).await?;
            let record = draft::sign(&draft, &chain.id)?.encode();
            send::submit(record, &chain, &to, connect, printer).await
        }
        Command::Encode { draft, out } => decode::encode(&draft, &out, connect, printer).await,
        Command::Submit { file, to } => {
            let record = decode::read(&file)?;
            let chain = chains::agreed(None, to.waits(), connect, printer).await?;
            send::submit(record.into(), &chain, &to, connect, printer).await
        }
        Command::Decode { file, chain } => decode::decode(&file, &chain, connect, printer).await,
        Command::Status { id } => watch::status(&id, connect, printer).await,
        Command::Watch { id } => watch::watch(&id, connect, printer).await,
    }
}
