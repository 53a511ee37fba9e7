//! The context of a command: clients of the services, and the printer.

mod ask;
mod pages;
mod peer;

use proto::ingest::v1::ingest_service_client::IngestServiceClient;
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::proof_service_client::ProofServiceClient;
use proto::miner::v1::miner_service_client::MinerServiceClient;

use crate::config::Global;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Printer;
pub use pages::ALL;
use peer::{Kind, Peer};

/// Limit of a reply in bytes: room for a block of the largest size that a genesis allows, with its records decoded.
const MAX_REPLY_BYTES: usize = 64 << 20;

/// One run of the command.
#[derive(Clone, Debug)]
pub struct Session {
    ledger: String,
    ingest: String,
    miners: Vec<String>,
    /// Printer of the output.
    pub printer: Printer,
    /// The whole command line, for completions.
    pub grammar: fn() -> clap::Command,
}

impl Session {
    /// Creates a session; it connects at the first call.
    pub fn new(global: Global, grammar: fn() -> clap::Command) -> Self {
        Self {
            ledger: global.ledger,
            ingest: global.ingest,
            miners: global.miner,
            printer: Printer::new(global.output),
            grammar,
        }
    }

    /// Address of the ledger.
    pub fn ledger_url(&self) -> &str {
        &self.ledger
    }

    /// Address of ingest.
    pub fn ingest_url(&self) -> &str {
        &self.ingest
    }

    /// A client of the ledger.
    pub fn ledger(&self) -> Outcome<LedgerServiceClient<Peer>> {
        Ok(
            LedgerServiceClient::new(peer(&self.ledger, Kind::Ledger, "--ledger")?)
                .max_decoding_message_size(MAX_REPLY_BYTES),
        )
    }

    /// A client of the ledger's proofs.
    pub fn proofs(&self) -> Outcome<ProofServiceClient<Peer>> {
        Ok(ProofServiceClient::new(peer(
            &self.ledger,
            Kind::Ledger,
            "--ledger",
        )?))
    }

    /// A client of ingest.
    pub fn ingest(&self) -> Outcome<IngestServiceClient<Peer>> {
        Ok(
            IngestServiceClient::new(peer(&self.ingest, Kind::Ingest, "--ingest")?)
                .max_decoding_message_size(MAX_REPLY_BYTES),
        )
    }

    /// A client of each miner, with its address.
    fn miners(&self) -> Outcome<Vec<(&str, MinerServiceClient<Peer>)>> {
        self.miners
            .iter()
            .map(|url| {
                Ok((
                    url.as_str(),
                    MinerServiceClient::new(peer(url, Kind::Miner, "--miner")?),
                ))
            })
            .collect()
    }
}

fn peer(url: &str, kind: Kind, flag: &'static str) -> Outcome<Peer> {
    let channel =
        kit::client::channel(url).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    Ok(Peer::new(url, kind, flag, channel))
}
