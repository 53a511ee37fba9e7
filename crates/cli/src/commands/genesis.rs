//! `blocklog genesis`.

use std::path::PathBuf;

use chain::Account;
use chain::genesis::{self, Allocation, to_json};
use proto::ledger::v1::{GetGenesisRequest, GetGenesisResponse};

use crate::exit::{Exit, Failure, Outcome};
use crate::file::unwritable;
use crate::format::{number, time};
use crate::output::{Printer, Rows};
use crate::run::{Run, subcommands};
use crate::session::Session;

// The genesis fixes the rules of a chain for ever.
subcommands! {
    /// Create or show the rules of a chain
    pub enum Genesis {
        New(Box<New>),
        Show(Show),
    }
}

/// Write a genesis file
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog genesis new --name trial --open -o genesis.json\n  \
    blocklog genesis new --name consortium --allow-miner bl1… --allow-miner bl1… --admin bl1… --allocate bl1…=1000 -o genesis.json"
)]
pub struct New {
    #[allow(rustdoc::broken_intra_doc_links, reason = "the text of --help")]
    /// Name of the chain: [a-z0-9][a-z0-9._-]{0,63}
    #[arg(long, default_value = "blocklog")]
    name: String,
    /// Allow named accounts, which need no signature and may be overdrawn: for trials
    #[arg(long)]
    open: bool,
    /// Partitions of the transactions topic, 1 to 1024
    #[arg(long, default_value_t = 2)]
    partitions: u32,
    /// Reward of the miner of each block
    #[arg(long, default_value_t = 1)]
    reward: u64,
    /// Bits of the easiest target, as 8 hex digits
    #[arg(long, default_value = "1f00ffff", value_parser = |text: &str| u32::from_str_radix(text, 16))]
    bits: u32,
    /// Milliseconds between blocks that the difficulty adapts to; 0: it never changes
    #[arg(long, default_value_t = 0, value_name = "MS")]
    target_block_ms: u64,
    /// Records of a block at most, up to 10 000
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    max_block_records: u32,
    /// Bytes of a block at most, 65536 to 16777216
    #[arg(long, default_value_t = 3 << 20, value_name = "BYTES")]
    max_block_bytes: u32,
    /// Initial balance of an account; may be repeated
    #[arg(long, value_name = "ACCOUNT=AMOUNT", value_parser = allocation)]
    allocate: Vec<Allocation>,
    /// Key account that may mine; may be repeated [default: anyone]
    #[arg(long, value_name = "ACCOUNT")]
    allow_miner: Vec<Account>,
    /// Key account that may change the list of miners
    #[arg(long, value_name = "ACCOUNT")]
    admin: Option<Account>,
    /// File to write
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

/// Show the rules of the running chain, or of a genesis file
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  blocklog genesis show\n  blocklog genesis show genesis.json")]
pub struct Show {
    /// A genesis file [default: the ledger's chain]
    file: Option<PathBuf>,
}

impl Run for Show {
    async fn run(self, session: &Session) -> Outcome {
        if let Some(file) = self.file {
            return show(&topics::config::genesis_file(&file)?, session.printer);
        }
        let asked = session.ledger()?.get_genesis(GetGenesisRequest {}).await;
        Ok(session.printer.message(&asked?.into_inner(), rows)?)
    }
}

impl Run for New {
    async fn run(self, session: &Session) -> Outcome {
        let genesis = genesis::Genesis {
            name: self.name,
            timestamp_ms: u64::try_from(jiff::Timestamp::now().as_millisecond())
                .unwrap_or_default(),
            open: self.open,
            partitions: self.partitions,
            reward: self.reward,
            bits: self.bits,
            target_block_ms: self.target_block_ms,
            max_block_records: self.max_block_records,
            max_block_bytes: self.max_block_bytes,
            allocations: self.allocate,
            miners: self.allow_miner,
            admin: self.admin,
        };
        genesis
            .validate()
            .map_err(|fault| Failure::new(Exit::Usage, fault.to_string()).reason(fault.code()))?;
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&self.out)
            .map_err(|error| unwritable(&self.out, &error, "; name another file with --out"))?;
        std::io::Write::write_all(&mut file, format!("{}\n", to_json(&genesis)).as_bytes())?;
        show(&genesis, session.printer)
    }
}

fn show(genesis: &genesis::Genesis, printer: Printer) -> Outcome {
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
