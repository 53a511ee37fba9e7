//! `blocklog account`.

mod statement;

use proto::ledger::v1::{GetAccountRequest, GetAccountResponse};

use crate::answer;
use crate::exit::Outcome;
use crate::format::number;
use crate::output::Rows;
use crate::run::{Run, subcommands};
use crate::session::Session;
use statement::Statement;

subcommands! {
    /// Balance and nonce of an account
    pub enum Account {
        Get(Get),
        Statement(Statement),
    }
}

/// Balance, nonce and number of entries
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  blocklog account get alice\n  blocklog account get alice --at-height 12"
)]
pub struct Get {
    /// `bl1…` or a name
    account: String,
    /// As of this height instead of the tip
    #[arg(long, value_name = "HEIGHT")]
    at_height: Option<u64>,
}

impl Run for Get {
    async fn run(self, session: &Session) -> Outcome {
        let Self { account, at_height } = self;
        // The ledger refuses a malformed account.
        let asked = account.parse().ok();
        let request = GetAccountRequest { account, at_height };
        let reply = session.ledger()?.get_account(request).await?.into_inner();
        answer::account(&reply, asked.as_ref(), at_height)?;
        let printer = session.printer;
        Ok(printer.message(&reply, |reply| rows(reply, at_height))?)
    }
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
