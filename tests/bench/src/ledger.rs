//! A ledger in a process of its own: how soon it starts, what it keeps in memory, how fast it answers.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use harness::service::Running;
use prost::Message;
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::{GetBlockRequest, GetLedgerInfoRequest, GetTransactionRequest};
use tokio::runtime::Runtime;
use tonic::Request;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};

use crate::empty::{Raw, Server};
use crate::history::History;
use crate::report::{Measured, Report};

/// Transactions of the short chain, and of the long one.
const LENGTHS: [usize; 2] = [200_000, 1_000_000];
const BLOCK_RECORDS: usize = 10_000;
/// Starts from a snapshot, of which the middle one counts.
const STARTS: usize = 5;
/// Calls of one turn, and how many are in flight.
const CALLS: usize = 20_000;
const AT_ONCE: usize = 64;
/// Longest time that the audit of the long chain takes.
const AUDIT: Duration = Duration::from_secs(120);
const SERVICE: &str = "/blocklog.ledger.v1.LedgerService";

/// Prints starts and memory for both chains, and answers over the long one.
pub fn run(report: &mut Report) -> Result<()> {
    let mut history = History::new()?;
    let mut before: Option<Resident> = None;
    for length in LENGTHS {
        let missing = length - history.records.len();
        history.extend(missing / BLOCK_RECORDS, BLOCK_RECORDS)?;
        let (ledger, resident) = starts(report, &history)?;
        let Some(shorter) = before.replace(resident) else {
            continue;
        };
        let millions = (LENGTHS[1] - LENGTHS[0]) as f64 / 1e6;
        report.figure(
            "resident more for a million, after a replay",
            &megabytes((resident.replayed - shorter.replayed) / millions),
            "24 MB",
        );
        report.figure(
            "resident more for a million, after a restart",
            &megabytes((resident.restarted - shorter.restarted) / millions),
            "24 MB",
        );
        answers(report, &history, &ledger.running)?;
    }
    Ok(())
}

/// A disk journal with a chain, and the folder of a ledger.
struct Stage {
    folder: tempfile::TempDir,
    journal: String,
}

struct Ledger {
    running: Running,
    // Goes after the process.
    _stage: Stage,
}

impl Stage {
    fn new(history: &History) -> Result<Stage> {
        let folder = tempfile::tempdir()?;
        let journal = history.write(&folder.path().join("journal"))?;
        Ok(Stage { folder, journal })
    }

    fn start(&self) -> Result<Running> {
        let binary = std::env::current_exe()?.with_file_name("blocklog-ledger");
        let log = self.folder.path().join("ledger.log");
        let running = Running::start(&binary, &log, |command| {
            command
                .args(["--journal", &self.journal, "--data"])
                .arg(self.folder.path().join("data"));
        });
        running.context("build blocklog-ledger with the same profile")
    }
}

/// Bytes of memory that a ledger holds.
#[derive(Clone, Copy)]
struct Resident {
    replayed: f64,
    restarted: f64,
}

fn starts(report: &mut Report, history: &History) -> Result<(Ledger, Resident)> {
    let name = format!("{} k transactions", history.records.len() / 1000);
    let stage = Stage::new(history)?;
    let began = Instant::now();
    let running = stage.start()?;
    let full = began.elapsed();
    let replayed = resident(&running)?;
    running.stop()?;
    let mut times = Vec::new();
    let running = loop {
        let began = Instant::now();
        let running = stage.start()?;
        times.push(began.elapsed());
        if times.len() == STARTS {
            break running;
        }
        running.stop()?;
    };
    times.sort();
    let start = times[STARTS / 2];
    report.shares(&format!("start from a snapshot, {name}"), full, start, 0.01);
    let resident = Resident {
        replayed,
        restarted: resident(&running)?,
    };
    for (when, bytes) in [
        ("a replay", resident.replayed),
        ("a restart", resident.restarted),
    ] {
        report.figure(
            &format!("resident after {when}, {name}"),
            &megabytes(bytes),
            "",
        );
    }
    let ledger = Ledger {
        running,
        _stage: stage,
    };
    Ok((ledger, resident))
}

fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}

/// Bytes of memory that a process holds.
fn resident(running: &Running) -> Result<f64> {
    let path = format!("/proc/{}/status", running.pid());
    let status = std::fs::read_to_string(Path::new(&path))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.context("VmRSS")?.parse::<f64>()? * 1024.0)
}

fn answers(report: &mut Report, history: &History, ledger: &Running) -> Result<()> {
    let runtime = Runtime::new()?;
    let numbers = (0..CALLS).map(|call| call * 7919 % history.records.len());
    let transactions = numbers.map(|number| {
        let id = history.id(number)?.to_string();
        Ok(encoded(&GetTransactionRequest { id }))
    });
    let transactions = transactions.collect::<Result<Vec<_>>>()?;
    let tip = history.chain.tip().height() as usize;
    runtime.block_on(audited(&ledger.url, tip as u64))?;
    let blocks = (0..CALLS).map(|call| {
        let height = (1 + call * 31 % tip) as u64;
        encoded(&GetBlockRequest {
            id: Some(Id::Height(height)),
            ..GetBlockRequest::default()
        })
    });
    let blocks: Vec<_> = blocks.collect();
    for (method, requests) in [("GetTransaction", transactions), ("GetBlock", blocks)] {
        let ours = Line::new(&runtime, &ledger.url, method)?;
        let size = runtime.block_on(ours.call(requests[0].clone()))?.len();
        let server = Server::start(size)?;
        let bare = Line::new(&runtime, &server.url, method)?;
        report.compare(
            &format!("{method} over an empty call of {size} bytes"),
            "call",
            0.8,
            || turn(&runtime, &bare, &requests),
            || turn(&runtime, &ours, &requests),
        )?;
    }
    Ok(())
}

/// Waits until the audit, which works beside the answers after a replay, has come to the tip.
async fn audited(url: &str, tip: u64) -> Result<()> {
    let mut client = LedgerServiceClient::connect(url.to_owned()).await?;
    for _ in 0..AUDIT.as_secs() {
        let info = client.get_ledger_info(GetLedgerInfoRequest {}).await?;
        let audit = info.into_inner().audit.context("an audit")?;
        if audit.checked_height == Some(tip) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    bail!("the audit takes longer than {AUDIT:?}")
}

fn encoded(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

/// One method of one server.
#[derive(Clone)]
struct Line {
    grpc: Grpc<Channel>,
    path: PathAndQuery,
}

impl Line {
    fn new(runtime: &Runtime, url: &str, method: &str) -> Result<Line> {
        let endpoint = Endpoint::from_shared(url.to_owned())?;
        Ok(Line {
            grpc: Grpc::new(runtime.block_on(endpoint.connect())?),
            path: format!("{SERVICE}/{method}").parse()?,
        })
    }

    async fn call(&self, request: Bytes) -> Result<Bytes> {
        let mut grpc = self.grpc.clone();
        grpc.ready().await?;
        let answer = grpc
            .unary(Request::new(request), self.path.clone(), Raw)
            .await?;
        Ok(answer.into_inner())
    }
}

fn turn(runtime: &Runtime, line: &Line, requests: &[Bytes]) -> Result<Measured> {
    let began = Instant::now();
    runtime.block_on(async {
        let lanes = requests
            .chunks(requests.len().div_ceil(AT_ONCE))
            .map(|lane| {
                let (line, lane) = (line.clone(), lane.to_vec());
                tokio::spawn(async move {
                    for request in lane {
                        let answer = line.call(request).await?;
                        ensure!(!answer.is_empty(), "an empty answer");
                    }
                    Ok(())
                })
            });
        for lane in lanes.collect::<Vec<_>>() {
            lane.await??;
        }
        anyhow::Ok(())
    })?;
    Ok((
        requests.len() as u64,
        began.elapsed().max(Duration::from_nanos(1)),
    ))
}
