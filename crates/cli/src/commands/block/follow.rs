//! `blocklog block follow`.

use chain::Hash;
use proto::ledger::v1::{Block, StreamBlocksRequest};

use crate::answer;
use crate::exit::Outcome;
use crate::format::{number, short, time};
use crate::output::Printer;
use crate::run::Run;
use crate::session::Session;

/// Print blocks as they come, until Ctrl-C
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog block follow --from 0 --output json")]
pub struct Follow {
    /// First height [default: new blocks only]
    #[arg(long, value_name = "HEIGHT")]
    from: Option<u64>,
}

impl Run for Follow {
    async fn run(self, session: &Session) -> Outcome {
        let request = StreamBlocksRequest {
            from_height: self.from,
            with_records: false,
            with_raw: false,
        };
        let mut stream = session.ledger()?.stream_blocks(request).await?.into_inner();
        let mut before: Option<Hash> = None;
        loop {
            let reply = tokio::select! {
                reply = stream.message() => reply?,
                _ = tokio::signal::ctrl_c() => return Ok(()),
            };
            let Some(reply) = reply else { return Ok(()) };
            let Some(block) = reply.block else { continue };
            let header = answer::block(&block)?;
            if before.is_some_and(|before| header.previous_hash != before) {
                return Err(answer::falsified(format!(
                    "block {} does not follow the one before it",
                    header.height
                )));
            }
            before = Some(header.hash());
            print(&block, session.printer)?;
            if session.printer.is_closed() {
                return Ok(());
            }
        }
    }
}

fn print(block: &Block, printer: Printer) -> Outcome {
    let line = if printer.is_human() {
        format!(
            "{:>8}  {}  {}  partition {}  {} included  {} refused  {}",
            number(block.height),
            block.hash,
            time(block.timestamp.as_ref()),
            number(block.partition),
            number(block.included),
            number(block.rejected),
            short(&block.miner)
        )
    } else {
        proto::json::to_value(block).to_string()
    };
    Ok(printer.line(&line)?)
}
