//! The settings of a miner: flags, each also an environment variable.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use chain::{Account, Hash, Secret};
use clap::{ArgGroup, Parser};
use kit::config::{Common, Process, ServiceSettings, Settings, duration};
use kit::keyfile;
use topics::config::ChainArgs;

use crate::fit;

const EXAMPLES: &str = "\
Examples:
  A chain that is there, one partition, paid to a key:
    blocklog-miner --journal kafka://localhost:9092 --partition 0 --key miner.pem

  The first service of an open chain, both partitions, paid to a name:
    blocklog-miner --journal kafka://localhost:9092 --genesis genesis.json --partition 0 --partition 1 --account alice

  A hot standby that never touches other partitions, with a snapshot for a quick start:
    blocklog-miner --journal kafka://localhost:9092 --partition 0 --rescue-age 0 --key standby.pem --data /var/lib/miner";

/// Seals slices of its partitions of `transactions` into blocks
#[derive(Clone, Debug, Parser)]
#[command(name = "blocklog-miner", after_help = EXAMPLES)]
#[command(group = ArgGroup::new("payee").required(true).args(["account", "key"]))]
pub struct Config {
    /// The journal, and which chain is expected in it.
    #[command(flatten)]
    pub chain: ChainArgs,
    /// Partition whose records it seals; repeat it for several
    #[arg(
        long = "partition",
        value_name = "N",
        required = true,
        num_args = 1,
        value_delimiter = ',',
        help_heading = "Mining"
    )]
    pub partition: Vec<u32>,
    /// Named account that is paid, on an open chain; names do not sign
    #[arg(long, value_name = "NAME", help_heading = "Mining")]
    pub account: Option<Account>,
    /// Key that is paid and signs the blocks: PKCS#8 PEM (openssl genpkey -algorithm ed25519), mode 0600
    #[arg(long, value_name = "FILE", help_heading = "Mining")]
    pub key: Option<PathBuf>,
    /// Threads that look for the nonce [default: all cores]
    #[arg(long, value_name = "N", help_heading = "Mining")]
    pub threads: Option<NonZeroUsize>,
    /// Seal as soon as this many records are pending; the block then takes all that are
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Mining")]
    pub block_records: u32,
    /// Seal as soon as the oldest pending record is this old
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration, help_heading = "Mining")]
    pub block_age: Duration,
    /// With nothing of its own to do, seal records of other partitions that are this old; 0: never
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration, help_heading = "Mining")]
    pub rescue_age: Duration,
    /// Folder for a snapshot of the chain. Without it the chain is replayed at every start, and a topic that was cut while
    /// the miner was down goes unnoticed
    #[arg(long, value_name = "DIR", help_heading = "Chain")]
    pub data: Option<PathBuf>,
    /// Hash of a block that is known to be good: signatures are not checked on the way to it
    #[arg(long, value_name = "HASH", help_heading = "Chain")]
    pub assume_valid: Option<Hash>,
    /// Settings that every service has.
    #[command(flatten)]
    pub common: Common,
}

/// The account that is paid, and its key.
#[derive(Clone, Debug)]
pub struct Payee {
    /// The account in the headers.
    pub account: Account,
    /// Signs the blocks; `None` for a name, which has no key.
    pub secret: Option<Secret>,
}

impl Settings for Config {
    const ENV_PREFIX: &'static str = "BLOCKLOG";
    const DEFAULTS: &'static [(&'static str, &'static str)] = &[
        ("listen", "127.0.0.1:7002"),
        ("admin", "127.0.0.1:9002"),
        // Libraries log each step of their own housekeeping.
        (
            "log",
            "warn,miner=info,kit=info,follow=info,topics=info,journal=info",
        ),
    ];

    fn process(&self) -> &Process {
        &self.common.process
    }

    fn check(&self) -> Result<(), String> {
        self.chain.check()?;
        let payee = self.payee()?;
        if let Some(genesis) = self.chain.genesis().map_err(|error| error.to_string())? {
            fit::check(&self.partitions(), &payee.account, &genesis)
                .map_err(|misfit| misfit.to_string())?;
        }
        Ok(())
    }

    fn describe(&self) -> Vec<(&'static str, String)> {
        let payee = self.payee().map(|payee| payee.account.to_string());
        vec![
            ("payee", payee.unwrap_or_else(|problem| problem)),
            ("sealing_threads", self.threads().to_string()),
        ]
    }
}

