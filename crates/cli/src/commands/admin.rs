//! `blocklog admin`: the orders that the chain's admin gives by signed notes.

use std::path::{Path, PathBuf};

use chain::Account;
use clap::Subcommand;
use proto::ledger::v1::GetGenesisRequest;

use super::keys;
use super::tx::{draft, send};
use crate::chains;
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
    #[command(after_help = "Example:\n  blocklog admin miner remove bl1… --admin-key admin.pem")]
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
    check_admin(&order.admin_key, connect).await?;
    let draft = draft::Draft::note(order.admin_key, format!("{verb} {}", order.account));
    let chain = chains::agreed(None, order.to.waits(), connect, printer).await?;
    let record = draft::sign(&draft, &chain.id)?.encode();
    send::submit(record, &chain, &order.to, connect, printer).await
}

/// From anybody else the order is a memo without effect.
async fn check_admin(key: &Path, connect: &Connect) -> Outcome {
    let own = keys::read(key)?.account().to_string();
    let genesis = connect.ledger()?.get_genesis(GetGenesisRequest {}).await?;
    let admin = genesis.into_inner().admin;
    if admin == own {
        return Ok(());
    }
    let told = if admin.is_empty() {
        "the chain has no admin: nobody can change its list of miners".to_owned()
    } else {
        format!(
            "{} is the key of {own}, and the chain's admin is {admin}: the order would have no effect",
            key.display()
        )
    };
    Err(Failure::new(Exit::Rejected, told).reason("NOT_ADMIN"))
}
