//! The commands. A new one is a file below, its `mod` line, and its line among the subcommands.

mod account;
mod admin;
mod audit;
mod block;
mod candidates;
mod completions;
mod doctor;
mod explain;
mod export;
mod genesis;
mod import;
mod init;
mod keys;
mod miners;
mod pending;
mod proof;
mod record;
mod status;
mod tip;
mod topic;
mod tx;
mod verify;

use clap::Parser;

use crate::config::Global;
use crate::run::subcommands;

const EXAMPLES: &str = "\
Examples:
  blocklog tx send --from alice --to bob --amount 5
  blocklog block follow --output json
  blocklog topic cat blockchain --journal kafka://127.0.0.1:9092 --from 0

Exit codes: 0 done, 1 other, 2 usage, 3 not found, 4 rejected, 5 unavailable, 6 evidence does not verify, 7 outcome unknown.";

/// A proof-of-work ledger whose network is Apache Kafka.
#[derive(Debug, Parser)]
#[command(name = "blocklog", version, after_help = EXAMPLES, max_term_width = 110)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

subcommands! {
    /// All commands
    pub enum Command {
        #[command(subcommand)]
        Genesis(genesis::Genesis),
        Init(init::Init),
        #[command(subcommand)]
        Keys(keys::Keys),
        #[command(subcommand)]
        Tx(tx::Tx),
        #[command(subcommand)]
        Block(block::Block),
        #[command(subcommand)]
        Account(account::Account),
        #[command(subcommand)]
        Record(record::Record),
        #[command(subcommand)]
        Topic(topic::Topic),
        Pending(pending::Pending),
        Candidates(candidates::Candidates),
        Miners(miners::Miners),
        #[command(subcommand)]
        Proof(proof::Proof),
        #[command(subcommand)]
        Tip(tip::Tip),
        #[command(subcommand)]
        Admin(admin::Admin),
        Doctor(doctor::Doctor),
        Audit(audit::Audit),
        Verify(Box<verify::Verify>),
        Export(export::Export),
        Import(Box<import::Import>),
        Explain(explain::Explain),
        Status(status::Status),
        Completions(completions::Completions),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::output::Format;

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
