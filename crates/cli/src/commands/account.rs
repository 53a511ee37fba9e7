//! `blocklog account`.

mod statement;

use chain::Hash;
use clap::Subcommand;
use proto::ledger::v1::{GetAccountRequest, GetAccountResponse};

use crate::answer;
use crate::connect::Connect;
use crate::exit::Outcome;
use crate::format::number;
use crate::output::{Printer, Rows};

/// Asks the ledger about accounts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Balance, nonce and number of entries
    #[command(
        after_help = "Example:\n  blocklog account get alice\n  blocklog account get alice --at-height 12"
    )]
    Get {
        /// `bl1…` or a name
        account: String,
        /// As of this height instead of the tip
        #[arg(long, value_name = "HEIGHT")]
        at_height: Option<u64>,
    },
    /// The history, oldest first
    #[command(
        after_help = "Examples:\n  blocklog account statement alice\n  blocklog account statement alice --prove --tip 0000ab…"
    )]
    Statement {
        /// `bl1…` or a name
        account: String,
        /// Check an inclusion proof of every entry: complete up to the newest one shown
        #[arg(long)]
        prove: bool,
        /// Block hash that you trust [default: what the ledger names as its tip]
        #[arg(long, value_name = "HASH", requires = "prove")]
        tip: Option<Hash>,
    },
}

pub async fn run(command: Command, connect: &Connect, printer: Printer) -> Outcome {
    match command {
        Command::Get { account, at_height } => get(account, at_height, connect, printer).await,
        Command::Statement {
            account,
            prove: true,
            tip,
        } => statement::proven(&account, tip, connect, printer).await,
        Command::Statement { account, .. } => statement::told(account, connect, printer).await,
    }
}

async fn get(
    account: String,
    at_height: Option<u64>,
    connect: &Connect,
    printer: Printer,
) -> Outcome {
    // What is no account is for the ledger to refuse.
    let asked = account.parse().ok();
    let request = GetAccountRequest { account, at_height };
    let reply = connect.ledger()?.get_account(request).await?.into_inner();
    answer::account(&reply, asked.as_ref(), at_height)?;
    Ok(printer.message(&reply, |reply| rows(reply, at_height))?)
}

fn rows(reply: &GetAccountResponse, at_height: Option<u64>) -> Rows {
    let account = reply.account.clone().unwrap_or_default();
    vec![
        ("account", account.account),
        ("balance", number(account.balance)),
        ("nonce", number(account.nonce)),
        ("entries", number(account.entries)),
        ("last leaf", number(account.last_leaf_index)),
        (
            "as of height",
            number(at_height.or(reply.tip.as_ref().and_then(|tip| tip.height))),
        ),
    ]
}
