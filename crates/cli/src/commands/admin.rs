//! `blocklog admin`: the orders that the chain's admin gives by signed notes.

use std::path::PathBuf;

use chain::Account;
use clap::Subcommand;

use super::tx::{draft, send};
use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;

/// Orders act from the block after the one that includes them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Who may mine
    #[command(subcommand)]
    Miner(Miner),
}

/// Changes to the list of miners.
#[derive(Debug, Subcommand)]
pub enum Miner {
    /// Let an account mine; the first one closes the chain to all others
    #[command(after_help = "Example:\n  blocklog admin miner add bl1… --admin-key admin.pem")]
    Add(Order),
    /// Strike an account off; the last one cannot be
    Remove(Order),
}

/// About whom, and by whom.
#[derive(Debug, clap::Args)]
pub struct Order {
    /// Key account of the miner
    account: Account,
    /// Key file of the chain's admin
    #[arg(long, value_name = "FILE")]
    admin_key: PathBuf,
    #[command(flatten)]
    to: send::Submission,
}

pub async fn run(command: Command, connect: &Connect, printer: Printer) -> Outcome {
    let Command::Miner(miner) = command;
    let (verb, order) = match miner {
        Miner::Add(order) => ("miner+", order),
        Miner::Remove(order) => ("miner-", order),
    };
    if !order.account.is_key() {
        return Err(Failure::new(
            Exit::Usage,
            format!("{} is a name: only key accounts are listed", order.account),
        ));
    }
    let draft = draft::Draft::note(order.admin_key, format!("{verb} {}", order.account));
    let transaction = draft::sign(&draft, Some(connect)).await?;
    send::send(&transaction, &order.to, connect, printer).await
}
