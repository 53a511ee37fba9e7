//! The end of the traces of transactions: the block is applied and becomes visible.
//!
//! ```text
//!  context in the block's record ─▶ apply ─▶ visible
//! ```

use std::sync::Arc;

use journal::Journal;
use kit::TraceContext;
use kit::messaging::{self, Operation, Topic};
use parking_lot::Mutex;
use topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION};
use tracing::Span;

use crate::model::{Applied, Batch};

/// Height of the block.
const HEIGHT: &str = "blocklog.block.height";
/// Hash of the block.
const HASH: &str = "blocklog.block.hash";

/// Makes the spans; clones share those not visible yet.
#[derive(Clone)]
pub(super) struct Traces {
    topic: Arc<Topic>,
    /// Spans of blocks that are in the index and not visible yet.
    waiting: Arc<Mutex<Vec<Span>>>,
}

/// The spans of a batch that is being written.
pub(super) struct Applying(Vec<Span>);

impl Traces {
    pub(super) fn new(journal: &Journal) -> Traces {
        Traces {
            topic: Arc::new(Topic {
                system: journal.system(),
                name: journal.topic_name(BLOCKCHAIN),
            }),
            waiting: Arc::default(),
        }
    }

    /// Opens the spans of a batch before it is written.
    pub(super) fn applying(&self, batch: &Batch) -> Applying {
        Applying(
            batch
                .blocks()
                .iter()
                .flat_map(|block| self.block(block))
                .collect(),
        )
    }

    /// One span for each trace context in the block's record, and one for the block, with links to them.
    fn block(&self, applied: &Applied) -> Vec<Span> {
        let contexts = applied.headers.chunks(1).map(TraceContext::from_headers);
        let contexts: Vec<_> = contexts.filter(TraceContext::is_sampled).collect();
        if contexts.is_empty() {
            return Vec::new();
        }
        let apply = Operation::Process("apply");
        let each = contexts.iter().take(messaging::MAX_LINKS);
        let mut spans: Vec<_> = each
            .map(|context| self.topic.span(apply, context))
            .collect();
        let records = applied.accepted.block.verdicts().len();
        spans.push(messaging::batch_step("apply block", records, &contexts));
        for span in &spans {
            messaging::set_position(span, BLOCKCHAIN_PARTITION, Some(applied.topic_offset));
            messaging::set(span, HEIGHT, messaging::count(applied.accepted.height()));
            messaging::set(span, HASH, applied.accepted.hash().to_string());
        }
        spans
    }

    /// Closes these spans: the batch is in the index.
    pub(super) fn applied(&self, Applying(mut spans): Applying) {
        if spans.is_empty() {
            return;
        }
        let visible = |span: &Span| messaging::step("visible", &TraceContext::of(span));
        let visible: Vec<_> = spans.iter().map(visible).collect();
        spans.clear();
        self.waiting.lock().extend(visible);
    }

    /// Closes the last spans: readers see the batch.
    pub(super) fn visible(&self) {
        let mut waiting = self.waiting.lock();
        if !waiting.is_empty() {
            waiting.clear();
        }
    }
}
