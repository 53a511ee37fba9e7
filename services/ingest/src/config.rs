//! The settings of ingest: flags, each also an environment variable.

use clap::Parser;
use journal::Journal;
use kit::config::{Common, Process, ServiceSettings, Settings};
use topics::config::ChainArgs;

/// Least memory of the window, in bytes: a few of the largest records.
const LEAST_IN_FLIGHT_BYTES: usize = 64 << 10;

const EXAMPLES: &str = "\
Examples:
  # Take transactions for the chain on a broker; wait until it has a block 0
  blocklog-ingest --journal kafka://localhost:9092

  # Make the chain if it is not there yet, and never acknowledge what lands below its cursor
  blocklog-ingest --journal kafka://b1:9092,b2:9092/demo --genesis genesis.json \\
    --ledger http://localhost:7003

  # With SASL and TLS, on all interfaces, and half the memory
  BLOCKLOG_KAFKA_CONFIG=/etc/blocklog/kafka.properties \\
    blocklog-ingest --journal kafka://b1:9093 --listen 0.0.0.0:7001 \\
    --max-in-flight 32768 --max-in-flight-bytes 33554432";

/// Takes transactions over gRPC, checks what can be checked without the chain's state, and appends them to the
/// journal. Answers once a record is durable
#[derive(Clone, Debug, Parser)]
#[command(name = "blocklog-ingest", after_help = EXAMPLES)]
pub struct Config {
    /// The journal, and which chain is expected in it.
    #[command(flatten)]
    pub chain: ChainArgs,
    /// A ledger to ask for the chain's cursors, so that nothing is acknowledged below them after a topic has lost its end,
    /// and the last nonces of senders who leave the choice to ingest. While it does not answer, such submissions of senders
    /// not seen before are refused as LEDGER_UNAVAILABLE [default: none]
    #[arg(long, value_name = "URL", help_heading = "Chain")]
    pub ledger: Option<String>,
    /// Submissions in flight to the journal at once; beyond, calls are refused as OVERLOADED and streams wait
    #[arg(
        long,
        value_name = "N",
        default_value = "65536",
        help_heading = "Limits"
    )]
    pub max_in_flight: usize,
    /// Bytes that these may take together
    #[arg(
        long,
        value_name = "BYTES",
        default_value = "67108864",
        help_heading = "Limits"
    )]
    pub max_in_flight_bytes: usize,
    /// Settings that every service has.
    #[command(flatten)]
    pub common: Common,
}

impl Config {
    /// Opens the journal that the flags name.
    pub fn open_journal(&self) -> anyhow::Result<Journal> {
        Ok(self.chain.open("blocklog-ingest")?)
    }
}

impl Settings for Config {
    const ENV_PREFIX: &'static str = "BLOCKLOG";
    const DEFAULTS: &'static [(&'static str, &'static str)] = &[
        ("listen", "127.0.0.1:7001"),
        ("admin", "127.0.0.1:9001"),
        // Libraries log each step of their own housekeeping.
        ("log", "warn,ingest=info,kit=info,topics=info,journal=info"),
    ];

    fn process(&self) -> &Process {
        &self.common.process
    }

    fn check(&self) -> Result<(), String> {
        self.chain.check()?;
        if self.max_in_flight == 0 {
            return Err("--max-in-flight must be at least 1".into());
        }
        if self.max_in_flight_bytes < LEAST_IN_FLIGHT_BYTES {
            return Err(format!(
                "--max-in-flight-bytes must be at least {LEAST_IN_FLIGHT_BYTES}"
            ));
        }
        if let Some(url) = &self.ledger {
            kit::client::check_url(url).map_err(|error| format!("--ledger: {error}"))?;
        }
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

    fn parse(more: &[&str]) -> Result<Config, String> {
        let args = [&["ingest", "--journal", "memory:"], more].concat();
        kit::config::parse::<Config>(args).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_those_of_the_design() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.common.listen.to_string(), "127.0.0.1:7001");
        assert_eq!(config.common.admin.to_string(), "127.0.0.1:9001");
        assert_eq!(config.ledger, None);
    }

    #[test]
    fn what_cannot_work_is_said_before_anything_opens() {
        for (args, said) in [
            (&["--max-in-flight", "0"][..], "--max-in-flight must be"),
            (
                &["--max-in-flight-bytes", "1"],
                "--max-in-flight-bytes must be",
            ),
            (&["--genesis", "nowhere.json"], "nowhere.json"),
            (
                &["--replication", "1", "--min-insync", "2"],
                "--min-insync 2",
            ),
        ] {
            let error = parse(args).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
