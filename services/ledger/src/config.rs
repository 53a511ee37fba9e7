//! The settings of a ledger: flags, each also an environment variable.

use std::path::PathBuf;

use chain::Hash;
use clap::Parser;
use kit::config::{Common, Process, ServiceSettings, Settings};
use topics::config::ChainArgs;

use crate::checkpoint::LogKey;

const EXAMPLES: &str = "\
Examples:
  A ledger of a chain that is there:
    blocklog-ledger --journal kafka://localhost:9092 --data /var/lib/ledger

  The first service of a chain: makes the topics and publishes block 0:
    blocklog-ledger --journal kafka://localhost:9092 --genesis genesis.json

  Build the index anew, trusting the signatures below a block that is known to be good:
    blocklog-ledger --journal kafka://localhost:9092 --reindex --assume-valid HASH";

/// Replays and validates the chain, and answers queries about it
#[derive(Clone, Debug, Parser)]
#[command(name = "blocklog-ledger", after_help = EXAMPLES)]
pub struct Config {
    /// The journal, and which chain is expected in it.
    #[command(flatten)]
    pub chain: ChainArgs,
    /// Folder for the index and a snapshot of the chain; one process at a time
    #[arg(
        long,
        value_name = "DIR",
        default_value = "./ledger-data",
        help_heading = "Chain"
    )]
    pub data: PathBuf,
    /// Hash of a block that is known to be good: signatures are not checked on the way to it, and nothing is served before it is reached
    #[arg(long, value_name = "HASH", help_heading = "Chain")]
    pub assume_valid: Option<Hash>,
    /// Discard the index and the snapshot and rebuild them from the journal
    #[arg(long, help_heading = "Chain")]
    pub reindex: bool,
    /// Key that signs checkpoints of the log: PKCS#8 PEM (openssl genpkey -algorithm ed25519), mode 0600
    #[arg(long, value_name = "FILE", help_heading = "Chain")]
    pub log_key: Option<PathBuf>,
    /// Settings that every service has.
    #[command(flatten)]
    pub common: Common,
}

impl Config {
    /// The key that `--log-key` names.
    pub fn log_key(&self) -> anyhow::Result<Option<LogKey>> {
        self.log_key.as_deref().map(LogKey::read).transpose()
    }
}

impl Settings for Config {
    const ENV_PREFIX: &'static str = "BLOCKLOG";
    const DEFAULTS: &'static [(&'static str, &'static str)] = &[
        ("listen", "127.0.0.1:7003"),
        ("admin", "127.0.0.1:9003"),
        // Libraries log each step of their own housekeeping.
        (
            "log",
            "warn,ledger=info,kit=info,follow=info,topics=info,journal=info",
        ),
    ];

    fn process(&self) -> &Process {
        &self.common.process
    }

    fn check(&self) -> Result<(), String> {
        self.chain.check()?;
        self.log_key().map_err(|error| format!("{error:#}"))?;
        Ok(())
    }
}

impl ServiceSettings for Config {
    fn common(&self) -> &Common {
        &self.common
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_design() {
        let config: Config =
            kit::config::parse(["blocklog-ledger", "--journal", "memory:"]).unwrap();
        assert_eq!(config.data, PathBuf::from("./ledger-data"));
        assert_eq!(config.common.listen.to_string(), "127.0.0.1:7003");
        assert_eq!(config.common.admin.to_string(), "127.0.0.1:9003");
        assert!(!config.reindex && config.assume_valid.is_none());
    }
}