impl ServiceSettings for Config {
    fn common(&self) -> &Common {
        &self.common
    }
}

impl Config {
    /// The payee. Reads the key file.
    pub fn payee(&self) -> Result<Payee, String> {
        if let Some(path) = &self.key {
            let pem = keyfile::read_pem(path).map_err(|error| format!("--key {error}"))?;
            let secret = Secret::from_pem(&pem)
                .map_err(|error| format!("--key {}: {error}", path.display()))?;
            return Ok(Payee {
                account: secret.account(),
                secret: Some(secret),
            });
        }
        match self.account {
            Some(account) if account.is_key() => Err(format!(
                "--account {account}: a key signs the blocks it is paid for; give --key FILE instead"
            )),
            Some(account) => Ok(Payee {
                account,
                secret: None,
            }),
            None => Err("either --account or --key is required".to_owned()),
        }
    }

    /// The partitions, ascending, without repeats.
    pub fn partitions(&self) -> Vec<u32> {
        let mut partitions = self.partition.clone();
        partitions.sort_unstable();
        partitions.dedup();
        partitions
    }

    /// Number of threads that search the nonce.
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(
            || std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            NonZeroUsize::get,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Config, String> {
        let fixed = [
            "blocklog-miner",
            "--journal",
            "memory:",
            "--account",
            "alice",
        ];
        kit::config::parse(fixed.iter().chain(args)).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_those_of_the_design() {
        let config = parse(&["--partition", "1"]).unwrap();
        assert_eq!(config.block_records, 3);
        assert_eq!(config.block_age, Duration::from_secs(1));
        assert_eq!(config.rescue_age, Duration::from_secs(30));
        assert_eq!(config.common.listen.to_string(), "127.0.0.1:7002");
        assert_eq!(config.common.admin.to_string(), "127.0.0.1:9002");
        assert_eq!(config.payee().unwrap().account.to_string(), "alice");
        assert!(config.threads() >= 1);
    }

    #[test]
    fn partitions_repeat_or_are_listed() {
        let config = parse(&["--partition", "3", "--partition", "0,3"]).unwrap();
        assert_eq!(config.partitions(), [0, 3]);
    }

    #[test]
    fn mistakes_say_what_to_do() {
        let key = Account::from_key([7; 32]).to_string();
        for (args, words) in [
            (vec![], "--partition"),
            (vec!["--partition=0", "--key=/no/such"], "cannot be used"),
            (vec!["--partition=0", "--threads=0"], "--threads"),
            (
                vec!["--partition=0", "--block-records=0"],
                "--block-records",
            ),
            (vec!["--partition=0", "--block-age=fast"], "250ms"),
        ] {
            let error = parse(&args).unwrap_err();
            assert!(error.contains(words), "{words} in {error}");
        }
        let args = ["m", "--journal=memory:", "--partition=0", "--account", &key];
        let error = kit::config::parse::<Config>(args).unwrap_err().to_string();
        assert!(error.contains("give --key FILE"), "{error}");
        let args = ["m", "--journal=memory:", "--partition=0"];
        let error = kit::config::parse::<Config>(args).unwrap_err().to_string();
        assert!(
            error.contains("--account") && error.contains("--key"),
            "{error}"
        );
        let args = ["m", "--journal=memory:", "--partition=0", "--key=/no/such"];
        let error = kit::config::parse::<Config>(args).unwrap_err().to_string();
        assert!(error.contains("--key /no/such"), "{error}");
    }
}
