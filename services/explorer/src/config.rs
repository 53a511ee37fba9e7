//! The settings of the explorer: flags, each also an environment variable.

use std::net::SocketAddr;

use clap::Parser;
use kit::config::{Common, Process, ServiceSettings, Settings};

const EXAMPLES: &str = "\
Examples:
  # Beside a ledger on the same machine; then open http://127.0.0.1:8080
  blocklog-explorer

  # For everybody, with the miners' state
  blocklog-explorer --ledger http://ledger:7003 --miner http://miner-0:7002 --miner http://miner-1:7002 --web 0.0.0.0:8080";

/// Web pages and search over the chain of a ledger. Keeps no state
#[derive(Clone, Debug, Parser)]
#[command(name = "blocklog-explorer", after_help = EXAMPLES)]
pub struct Config {
    /// The ledger of the chain to show
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:7003",
        help_heading = "Chain"
    )]
    pub ledger: String,
    /// A miner to show the state of; may be repeated [default: none]
    #[arg(
        long,
        value_name = "URL",
        value_delimiter = ',',
        help_heading = "Chain"
    )]
    pub miner: Vec<String>,
    /// Address of the web pages
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080",
        help_heading = "Process"
    )]
    pub web: SocketAddr,
    /// Flags of every service.
    #[command(flatten)]
    pub common: Common,
}

impl Settings for Config {
    const ENV_PREFIX: &'static str = "BLOCKLOG";
    const DEFAULTS: &'static [(&'static str, &'static str)] = &[
        ("listen", "127.0.0.1:7004"),
        ("admin", "127.0.0.1:9004"),
        // At `info`, libraries log every step of their housekeeping.
        ("log", "warn,explorer=info,kit=info"),
    ];

    fn process(&self) -> &Process {
        &self.common.process
    }

    fn check(&self) -> Result<(), String> {
        for url in std::iter::once(&self.ledger).chain(&self.miner) {
            kit::client::check_url(url).map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

impl ServiceSettings for Config {
    fn common(&self) -> &Common {
        &self.common
    }
}
