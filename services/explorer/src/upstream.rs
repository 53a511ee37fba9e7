//! Clients of the services that the explorer calls.

use kit::client::{Channel, channel};
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::miner::v1::miner_service_client::MinerServiceClient;
use proto::miner::v1::{GetMinerStatusRequest, MinerStatus};

use crate::Config;

/// Keeps a hostile ledger from filling our memory. A block with 1000 decoded records is far smaller.
const MAX_REPLY_BYTES: usize = 16 << 20;

/// Clients of the ledger and the miners. Clones are cheap and share the connections.
#[derive(Clone, Debug)]
pub struct Upstream {
    ledger: LedgerServiceClient<Channel>,
    miners: Vec<MinerServiceClient<Channel>>,
}

impl Upstream {
    /// Creates the clients; they connect at the first call.
    pub fn new(config: &Config) -> Result<Self, kit::client::Error> {
        let ledger = LedgerServiceClient::new(channel(&config.ledger)?)
            .max_decoding_message_size(MAX_REPLY_BYTES);
        let miners: Result<_, _> = config
            .miner
            .iter()
            .map(|url| channel(url).map(MinerServiceClient::new))
            .collect();
        Ok(Self {
            ledger,
            miners: miners?,
        })
    }

    /// A client of the ledger.
    pub fn ledger(&self) -> LedgerServiceClient<Channel> {
        self.ledger.clone()
    }

    /// The state of every miner that answers.
    pub async fn miners(&self) -> Vec<MinerStatus> {
        let mut found = Vec::new();
        for mut miner in self.miners.iter().cloned() {
            if let Ok(reply) = miner.get_miner_status(GetMinerStatusRequest {}).await {
                found.extend(reply.into_inner().status);
            }
        }
        found
    }
}
