//! StreamBlocks: blocks from a height on, then live.

use std::time::Duration;

use kit::server::stream::{Source, is_lagging};
use prost::Message as _;
use proto::ledger::v1::{StreamBlocksRequest, StreamBlocksResponse};

use super::live::{Watch, blocking};
use super::{ask, encode, records};
use crate::index::{Reader, View};
use crate::model::answer::Block;
use crate::problem::{Failed, Problem};

/// One reader's place in the chain.
pub struct Blocks {
    watch: Watch,
    request: StreamBlocksRequest,
    /// Height of the next block.
    next: u64,
    /// The previous block, while some of its records are unsent, and the offset to continue from.
    rest: Option<(Block, u64)>,
    /// True if the stream has been at the tip.
    live: bool,
}

pub fn handle(view: &View, reader: Reader, request: StreamBlocksRequest) -> Blocks {
    let after_tip = view.tip().height() + 1;
    Blocks {
        watch: Watch::new(reader),
        next: request.from_height.unwrap_or(after_tip),
        request,
        rest: None,
        live: false,
    }
}

impl Source for Blocks {
    type Reply = StreamBlocksResponse;
    type Error = Problem;

    async fn next(
        &mut self,
        mut paused: Duration,
    ) -> Result<Option<StreamBlocksResponse>, Problem> {
        loop {
            if let Some(view) = self.watch.look() {
                if let Some((block, from)) = self.rest.clone() {
                    return self.more(view, block, from).await.map(Some);
                }
                let waiting = (view.tip().height() + 1).saturating_sub(self.next);
                if is_lagging(waiting, self.live, paused) {
                    return Err(Failed::Lagged {
                        resume_from: self.next,
                    }
                    .into());
                }
                if waiting > 0 {
                    return self.block(view).await.map(Some);
                }
                self.live = true;
                paused = Duration::ZERO;
            }
            if !self.watch.wait().await {
                self.watch.replied();
                return Ok(Some(StreamBlocksResponse {
                    tip: self.watch.look().as_ref().and_then(encode::tip),
                    ..Default::default()
                }));
            }
        }
    }

    fn shutting_down(&self) -> Option<Problem> {
        // A block that was sent in part is sent again from its start.
        let resume_from = match &self.rest {
            Some((block, _)) => block.header.height,
            None => self.next,
        };
        Some(
            Failed::ShuttingDown {
                resume_from: Some(resume_from),
            }
            .into(),
        )
    }
}

impl Blocks {
    /// The next block, with as many records as fit into a message.
    async fn block(&mut self, view: View) -> Result<StreamBlocksResponse, Problem> {
        let (height, request) = (self.next, self.request);
        let read = move || {
            let found = ask::block(&view, "from_height", height)?;
            let mut block = encode::block(&found);
            if request.with_raw {
                block.raw = view.raw_block(&found)?;
            }
            let mut rest = None;
            if request.with_records {
                let (from, taken) = (found.header.from_offset, block.encoded_len());
                let piece = records::of_block(&view, &found, from, request.with_raw, taken)?;
                block.records = piece.records;
                rest = piece.next.map(|next| (found, next));
            }
            let reply = StreamBlocksResponse {
                block: Some(block),
                tip: encode::tip(&view),
                ..Default::default()
            };
            Ok::<_, Problem>((reply, rest))
        };
        // A single read is quicker than another thread.
        let (reply, rest) = match request.with_records || request.with_raw {
            false => read()?,
            true => blocking(read).await?,
        };
        self.next += 1;
        self.rest = rest;
        self.watch.replied();
        Ok(reply)
    }

    /// Further records of the previous block.
    async fn more(
        &mut self,
        view: View,
        block: Block,
        from: u64,
    ) -> Result<StreamBlocksResponse, Problem> {
        let with_raw = self.request.with_raw;
        let read = move || {
            let piece = records::of_block(&view, &block, from, with_raw, 0)?;
            let reply = StreamBlocksResponse {
                more_records: piece.records,
                tip: encode::tip(&view),
                ..Default::default()
            };
            Ok::<_, Problem>((reply, piece.next.map(|next| (block, next))))
        };
        let (reply, rest) = blocking(read).await?;
        self.rest = rest;
        self.watch.replied();
        Ok(reply)
    }
}
