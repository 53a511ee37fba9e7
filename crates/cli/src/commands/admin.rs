//! `blocklog admin`: orders of the chain's admin, in signed notes.

use std::path::{Path, PathBuf};

use chain::Account;
use proto::ledger::v1::GetGenesisRequest;

use super::keys;
use super::tx::draft::Draft;
use super::tx::send::{Submission, submit};
use crate::chains;
use crate::exit::{Exit, Failure, Outcome};
use crate::run::{Run, subcommands};
use crate::session::Session;

// An order takes effect in the block after the one that includes it.
subcommands! {
    /// Orders of the chain's admin
    pub enum Admin {
        #[command(subcommand)]
        Miner(Miner),
    }
}

subcommands! {
    /// The list of miners
    pub enum Miner {
        Add(Add),
        Remove(Remove),
    }
}

/// Add a miner; the first one closes the list to all other accounts
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog admin miner add bl1… --admin-key admin.pem")]
pub struct Add {
    #[command(flatten)]
    order: Order,
}

/// Remove a miner; the last one cannot be removed
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog admin miner remove bl1… --admin-key admin.pem")]
pub struct Remove {
    #[command(flatten)]
    order: Order,
}

/// The subject and the sender of an order.
#[derive(Debug, clap::Args)]
struct Order {
    /// Key account of the miner
    account: Account,
    /// Key file of the chain's admin
    #[arg(long, value_name = "FILE")]
    admin_key: PathBuf,
    #[command(flatten)]
    to: Submission,
}

impl Run for Add {
    async fn run(self, session: &Session) -> Outcome {
        send(self.order, "miner+", session).await
    }
}

impl Run for Remove {
    async fn run(self, session: &Session) -> Outcome {
        send(self.order, "miner-", session).await
    }
}

async fn send(order: Order, verb: &str, session: &Session) -> Outcome {
    if !order.account.is_key() {
        return Err(Failure::new(
            Exit::Usage,
            format!("{} is a name: only key accounts are listed", order.account),
        ));
    }
    check_admin(&order.admin_key, session).await?;
    let draft = Draft::note(order.admin_key, format!("{verb} {}", order.account));
    let chain = chains::agreed(None, order.to.waits(), session).await?;
    let record = draft.sign(&chain.id)?.encode();
    submit(record, &chain, &order.to, session).await
}

/// Checks that the key is the admin's: from any other sender the order is a memo without effect.
async fn check_admin(key: &Path, session: &Session) -> Outcome {
    let own = keys::read(key)?.account().to_string();
    let genesis = session.ledger()?.get_genesis(GetGenesisRequest {}).await?;
    let admin = genesis.into_inner().admin;
    if admin == own {
        return Ok(());
    }
    let message = if admin.is_empty() {
        "the chain has no admin: its list of miners cannot be changed".to_owned()
    } else {
        format!(
            "{} is the key of {own}, and the chain's admin is {admin}: the order would have no effect",
            key.display()
        )
    };
    Err(Failure::new(Exit::Rejected, message).reason("NOT_ADMIN"))
}
