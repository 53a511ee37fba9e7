//! Connections to the services.

use kit::client::Channel;
use proto::ingest::v1::ingest_service_client::IngestServiceClient;
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::proof_service_client::ProofServiceClient;
use proto::miner::v1::miner_service_client::MinerServiceClient;

use crate::config::Global;
use crate::exit::{Exit, Failure, Outcome};

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

    /// A client of the ledger.
    pub fn ledger(&self) -> Outcome<LedgerServiceClient<Channel>> {
        Ok(LedgerServiceClient::new(channel(&self.ledger)?)
            .max_decoding_message_size(MAX_REPLY_BYTES))
    }

    /// A client of the ledger's proofs.
    pub fn proofs(&self) -> Outcome<ProofServiceClient<Channel>> {
        Ok(ProofServiceClient::new(channel(&self.ledger)?))
    }

    /// A client of ingest.
    pub fn ingest(&self) -> Outcome<IngestServiceClient<Channel>> {
        Ok(IngestServiceClient::new(channel(&self.ingest)?)
            .max_decoding_message_size(MAX_REPLY_BYTES))
    }

    /// A client of each miner, with its address.
    pub fn miners(&self) -> Outcome<Vec<(String, MinerServiceClient<Channel>)>> {
        self.miners
            .iter()
            .map(|url| Ok((url.clone(), MinerServiceClient::new(channel(url)?))))
            .collect()
    }
}

fn channel(url: &str) -> Outcome<Channel> {
    kit::client::channel(url).map_err(|error| Failure::new(Exit::Usage, error.to_string()))
}
