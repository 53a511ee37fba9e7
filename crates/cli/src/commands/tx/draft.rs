//! A transaction from command-line arguments.

use std::path::PathBuf;

use bytes::Bytes;
use chain::{Account, Hash, Transaction};

use crate::commands::keys;
use crate::exit::{Exit, Failure, Outcome};

/// The fields of a transaction.
#[derive(Debug, clap::Args)]
pub struct Draft {
    /// Sender, if it is a named account (open chains only)
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present = "key",
        conflicts_with = "key"
    )]
    from: Option<Account>,
    /// Key file of the sender
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Recipient; without one the transaction is a note
    #[arg(long, value_name = "ACCOUNT", required_unless_present = "memo")]
    to: Option<Account>,
    /// Amount to transfer
    #[arg(long, default_value_t = 0)]
    amount: u64,
    /// Memo, at most 256 bytes of UTF-8
    #[arg(long, default_value = "")]
    memo: String,
    /// Nonce, greater than the sender's last one [default: the clock in microseconds]
    #[arg(long)]
    nonce: Option<u64>,
    /// Last height at which it may be included; 0 for no limit
    #[arg(long, default_value_t = 0, value_name = "HEIGHT")]
    valid_until: u64,
    #[command(flatten)]
    pub chain: ChainId,
}

impl Draft {
    /// True if a key signs it, which binds it to one chain.
    pub fn is_signed(&self) -> bool {
        self.key.is_some()
    }

    /// The transaction, signed for the chain if its sender has a key.
    pub fn sign(&self, chain_id: &Hash) -> Outcome<Transaction> {
        let secret = self.key.as_deref().map(keys::read).transpose()?;
        let sender = match (&secret, self.from) {
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
            recipient: self
                .to
                .map(|to| Bytes::copy_from_slice(to.as_bytes()))
                .unwrap_or_default(),
            amount: self.amount,
            nonce: self.nonce.unwrap_or_else(clock_micros),
            memo: self.memo.clone(),
            valid_until: self.valid_until,
            signature: Bytes::new(),
        };
        Ok(match secret {
            None => transaction,
            Some(secret) => transaction.sign(chain_id, &secret),
        })
    }

    /// A signed note, without a recipient.
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

/// The chain of a transaction.
#[derive(Debug, clap::Args)]
pub struct ChainId {
    /// Id of the chain [default: ask ingest]
    #[arg(long, value_name = "HASH")]
    pub chain_id: Option<Hash>,
    /// Genesis file of the chain
    #[arg(long, value_name = "FILE", conflicts_with = "chain_id")]
    pub genesis: Option<PathBuf>,
}

impl ChainId {
    /// The chain id from the flags, if given.
    pub fn given(&self) -> Outcome<Option<Hash>> {
        match &self.genesis {
            Some(file) => Ok(Some(topics::config::genesis_file(file)?.chain_id())),
            None => Ok(self.chain_id),
        }
    }
}

/// The default nonce: nonces must only grow, and the clock does so without a query for the last one.
fn clock_micros() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or_default()
}
