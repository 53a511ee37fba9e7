//! `blocklog audit`: compares the blocks with the transactions topic, byte for byte, without a ledger.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chain::{Accepted, Chain, Hash};
use follow::Event;
use follow::audit::{self, Fault, Held, Seen};
use journal::{Headers, Journal, Reader, Record};
use proto::ledger::v1::AuditFinding;
use proto::ledger::v1::audit_finding::Kind;
use proto::text::Named as _;
use serde_json::json;
use topics::TRANSACTIONS;
use topics::config::JournalArgs;

use crate::exit::{Exit, Failure, Outcome};
use crate::format::number;
use crate::output::Printer;
use crate::run::{Run, blocking};
use crate::session::Session;
use crate::source::{self, Source};

/// Size of a read in bytes, and the longest wait for records below the end.
const READ_BYTES: usize = 8 << 20;
const READ_WAIT: Duration = Duration::from_secs(10);

/// Compare every block with the transactions topic, byte for byte
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog audit --journal kafka://127.0.0.1:9092")]
pub struct Audit {
    #[command(flatten)]
    journal: JournalArgs,
}

impl Run for Audit {
    async fn run(self, session: &Session) -> Outcome {
        let printer = session.printer;
        blocking("the audit", move || audit(&self.journal, printer)).await
    }
}

fn audit(journal: &JournalArgs, printer: Printer) -> Outcome {
    let journal = journal.open_existing("blocklog")?;
    source::expect_transactions(&journal)?;
    let source = Source::of(journal.clone())?;
    let bar = source.progress(printer.is_human());
    let started = Instant::now();
    let mut auditor = Auditor {
        journal,
        partitions: BTreeMap::new(),
        findings: Vec::new(),
        blocks: 0,
        offsets: 0,
        trouble: None,
    };
    let core = source.replay(|event| {
        if let Event::Accepted {
            accepted, offset, ..
        } = event
        {
            bar.set_position(offset + 1);
            if auditor.trouble.is_none() {
                auditor.trouble = auditor.block(&accepted).err();
            }
        }
    })?;
    bar.finish_and_clear();
    if let Some(error) = auditor.trouble.take() {
        return Err(error.into());
    }
    let chain = core.chain().expect("a replay ends with a chain");
    auditor.report(chain, started.elapsed(), printer)
}

struct Auditor {
    journal: Journal,
    partitions: BTreeMap<u32, Partition>,
    findings: Vec<Evidence>,
    blocks: u64,
    offsets: u64,
    trouble: Option<journal::Error>,
}

/// One partition, read once from its start to the cursor: slices are contiguous.
struct Partition {
    reader: Reader,
    start: u64,
    ahead: Vec<Topical>,
    next: u64,
}

struct Topical(Record, Hash);

impl Held for Topical {
    fn offset(&self) -> u64 {
        self.0.offset
    }

    fn hash(&self) -> Hash {
        self.1
    }

    fn bytes(&self) -> usize {
        self.0.value.len()
    }
}

impl Auditor {
    /// Prints the extent of the comparison, and each finding.
    fn report(&self, chain: &Chain, took: Duration, printer: Printer) -> Outcome {
        for evidence in &self.findings {
            printer.line(&evidence.text(printer))?;
        }
        let found = self.findings.len();
        let value = json!({
            "chainId": chain.rules().chain_id.to_string(), "height": chain.tip().height(), "tip": chain.tip().hash.to_string(),
            "blocks": self.blocks, "offsets": self.offsets, "findings": found, "seconds": took.as_secs_f64(),
        });
        let rows = vec![
            (
                "checked",
                format!(
                    "{} blocks with {} offsets against {}, byte for byte",
                    self.blocks,
                    self.offsets,
                    self.journal.topic_name(TRANSACTIONS)
                ),
            ),
            (
                "tip",
                format!("{} {}", chain.tip().height(), chain.tip().hash),
            ),
            ("findings", found.to_string()),
        ];
        printer.value(&value, rows)?;
        if found > 0 {
            let advice = format!(
                "{found} findings: blocks and topic disagree; each line names block, miner and hashes; remove the miner with `blocklog admin miner remove`"
            );
            return Err(Failure::new(Exit::DoesNotVerify, advice).reason("FINDINGS"));
        }
        Ok(())
    }

