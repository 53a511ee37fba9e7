//! `blocklog genesis`.

use std::path::PathBuf;

use chain::Account;
use chain::genesis::{Allocation, Genesis, to_json};
use clap::Subcommand;
use proto::ledger::v1::{GetGenesisRequest, GetGenesisResponse};

use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::format::{number, time};
use crate::output::{Printer, Rows};

/// The rules of a chain are fixed by its genesis for ever.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a genesis file
    #[command(
        after_help = "Examples:\n  blocklog genesis new --name trial --open -o genesis.json\n  \
        blocklog genesis new --name consortium --allow-miner bl1… --allow-miner bl1… --admin bl1… --allocate bl1…=1000 -o genesis.json"
    )]
    New(Box<NewArgs>),
    /// The rules of the running chain, or of a genesis file
    #[command(
        after_help = "Examples:\n  blocklog genesis show\n  blocklog genesis show genesis.json"
    )]
    Show {
        /// A genesis file; the ledger's chain if left out
        file: Option<PathBuf>,
    },
}

/// What the genesis says. What is not given is the tools' default.
#[derive(Debug, clap::Args)]
pub struct NewArgs {
    /// Name of the chain: [a-z0-9][a-z0-9._-]{0,63}
    #[arg(long, default_value = "blocklog")]
    name: String,
    /// Named accounts exist, need no signature and may be overdrawn: for trials
    #[arg(long)]
    open: bool,
    /// Partitions of the transactions topic, 1 to 1024
    #[arg(long, default_value_t = 2)]
    partitions: u32,
    /// Paid to the miner of each block
    #[arg(long, default_value_t = 1)]
    reward: u64,
    /// Easiest work, as 8 hex digits
    #[arg(long, default_value = "1f00ffff", value_parser = |text: &str| u32::from_str_radix(text, 16))]
    bits: u32,
    /// Milliseconds between blocks that the work adapts to; 0: the work never changes
    #[arg(long, default_value_t = 0, value_name = "MS")]
    target_block_ms: u64,
    /// Records that a block may hold, up to 10 000
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    max_block_records: u32,
    /// Bytes that a block may have, 65536 to 16777216
    #[arg(long, default_value_t = 3 << 20, value_name = "BYTES")]
    max_block_bytes: u32,
    /// Balance at the start; repeat it for several
    #[arg(long, value_name = "ACCOUNT=AMOUNT", value_parser = allocation)]
    allocate: Vec<Allocation>,
    /// Key account that may mine; repeat it for several; anyone if left out
    #[arg(long, value_name = "ACCOUNT")]
    allow_miner: Vec<Account>,
    /// Key account that may change the list of miners
    #[arg(long, value_name = "ACCOUNT")]
    admin: Option<Account>,
    /// Where to write it
    #[arg(long, short, value_name = "FILE", default_value = "genesis.json")]
    out: PathBuf,
}

fn allocation(text: &str) -> Result<Allocation, String> {
    let (account, amount) = text.split_once('=').ok_or("write ACCOUNT=AMOUNT")?;
    Ok(Allocation {
        account: account
            .parse()
            .map_err(|error| format!("{account:?}: {error}"))?,
        amount: amount
            .parse()
            .map_err(|error| format!("{amount:?}: {error}"))?,
    })
}

pub async fn run(command: Command, connect: &Connect, printer: Printer) -> Outcome {
    match command {
        Command::New(args) => new(*args, printer),
        Command::Show { file: Some(file) } => {
            show_file(&topics::config::genesis_file(&file)?, printer)
        }
        Command::Show { file: None } => {
            let reply = connect
                .ledger()?
                .get_genesis(GetGenesisRequest {})
                .await?
                .into_inner();
            Ok(printer.message(&reply, rows)?)
        }
    }
}

fn new(args: NewArgs, printer: Printer) -> Outcome {
    let genesis = Genesis {
        name: args.name,
        timestamp_ms: u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default(),
        open: args.open,
        partitions: args.partitions,
        reward: args.reward,
        bits: args.bits,
        target_block_ms: args.target_block_ms,
        max_block_records: args.max_block_records,
        max_block_bytes: args.max_block_bytes,
        allocations: args.allocate,
        miners: args.allow_miner,
        admin: args.admin,
    };
    genesis
        .validate()
        .map_err(|fault| Failure::new(Exit::Usage, fault.to_string()).reason(fault.code()))?;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.out)
        .map_err(|error| {
            Failure::new(
                Exit::Other,
                format!(
                    "cannot write {}: {error}; name another file with --out",
                    args.out.display()
                ),
            )
        })?;
    std::io::Write::write_all(&mut file, format!("{}\n", to_json(&genesis)).as_bytes())?;
    show_file(&genesis, printer)
}

fn show_file(genesis: &Genesis, printer: Printer) -> Outcome {
    let reply = GetGenesisResponse {
        chain_id: genesis.chain_id().to_string(),
        chain_name: genesis.name.clone(),
        timestamp: Some(proto::wire::timestamp(genesis.timestamp_ms)),
        open: genesis.open,
        partitions: Some(genesis.partitions),
        reward: Some(genesis.reward),
        bits: proto::wire::bits_text(genesis.bits),
        target_block_ms: Some(genesis.target_block_ms),
        max_block_records: Some(genesis.max_block_records),
        max_block_bytes: Some(genesis.max_block_bytes),
        miners: genesis.miners.iter().map(ToString::to_string).collect(),
        allocations: u32::try_from(genesis.allocations.len()).ok(),
        record: genesis.encode(),
        admin: genesis
            .admin
            .map(|admin| admin.to_string())
            .unwrap_or_default(),
    };
    Ok(printer.message(&reply, rows)?)
}

fn rows(reply: &GetGenesisResponse) -> Rows {
    vec![
        ("chain id", reply.chain_id.clone()),
        ("name", reply.chain_name.clone()),
        ("time", time(reply.timestamp.as_ref())),
        (
            "named accounts",
            if reply.open {
                "yes (open)".into()
            } else {
                "no".into()
            },
        ),
        ("partitions", number(reply.partitions)),
        ("reward", number(reply.reward)),
        ("bits", reply.bits.clone()),
        (
            "target interval",
            format!("{} ms", number(reply.target_block_ms)),
        ),
        (
            "block limits",
            format!(
                "{} records, {} bytes",
                number(reply.max_block_records),
                number(reply.max_block_bytes)
            ),
        ),
        ("allocations", number(reply.allocations)),
        (
            "miners",
            if reply.miners.is_empty() {
                "anyone".into()
            } else {
                reply.miners.join(" ")
            },
        ),
        ("admin", reply.admin.clone()),
    ]
}
