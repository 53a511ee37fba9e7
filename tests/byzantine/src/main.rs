//! A miner that lies: it makes a block of what a partition holds, with a lie in it, and proposes it.
//!
//! Some lies the rules cannot see, and only the audit tells ([`tale`]); the others every reader refuses ([`fault`]).

mod fault;
mod tale;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, ensure};
use bytes::Bytes;
use chain::{Block, Chain, Draft, Hash, Secret, work};
use clap::Parser;
use follow::{Settings, replay};
use journal::{Entry, Journal, Record};
use prost::Message as _;
use proto::chain::v1;
use topics::config::JournalArgs;
use topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, TRANSACTIONS};

use fault::Fault;
use tale::Tale;

/// How long reads and appends may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of the topic that are read.
const SLICE_BYTES: usize = 8 << 20;

/// One lie.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    journal: JournalArgs,
    /// Partition to seal
    #[arg(long)]
    partition: u32,
    /// Key file of the miner
    #[arg(long)]
    key: std::path::PathBuf,
    /// What the block says that is not so; honest if neither is given
    #[arg(long, value_enum)]
    tale: Option<Tale>,
    /// Which rule it breaks; repeat it for several blocks
    #[arg(long, value_enum, conflicts_with = "tale")]
    fault: Vec<Fault>,
}

/// The chain as it stands, and what a partition holds behind it.
struct Ground {
    chain: Chain,
    partition: u32,
    records: Vec<Record>,
    /// Everything below it was read.
    end: u64,
    secret: Secret,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let journal = args.journal.open("byzantine")?;
    let ground = Ground::read(&journal, &args)?;
    let block = ground.block(args.tale)?;
    if args.fault.is_empty() {
        return propose(&journal, &ground, ground.seal(block, true), None);
    }
    for fault in args.fault {
        let value = fault.commit(&ground, block.clone())?;
        propose(&journal, &ground, value, Some(fault.expected()))?;
    }
    Ok(())
}

/// Appends a block, and says where it landed.
fn propose(journal: &Journal, ground: &Ground, value: Bytes, expected: Option<&str>) -> Result<()> {
    let hash = chain::block::frame(value.clone()).map(|block| block.hash().to_string());
    let entry = Entry {
        partition: BLOCKCHAIN_PARTITION,
        value,
        ..Entry::default()
    };
    let appended = journal.append(BLOCKCHAIN, entry, PATIENCE)?;
    println!(
        "{}",
        serde_json::json!({
            "offset": appended.offset, "height": ground.chain.tip().height() + 1, "hash": hash.ok(), "expected": expected,
            "miner": ground.secret.account().to_string(),
        })
    );
    Ok(())
}

impl Ground {
    fn read(journal: &Journal, args: &Args) -> Result<Ground> {
        let settings = Settings {
            topic: journal.topic_name(BLOCKCHAIN),
            expected: None,
            assume_valid: None,
        };
        let core = replay::replay(settings, || topics::records(journal), |_, _| {})?;
        let chain = core.chain().context("there is no chain")?.clone();
        let pem = std::fs::read_to_string(&args.key)?;
        let secret = Secret::from_pem(&pem).map_err(|error| anyhow!("{error}"))?;
        let cursor = chain.cursor(args.partition);
        let end = journal.offsets(TRANSACTIONS, args.partition)?.end;
        ensure!(
            cursor < end,
            "partition {} has nothing to seal",
            args.partition
        );
        let mut reader = journal.reader(TRANSACTIONS, args.partition, cursor)?;
        let (mut records, mut next) = (Vec::new(), cursor);
        while next < end {
            let batch = reader.next(SLICE_BYTES, PATIENCE)?;
            ensure!(batch.next > next, "nothing comes at offset {next}");
            records.extend(batch.records);
            next = batch.next;
        }
        Ok(Ground {
            chain,
            partition: args.partition,
            records,
            end: next,
            secret,
        })
    }

    /// The block as an honest miner would make it, but for the tale. Not sealed.
    fn block(&self, tale: Option<Tale>) -> Result<v1::Block> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let draft = Draft {
            partition: self.partition,
            slots: tale::slots(self, tale)?,
            miner: self.miner(),
            timestamp_ms: u64::try_from(now)?.max(self.chain.tip().header.timestamp_ms),
        };
        let template = self.chain.assemble(draft)?;
        let mut block = v1::Block::decode(template.finish(0, None))?;
        let header = block.header.as_mut().context("a block has a header")?;
        header.miner = self.secret.account().as_bytes().to_vec().into();
        Ok(block)
    }

    /// Who may mine: whoever is struck off borrows another's name until the block is made.
    fn miner(&self) -> chain::Account {
        let own = self.secret.account();
        let listed = self.chain.miners().first().copied().unwrap_or(own);
        if self.chain.may_mine(&own) {
            own
        } else {
            listed
        }
    }

    /// The work (or work that does not do), and the signature.
    fn seal(&self, mut block: v1::Block, enough: bool) -> Bytes {
        for nonce in 0.. {
            let Some(header) = block.header.as_mut() else {
                break;
            };
            header.nonce = nonce;
            let hash = hash(&block);
            if work::meets(&hash, self.chain.next_bits()) == enough {
                block.signature = self.sign(&hash);
                break;
            }
        }
        block.encode_to_vec().into()
    }

    fn sign(&self, hash: &Hash) -> Bytes {
        let message = [b"blocklog:block:v1", &hash.0[..]].concat();
        Bytes::copy_from_slice(&self.secret.sign(&message))
    }
}

/// The hash of a block in the making; of one that has none, a hash that is no work.
fn hash(block: &v1::Block) -> Hash {
    let header = v1::Block {
        header: block.header.clone(),
        ..v1::Block::default()
    };
    chain::block::frame(header.encode_to_vec().into())
        .map_or(Hash([0; 32]), |framed: Block| framed.hash())
}