    fn block(&mut self, accepted: &Accepted) -> Result<(), journal::Error> {
        let header = accepted.block.header();
        self.blocks += 1;
        if header.from_offset == header.to_offset {
            return Ok(());
        }
        self.offsets += header.to_offset - header.from_offset;
        let partition = match self.partitions.entry(header.partition) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                new.insert(Partition::open(&self.journal, header.partition)?)
            }
        };
        let held = partition.upto(header.to_offset)?;
        let findings = &mut self.findings;
        audit::compare(
            header.from_offset,
            audit::claims(accepted),
            held.iter(),
            partition.start,
            |seen| {
                if let Seen::Fault(run) = seen {
                    findings.push(Evidence::of(accepted, &run));
                }
            },
        );
        Ok(())
    }
}

impl Partition {
    fn open(journal: &Journal, partition: u32) -> Result<Self, journal::Error> {
        let start = journal.offsets(TRANSACTIONS, partition)?.start;
        Ok(Self {
            reader: journal
                .reader(TRANSACTIONS, partition, start)?
                .keep(Headers::None),
            start,
            ahead: Vec::new(),
            next: start,
        })
    }

    /// Takes the records below `to`. A topic that ends before that has lost records, so the rest is compared with nothing.
    fn upto(&mut self, to: u64) -> Result<Vec<Topical>, journal::Error> {
        while self.next < to {
            let batch = self.reader.next(READ_BYTES, READ_WAIT)?;
            if batch.next == self.next {
                break;
            }
            self.next = batch.next;
            self.ahead.extend(batch.records.into_iter().map(|record| {
                let hash = Hash::of(&record.value);
                Topical(record, hash)
            }));
        }
        let rest = self.ahead.partition_point(|held| held.0.offset < to);
        let later = self.ahead.split_off(rest);
        Ok(std::mem::replace(&mut self.ahead, later))
    }
}

/// A finding, with the signature of its block, which the miner cannot deny.
struct Evidence {
    finding: AuditFinding,
    signature: String,
}

impl Evidence {
    fn of(accepted: &Accepted, run: &audit::Run) -> Self {
        Self {
            finding: finding(accepted, run),
            signature: hex::encode(accepted.block.signature()),
        }
    }

    fn text(&self, printer: Printer) -> String {
        let found = &self.finding;
        if !printer.is_human() {
            let mut value = proto::json::to_value(found);
            value["signature"] = json!(self.signature);
            return value.to_string();
        }
        let hash = |text: &str| {
            if text.is_empty() {
                "no record".to_owned()
            } else {
                text.to_owned()
            }
        };
        let signature = if self.signature.is_empty() {
            "none, the miner is a name"
        } else {
            &self.signature
        };
        format!(
            "{} in block {} of {}: offsets {} to {} of partition {}\n  block      {}\n  in block   {}\n  in topic   {}\n  signature  {signature}",
            found.kind().code(),
            number(found.height),
            found.miner,
            number(found.from_offset),
            number(found.to_offset),
            number(found.partition),
            found.block_hash,
            hash(&found.in_block),
            hash(&found.in_topic),
        )
    }
}

fn finding(accepted: &Accepted, run: &audit::Run) -> AuditFinding {
    let header = accepted.block.header();
    let kind = match run.fault {
        Fault::Missing => Kind::Missing,
        Fault::Replaced => Kind::Replaced,
        Fault::Invented => Kind::Invented,
        Fault::Misjudged => Kind::Misjudged,
        Fault::Unavailable => Kind::Unavailable,
    };
    let text = |hash: Option<Hash>| hash.map(|hash| hash.to_string()).unwrap_or_default();
    AuditFinding {
        height: Some(accepted.height()),
        block_hash: accepted.hash().to_string(),
        miner: header
            .miner
            .map(|miner| miner.to_string())
            .unwrap_or_default(),
        kind: kind.into(),
        partition: Some(header.partition),
        from_offset: Some(run.from_offset),
        to_offset: Some(run.to_offset),
        in_block: text(run.in_block),
        in_topic: text(run.in_topic),
    }
}
