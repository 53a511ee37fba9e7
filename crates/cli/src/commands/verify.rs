//! `blocklog verify`: derives the whole chain again, without trust in any service.

#[cfg(test)]
mod changes;
mod summary;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chain::{Chain, Hash};
use follow::{Core, Event, Fatal, Settings};
use proto::reason;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Printer, Rows};
use crate::run::{Run, blocking};
use crate::session::Session;
use crate::source::{Records, Source, SourceArgs};
use summary::Summary;

// Every rule, every signature, every hash; from block 0 on.
/// Derive the whole chain again and check every rule, without trust in any service
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog verify --journal kafka://127.0.0.1:9092\n  \
    blocklog verify --export chain.export --tip 0000ab… --chain-id 12c9…\n  \
    blocklog verify --from-ledger --to 100 --output json\n\n\
    With --tip nothing that carries the chain up to that block can differ. Without it, a copy that was cut, or whose newest \
    block was changed, verifies up to there, and what stands after the tip is reported. Work that builds upon a block which is \
    not on the chain is a failure: where miners are listed only they can cause it, elsewhere whoever does the work. Keep a \
    tip (`blocklog tip save`). Candidates that are no blocks, offsets, and append times that break no rule carry nothing of the chain."
)]
pub struct Verify {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    trust: Trust,
    /// Print all balances as of this height
    #[arg(long, value_name = "HEIGHT")]
    to: Option<u64>,
}

/// The caller's knowledge of the chain.
#[derive(Debug, clap::Args)]
pub struct Trust {
    /// Required chain id
    #[arg(long, value_name = "HASH")]
    chain_id: Option<Hash>,
    /// Genesis file of the required chain
    #[arg(long, value_name = "FILE", conflicts_with = "chain_id")]
    genesis: Option<PathBuf>,
    /// Hash of a block that you trust, which must be on the chain
    #[arg(long, value_name = "HASH")]
    tip: Option<Hash>,
    /// Skip the signatures up to this block
    #[arg(long, value_name = "HASH")]
    assume_valid: Option<Hash>,
}

impl Trust {
    fn chain_id(&self) -> Outcome<Option<Hash>> {
        let Some(file) = &self.genesis else {
            return Ok(self.chain_id);
        };
        Ok(Some(topics::config::genesis_file(file)?.chain_id()))
    }
}

/// A chain derived to the end of its source.
pub struct Derived {
    core: Core,
    summary: Summary,
    source: String,
    assumed: Option<Hash>,
    took: Duration,
}

impl Derived {
    /// The extent of the checks: for programs, and for people.
    pub fn report(&self) -> Outcome<(serde_json::Value, Rows)> {
        let report = self
            .summary
            .report(self.chain()?, &self.source, self.assumed, self.took);
        Ok(report)
    }

    /// Fails if the chain does not verify.
    pub fn verdict(&self) -> Outcome {
        self.summary.verdict(self.chain()?)
    }

    fn chain(&self) -> Outcome<&Chain> {
        self.core
            .chain()
            .ok_or_else(|| self.summary.no_chain(&self.source))
    }
}

impl Run for Verify {
    async fn run(self, session: &Session) -> Outcome {
        let session = session.clone();
        blocking("the verification", move || verify(self, &session)).await
    }
}

fn verify(args: Verify, session: &Session) -> Outcome {
    let (source, printer) = (args.source.open(session)?, session.printer);
    let derived = derive(&source, &args.trust, args.to, printer, || source.records())?;
    let (value, rows) = derived.report()?;
    printer.value(&value, rows)?;
    derived.verdict()
}

/// Derives the chain from the records of `source` that `open` returns, with a progress bar.
pub fn derive(
    source: &Source,
    trust: &Trust,
    to: Option<u64>,
    printer: Printer,
    open: impl FnMut() -> Result<Records, journal::Error>,
) -> Outcome<Derived> {
    let settings = Settings {
        topic: source.name(),
        expected: trust.chain_id()?,
        assume_valid: trust.assume_valid,
    };
    let bar = source.progress(printer.is_human());
    let started = Instant::now();
    let mut summary = Summary::new(trust.tip, to);
    let replayed = follow::replay::replay(settings, open, |core, event| match event {
        Event::Accepted {
            accepted, offset, ..
        } => {
            bar.set_position(offset + 1);
            summary.accepted(&accepted);
        }
        Event::Refused(refused) => summary.refused(refused, core.chain()),
        Event::Restarted => summary.restart(),
        _ => {}
    });
    bar.finish_and_clear();
    let core = replayed.map_err(|fatal| match (fatal, source) {
        // A damaged file is evidence that does not verify, not a failing journal.
        (Fatal::Journal(error), Source::Export(..)) => summary.damaged(&error.to_string()),
        (Fatal::WrongChain { expected, found }, Source::Export(file, _)) => {
            let message = format!(
                "{} holds the chain {found}, not {expected} that was asked for",
                file.display()
            );
            Failure::new(Exit::DoesNotVerify, message).reason(reason::WRONG_CHAIN)
        }
        (Fatal::Journal(error), source) => source.failure(error),
        (fatal, _) => fatal.into(),
    })?;
    Ok(Derived {
        core,
        summary,
        source: source.name(),
        assumed: trust.assume_valid,
        took: started.elapsed(),
    })
}
