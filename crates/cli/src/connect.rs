//! Connections to the services.

mod peer;

use proto::ingest::v1::ingest_service_client::IngestServiceClient;
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::proof_service_client::ProofServiceClient;
use proto::miner::v1::miner_service_client::MinerServiceClient;

use crate::config::Global;
use crate::exit::{Exit, Failure, Outcome};
use peer::Kind;
pub use peer::Peer;

/// Answers may hold a block of the largest size that a genesis allows, with its records decoded.
const MAX_REPLY_BYTES: usize = 64 << 20;

/// Where the services are.
#[derive(Clone, Debug)]
pub struct Connect {
    ledger: String,
    ingest: String,
    miners: Vec<String>,
}

impl Connect {
    /// Takes the addresses; connects at the first call.
    pub fn new(global: &Global) -> Self {
        Self {
            ledger: global.ledger.clone(),
            ingest: global.ingest.clone(),
            miners: global.miner.clone(),
        }
    }

    /// Where the ledger is.
    pub fn ledger_url(&self) -> &str {
        &self.ledger
    }

    /// Where ingest is.
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
    pub fn miners(&self) -> Outcome<Vec<(String, MinerServiceClient<Peer>)>> {
        self.miners
            .iter()
            .map(|url| {
                Ok((
                    url.clone(),
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
