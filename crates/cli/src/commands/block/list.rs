//! `blocklog block list`.

use proto::ledger::v1::ListBlocksRequest;

use crate::answer;
use crate::exit::Outcome;
use crate::format::{number, short, time};
use crate::run::Run;
use crate::session::Session;

/// The newest blocks
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog block list --limit 5\n  blocklog block list --by alice --oldest-first"
)]
pub struct List {
    /// Number of blocks
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// List the oldest first, from height 0
    #[arg(long)]
    oldest_first: bool,
    /// Only blocks of this miner
    #[arg(
        long,
        value_name = "ACCOUNT",
        default_value = "",
        hide_default_value = true
    )]
    by: String,
}

impl Run for List {
    async fn run(self, session: &Session) -> Outcome {
        let request = ListBlocksRequest {
            oldest_first: self.oldest_first,
            miner: self.by,
            ..Default::default()
        };
        let blocks = session.rows(request, self.limit, answer::block).await?;
        let header = [
            "height",
            "hash",
            "time",
            "partition",
            "offsets",
            "included",
            "refused",
            "miner",
        ];
        Ok(session.printer.table(&blocks, &header, |block| {
            vec![
                number(block.height),
                block.hash.clone(),
                time(block.timestamp.as_ref()),
                number(block.partition),
                format!("{}..{}", number(block.from_offset), number(block.to_offset)),
                number(block.included),
                number(block.rejected),
                short(&block.miner),
            ]
        })?)
    }
}
