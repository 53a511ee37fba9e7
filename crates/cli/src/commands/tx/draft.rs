//! A transaction from the words of the command line.

use std::path::PathBuf;

use bytes::Bytes;
use chain::{Account, Hash, Transaction};
use proto::ingest::v1::GetSubmissionInfoRequest;

use crate::commands::keys;
use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};

/// What the transaction says.
#[derive(Debug, clap::Args)]
pub struct Draft {
    /// Named account that sends (open chains only)
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present = "key",
        conflicts_with = "key"
    )]
    from: Option<Account>,
    /// Key file of the account that sends
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Account that receives; left out for a note to nobody
    #[arg(long, value_name = "ACCOUNT", required_unless_present = "memo")]
    to: Option<Account>,
    /// What it receives
    #[arg(long, default_value_t = 0)]
    amount: u64,
    /// Text for people, at most 256 bytes
    #[arg(long, default_value = "")]
    memo: String,
    /// Greater than the sender's last one [default: the clock in microseconds]
    #[arg(long)]
    nonce: Option<u64>,
    /// Last height at which it may be included; 0 for no limit
    #[arg(long, default_value_t = 0, value_name = "HEIGHT")]
    valid_until: u64,
    #[command(flatten)]
    chain: ChainId,
}

impl Draft {
    /// A signed note to nobody.
    pub fn note(key: PathBuf, memo: String) -> Self {
        let chain = ChainId {
            chain_id: None,
            genesis: None,
        };
        Self {
            from: None,
            key: Some(key),
            to: None,
            amount: 0,
            memo,
            nonce: None,
            valid_until: 0,
            chain,
        }
    }
}

/// Which chain the signature is for.
#[derive(Debug, clap::Args)]
pub struct ChainId {
    /// Chain that it is signed for [default: ask ingest]
    #[arg(long, value_name = "HASH")]
    pub chain_id: Option<Hash>,
    /// Genesis file of the chain that it is signed for
    #[arg(long, value_name = "FILE", conflicts_with = "chain_id")]
    pub genesis: Option<PathBuf>,
}

impl ChainId {
    /// As given, or the chain that ingest serves.
    pub async fn resolve(&self, connect: Option<&Connect>) -> Outcome<Hash> {
        if let Some(id) = self.chain_id {
            return Ok(id);
        }
        if let Some(file) = &self.genesis {
            return Ok(follow::config::genesis_file(file)?.chain_id());
        }
        let connect = connect.ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "name the chain with --chain-id HASH or --genesis FILE",
            )
        })?;
        let info = connect.ingest()?.get_submission_info(GetSubmissionInfoRequest {}).await.map_err(|status| {
            let mut failure = Failure::from(status);
            failure.message = format!(
                "ingest cannot be asked for the chain: {}; name it with --chain-id HASH or --genesis FILE",
                failure.message
            );
            failure
        })?;
        Ok(proto::wire::hash("chain_id", &info.into_inner().chain_id)?)
    }
}

/// The transaction, signed where its sender has a key.
pub async fn sign(args: &Draft, connect: Option<&Connect>) -> Outcome<Transaction> {
    let secret = args.key.as_deref().map(keys::read).transpose()?;
    let sender = match (&secret, args.from) {
        (Some(secret), _) => secret.account(),
        (None, Some(name)) if name.is_key() => {
            return Err(Failure::new(
                Exit::Usage,
                format!("{name} is a key account: sign with its --key FILE"),
            ));
        }
        (None, Some(name)) => name,
        (None, None) => {
            return Err(Failure::new(
                Exit::Usage,
                "who sends? --from NAME or --key FILE",
            ));
        }
    };
    let transaction = Transaction {
        sender: Bytes::copy_from_slice(sender.as_bytes()),
        recipient: args
            .to
            .map(|to| Bytes::copy_from_slice(to.as_bytes()))
            .unwrap_or_default(),
        amount: args.amount,
        nonce: args.nonce.unwrap_or_else(clock_micros),
        memo: args.memo.clone(),
        valid_until: args.valid_until,
        signature: Bytes::new(),
    };
    match secret {
        None => Ok(transaction),
        Some(secret) => Ok(transaction.sign(&args.chain.resolve(connect).await?, &secret)),
    }
}

/// Nonces only have to grow: the clock does, without asking anybody for the last one.
fn clock_micros() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or_default()
}
