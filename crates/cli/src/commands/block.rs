//! `blocklog block`.

use clap::Subcommand;
use proto::ledger::v1::{
    Block, GetBlockRequest, GetBlockResponse, ListBlocksRequest, StreamBlocksRequest,
    get_block_request::Id,
};

use crate::answer;
use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::format::{movement, number, plain, position, short, time};
use crate::output::{Printer, Rows};

/// Asks the ledger about blocks.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The newest blocks
    #[command(
        after_help = "Examples:\n  blocklog block list --limit 5\n  blocklog block list --by alice --oldest-first"
    )]
    List {
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Oldest first, from height 0
        #[arg(long)]
        oldest_first: bool,
        /// Only those of this miner
        #[arg(
            long,
            value_name = "ACCOUNT",
            default_value = "",
            hide_default_value = true
        )]
        by: String,
    },
    /// One block with its records: the tip, or the one with a height or a hash
    #[command(
        after_help = "Example:\n  blocklog block get 12\n  blocklog block get --output json | jq .block.header"
    )]
    Get {
        /// Height or hash; the tip if left out
        block: Option<String>,
        /// With the bytes of the record on the blockchain topic (JSON only)
        #[arg(long)]
        raw: bool,
    },
    /// Blocks as they come, until Ctrl-C
    #[command(after_help = "Example:\n  blocklog block follow --from 0 --output json")]
    Follow {
        /// From this height on; new ones only if left out
        #[arg(long, value_name = "HEIGHT")]
        from: Option<u64>,
    },
}

pub async fn run(command: Command, connect: &Connect, printer: Printer) -> Outcome {
    match command {
        Command::List {
            limit,
            oldest_first,
            by,
        } => list(limit, oldest_first, by, connect, printer).await,
        Command::Get { block, raw } => get(block.as_deref(), raw, connect, printer).await,
        Command::Follow { from } => follow(from, connect, printer).await,
    }
}

async fn list(
    limit: u32,
    oldest_first: bool,
    miner: String,
    connect: &Connect,
    printer: Printer,
) -> Outcome {
    let mut client = connect.ledger()?;
    let mut blocks = Vec::new();
    let mut request = ListBlocksRequest {
        oldest_first,
        miner,
        page_size: limit.min(1000),
        ..Default::default()
    };
    loop {
        let reply = client.list_blocks(request.clone()).await?.into_inner();
        for block in &reply.blocks {
            answer::block(block)?;
        }
        blocks.extend(reply.blocks);
        if blocks.len() >= limit as usize || reply.next_page_token.is_empty() {
            break;
        }
        request.page_token = reply.next_page_token;
    }
    blocks.truncate(limit as usize);
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
    Ok(printer.table(&blocks, &header, |block| {
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

async fn get(block: Option<&str>, raw: bool, connect: &Connect, printer: Printer) -> Outcome {
    let id = match block {
        None => None,
        Some(text) if text.len() == 64 => Some(Id::Hash(text.to_owned())),
        Some(text) => Some(Id::Height(text.parse().map_err(|_| {
            Failure::new(
                Exit::Usage,
                format!("{text:?} is neither a height nor a hash of 64 hex digits"),
            )
        })?)),
    };
    let request = GetBlockRequest {
        id: id.clone(),
        with_records: true,
        with_raw: raw,
    };
    let reply = connect.ledger()?.get_block(request).await?.into_inner();
    answer::asked_block(reply.block.as_ref(), id.as_ref())?;
    printer.message(&reply, rows)?;
    if let (true, Some(block)) = (printer.is_human(), &reply.block) {
        records(block, printer)?;
    }
    Ok(())
}

fn rows(reply: &GetBlockResponse) -> Rows {
    let block = reply.block.clone().unwrap_or_default();
    vec![
        ("height", number(block.height)),
        ("hash", block.hash),
        ("previous", block.previous_hash),
        ("time", time(block.timestamp.as_ref())),
        ("partition", number(block.partition)),
        (
            "offsets",
            format!("{}..{}", number(block.from_offset), number(block.to_offset)),
        ),
        ("miner", block.miner),
        ("reward", number(block.reward)),
        ("bits", block.bits),
        ("nonce", number(block.nonce)),
        ("log root", block.log_root),
        ("log size", number(block.log_size)),
        ("included", number(block.included)),
        ("refused", number(block.rejected)),
        ("void offsets", number(block.void_offsets)),
        ("size", format!("{} bytes", number(block.size_bytes))),
        ("topic offset", number(block.topic_offset)),
    ]
}

fn records(block: &Block, printer: Printer) -> Outcome {
    let header = ["record", "verdict", "transaction", "id"];
    Ok(printer.table(&block.records, &header, |record| {
        let transaction = record.transaction.clone().unwrap_or_default();
        vec![
            position(record.position.as_ref()),
            plain(record.verdict().as_str_name(), "VERDICT_"),
            if record.transaction.is_some() {
                movement(&transaction)
            } else {
                String::new()
            },
            transaction.id,
        ]
    })?)
}

async fn follow(from: Option<u64>, connect: &Connect, printer: Printer) -> Outcome {
    let request = StreamBlocksRequest {
        from_height: from,
        with_records: false,
        with_raw: false,
    };
    let mut stream = connect.ledger()?.stream_blocks(request).await?.into_inner();
    let mut before: Option<chain::Hash> = None;
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
        if printer.is_human() {
            printer.line(&format!(
                "{:>8}  {}  {}  partition {}  {} included  {} refused  {}",
                number(block.height),
                block.hash,
                time(block.timestamp.as_ref()),
                number(block.partition),
                number(block.included),
                number(block.rejected),
                short(&block.miner)
            ))?;
        } else {
            printer.line(&proto::json::to_value(&block).to_string())?;
        }
        if printer.is_closed() {
            return Ok(());
        }
    }
}
