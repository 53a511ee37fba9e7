//! The flags of the whole chain in one process.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;

use kit::config::{Process, Settings};
use kit::service::Addresses;

const EXAMPLES: &str = "\
Examples:
  # A chain in ./blocklog-data, web pages on http://127.0.0.1:8080; the next start resumes it
  blocklog-dev

  # Another one beside it, gone when it ends, whose addresses are written to a file
  blocklog-dev --ephemeral --ports auto --announce dev.json

  # The same on a broker
  blocklog-dev --journal kafka://127.0.0.1:9092/dev";

/// The whole chain in one process: ingest, one miner over all partitions, ledger and explorer
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "blocklog-dev", after_help = EXAMPLES)]
pub struct Config {
    /// Folder of the chain, its keys and its index; created at the first start
    #[arg(long, value_name = "DIR", default_value = "./blocklog-data")]
    pub data: PathBuf,
    /// Use a temporary folder instead, and remove it at the end
    #[arg(long, conflicts_with = "data")]
    pub ephemeral: bool,
    /// The journal, such as kafka://HOST:PORT/PREFIX [default: files in the data folder]
    #[arg(long, value_name = "URL")]
    pub journal: Option<journal::Url>,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// default: gRPC 7001 to 7004, admin 9001 to 9004, web 8080; auto: any that are free
    #[arg(long, value_enum, value_name = "CHOICE", default_value = "default")]
    pub ports: Ports,
    /// File to write addresses, accounts and pid to, as JSON, once everything is ready
    #[arg(long, value_name = "FILE")]
    pub announce: Option<PathBuf>,
    /// Flags of every process.
    #[command(flatten)]
    pub process: Process,
}

/// The choice of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Ports {
    /// The ports of the services' own binaries
    Default,
    /// Free ports
    Auto,
}

impl Settings for Config {
    const ENV_PREFIX: &'static str = "BLOCKLOG";
    /// The terminal shows the banner and problems. Ingest's warning that the ledger is still starting is no problem.
    const DEFAULTS: &'static [(&'static str, &'static str)] =
        &[("log", "warn,ingest::cursors=error")];

    fn process(&self) -> &Process {
        &self.process
    }
}

impl Config {
    /// The address to listen on, with that default port or a free one.
    pub fn address(&self, port: u16) -> SocketAddr {
        let auto = self.ports == Ports::Auto;
        (self.host, if auto { 0 } else { port }).into()
    }

    /// gRPC and admin of service 1 to 4.
    pub fn addresses(&self, service: u16) -> Addresses {
        let (grpc, admin) = (self.address(7000 + service), self.address(9000 + service));
        Addresses { grpc, admin }
    }

    /// Fails with all ports that are in use, before the first socket opens.
    pub fn check_ports(&self) -> anyhow::Result<()> {
        let ports = (7001..=7004).chain(9001..=9004).chain([8080]);
        let taken = |at: &SocketAddr| {
            TcpListener::bind(at).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
        };
        let ports = ports.map(|port| self.address(port)).filter(taken);
        let taken: Vec<_> = ports.map(|at| at.to_string()).collect();
        anyhow::ensure!(
            taken.is_empty(),
            "in use by other processes: {}; stop them (another blocklog-dev?), or start with --ports auto",
            taken.join(", ")
        );
        Ok(())
    }
}
