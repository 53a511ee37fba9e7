//! The words of the command line.

use clap::{Parser, Subcommand};

use crate::{commands, output::Format};

const EXAMPLES: &str = "\
Examples:
  blocklog tx send --from alice --to bob --amount 5
  blocklog block follow --output json
  blocklog topic cat blockchain --journal kafka://127.0.0.1:9092 --from 0

Exit codes: 0 done, 1 other, 2 usage, 3 not found, 4 rejected, 5 unavailable, 6 evidence does not verify, 7 outcome unknown.";

/// What the options of every command stand under.
const EVERYWHERE: &str = "Of every command";

/// A proof-of-work ledger whose network is Apache Kafka.
#[derive(Debug, Parser)]
#[command(name = "blocklog", version, after_help = EXAMPLES, max_term_width = 110)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
    /// How to print: for people, or JSON lines for programs
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        value_enum,
        default_value_t,
        env = "BLOCKLOG_OUTPUT"
    )]
    pub output: Format,
    /// Address of a ledger
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        default_value = "http://127.0.0.1:7003",
        env = "BLOCKLOG_LEDGER",
        value_name = "URL",
        value_parser = address
    )]
    pub ledger: String,
    /// Address of an ingest
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        default_value = "http://127.0.0.1:7001",
        env = "BLOCKLOG_INGEST",
        value_name = "URL",
        value_parser = address
    )]
    pub ingest: String,
    /// Address of a miner; repeat it for several
    #[arg(
        id = "miner_url",
        long = "miner",
        global = true,
        help_heading = EVERYWHERE,
        default_value = "http://127.0.0.1:7002",
        env = "BLOCKLOG_MINER",
        value_name = "URL",
        value_parser = miner_address
    )]
    pub miner: Vec<String>,
}

/// The address of a service.
fn address(text: &str) -> Result<String, String> {
    kit::client::check_url(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

/// Where a miner answers: not who may mine, which is easily mistaken for it.
fn miner_address(text: &str) -> Result<String, String> {
    address(text).map_err(|error| {
        format!(
            "{error}: it is where a miner answers; who may mine is said by `genesis new --allow-miner ACCOUNT` and `admin miner add`"
        )
    })
}

/// All commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make or show the rules of a chain
    #[command(subcommand)]
    Genesis(commands::genesis::Command),
    /// Create the topics and publish block 0
    Init(commands::init::Args),
    /// Make or show keys
    #[command(subcommand)]
    Keys(commands::keys::Command),
    /// Send, encode, decode and follow transactions
    #[command(subcommand)]
    Tx(commands::tx::Command),
    /// List, get and follow blocks
    #[command(subcommand)]
    Block(commands::block::Command),
    /// Balance and nonce of an account
    #[command(subcommand)]
    Account(commands::account::Command),
    /// What became of one offset of the transactions topic
    #[command(subcommand)]
    Record(commands::record::Command),
    /// Read the topics themselves, without any service
    #[command(subcommand)]
    Topic(commands::topic::Command),
    /// Records that no block has consumed yet, in the order in which they will be
    #[command(after_help = "Example:\n  blocklog pending --partition 1 --limit 10")]
    Pending {
        /// Partition of the transactions topic
        #[arg(long, default_value_t = 0)]
        partition: u32,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Candidates that did not become blocks: lost races and invalid ones
    #[command(
        after_help = "Example:\n  blocklog candidates --output json | jq 'select(.reason != \"STALE\")'"
    )]
    Candidates {
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Who made the blocks
    #[command(after_help = "Example:\n  blocklog miners")]
    Miners,
    /// Get and check evidence that needs no trust in the service that gave it
    #[command(subcommand)]
    Proof(commands::proof::Command),
    /// Keep a tip, and ask later whether the chain still extends it
    #[command(subcommand)]
    Tip(commands::tip::Command),
    /// Orders of the chain's admin
    #[command(subcommand)]
    Admin(commands::admin::Command),
    /// What is wrong with broker, topics and services, each fault with its fix
    Doctor(commands::doctor::DoctorArgs),
    /// Compare every block with the transactions topic, byte for byte
    Audit(commands::audit::AuditArgs),
    /// Derive the whole chain again and check every rule, trusting nobody
    Verify(Box<commands::verify::Args>),
    /// Write all candidates with offsets and append times to a file that `verify` reads
    Export(commands::export::Args),
    /// Make a read-only journal of an export, for a ledger and the offline commands, while checking every rule
    Import(Box<commands::import::Args>),
    /// What a verdict, a block rule or the reason of an error means, who must act, and what to do
    #[command(
        after_help = "Examples:\n  blocklog explain NONCE_TOO_LOW\n  blocklog explain --output json"
    )]
    Explain {
        /// The code; all of them if left out
        code: Option<String>,
    },
    /// The chain and the services at a glance
    #[command(after_help = "Example:\n  blocklog status --miner http://127.0.0.1:7002")]
    Status,
    /// Completions for a shell
    #[command(
        after_help = "Example:\n  blocklog completions bash > /etc/bash_completion.d/blocklog"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_command_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        fn look(command: &clap::Command, path: &str, missing: &mut Vec<String>) {
            for part in command.get_subcommands() {
                let path = format!("{path} {}", part.get_name());
                look(part, &path, missing);
                let help = part.get_after_help().map(ToString::to_string);
                let shown = help.is_some_and(|help| {
                    help.contains(&format!("{path} "))
                        || help.contains(&format!("{path}\n"))
                        || help.ends_with(&path)
                });
                if !part.has_subcommands() && !shown {
                    missing.push(path);
                }
            }
        }
        let mut missing = Vec::new();
        look(&Cli::command(), "blocklog", &mut missing);
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn an_account_is_no_address() {
        let new = ["blocklog", "genesis", "new", "--miner"];
        for account in [
            "alice",
            "bl1",
            "bl1rx25dqu6guz5q0p8t2af32e0mnerm55dgs3q9e006svuv9d66hrsu87s9m",
        ] {
            let refused = Cli::try_parse_from(new.iter().copied().chain([account]))
                .expect_err("it is an account");
            assert_eq!(refused.exit_code(), 2);
            assert!(refused.to_string().contains("--allow-miner"), "{refused}");
        }
        for url in [
            "http://127.0.0.1:7002",
            "localhost:7002",
            "http://miner.example:80/",
        ] {
            Cli::try_parse_from(new.iter().copied().chain([url])).expect("an address");
        }
    }

    #[test]
    fn a_word_after_the_command_does_not_change_its_options() {
        let words = [
            "blocklog",
            "genesis",
            "new",
            "--allow-miner",
            "alice",
            "-o",
            "g.json",
            "--output",
            "json",
        ];
        let cli = Cli::try_parse_from(words).expect("the words are right");
        assert_eq!(cli.global.output, Format::Json);
        assert_eq!(cli.global.miner, ["http://127.0.0.1:7002"]);
    }
}
