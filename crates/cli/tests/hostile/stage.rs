//! The replies of an honest ledger, ingest and miner about a small chain.

use bytes::Bytes;
use chain::testing::Grower;
use chain::{Hash, Transaction};
use proto::ingest::v1 as ingest;
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::get_inclusion_proof_request::Subject;
use proto::ledger::v1::transaction_status::State;
use proto::ledger::v1::{self as ledger, Block, Record};
use proto::miner::v1 as miner;
use proto::types::v1::{Position, Verdict};
use proto::wire;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use cli::fixture::{self, Evidence};

/// Three blocks after block 0, each with two payments of alice and two offsets without a record.
pub struct Stage {
    pub name: String,
    pub grown: Grower,
    values: Vec<Bytes>,
}

impl Stage {
    pub fn new(name: &str) -> Self {
        let genesis = chain::Genesis {
            name: name.to_owned(),
            ..fixture::genesis()
        };
        let mut grown = Grower::new(&genesis);
        let mut values = vec![genesis.block_zero()];
        for height in 0..3_u64 {
            let payment = |nonce| fixture::payment("alice", 5, 2 * height + nonce).encode();
            values.push(fixture::mine(
                &mut grown,
                vec![payment(1), payment(2)],
                None,
            ));
        }
        Self {
            name: name.to_owned(),
            grown,
            values,
        }
    }

    pub fn chain_id(&self) -> Hash {
        self.grown.chain.rules().chain_id
    }

    pub fn tip(&self) -> usize {
        self.grown.accepted.len() - 1
    }

    /// The payment with that nonce, 1 to 6.
    pub fn payment(&self, nonce: u64) -> Transaction {
        fixture::payment("alice", 5, nonce)
    }

    pub fn id(&self, nonce: u64) -> String {
        let id = self.payment(nonce).id(&self.chain_id());
        id.expect("a payment has an id").to_string()
    }

    /// Height, offset and leaf of that payment.
    fn place(&self, nonce: u64) -> (usize, u64, u64) {
        let height = (nonce as usize).div_ceil(2);
        let in_block = (nonce - 1) % 2;
        let block = &self.grown.accepted[height];
        let offset = block.block.header().from_offset + in_block;
        let record = self.payment(nonce).encode();
        let own = block.effects.leaf_data.iter().zip(block.effects.first_leaf..).find(|(leaf, _)| {
            matches!(chain::leaf::Leaf::decode(leaf), Some(chain::leaf::Leaf::Record { record_hash, .. }) if record_hash == Hash::of(&record))
        });
        (height, offset, own.expect("it has a leaf").1)
    }

    pub fn position(&self, nonce: u64) -> String {
        format!("0:{}", self.place(nonce).1)
    }

    pub fn leaf(&self, nonce: u64) -> u64 {
        self.place(nonce).2
    }

    pub fn header(&self, height: usize) -> String {
        hex::encode(self.grown.accepted[height].block.header_bytes())
    }

    pub fn hash(&self, height: usize) -> String {
        self.grown.accepted[height].hash().to_string()
    }

    pub fn block(&self, height: usize) -> Block {
        let accepted = &self.grown.accepted[height];
        let (block, header) = (&accepted.block, accepted.block.header());
        Block {
            topic_offset: Some(height as u64 * 2),
            append_time: Some(wire::timestamp(accepted.append_ms)),
            ..wire::block(header, block.header_bytes(), &accepted.hash(), &[])
        }
    }

    fn tip_of(&self) -> Option<ledger::Tip> {
        Some(wire::tip(self.grown.chain.tip()))
    }

    pub fn record(&self, nonce: u64) -> Record {
        let (height, offset, leaf) = self.place(nonce);
        let (payment, chain_id) = (self.payment(nonce), self.chain_id());
        let raw = payment.encode();
        Record {
            position: Some(Position {
                partition: Some(0),
                offset: Some(offset),
            }),
            verdict: Verdict::Included.into(),
            height: Some(height as u64),
            leaf_index: Some(leaf),
            record_hash: Hash::of(&raw).to_string(),
            transaction: Some(wire::from_transaction(&payment, payment.id(&chain_id))),
            raw,
            ..Default::default()
        }
    }

    fn nonce_of(&self, wanted: impl Fn(u64) -> bool) -> Result<u64, Status> {
        let nonce = (1..=6).find(|nonce| wanted(*nonce));
        nonce.ok_or_else(|| refused(Code::NotFound, proto::reason::UNKNOWN_TRANSACTION))
    }

    pub fn get_ledger_info(&self) -> ledger::GetLedgerInfoResponse {
        ledger::GetLedgerInfoResponse {
            chain_id: self.chain_id().to_string(),
            chain_name: self.name.clone(),
            open: true,
            tip: self.tip_of(),
            ..Default::default()
        }
    }

    pub fn get_block(
        &self,
        asked: ledger::GetBlockRequest,
    ) -> Result<ledger::GetBlockResponse, Status> {
        let heights = 0..=self.tip();
        let height = match asked.id {
            None => Some(self.tip()),
            Some(Id::Height(height)) => heights.into_iter().find(|own| *own as u64 == height),
            Some(Id::Hash(hash)) => heights.into_iter().find(|own| self.hash(*own) == hash),
        };
        let height = height.ok_or_else(|| refused(Code::NotFound, proto::reason::UNKNOWN_BLOCK))?;
        let mut block = self.block(height);
        if asked.with_records && height > 0 {
            let first = 2 * height as u64 - 1;
            block.records = vec![self.record(first), self.record(first + 1)];
        }
        Ok(ledger::GetBlockResponse {
            block: Some(block),
            tip: self.tip_of(),
        })
    }

    pub fn list_blocks(&self) -> ledger::ListBlocksResponse {
        ledger::ListBlocksResponse {
            blocks: (0..=self.tip())
                .rev()
                .map(|height| self.block(height))
                .collect(),
            tip: self.tip_of(),
            ..Default::default()
        }
    }

    pub fn stream_blocks(&self) -> Vec<ledger::StreamBlocksResponse> {
        let told = (0..=self.tip()).map(|height| ledger::StreamBlocksResponse {
            block: Some(Block {
                raw: self.values[height].clone(),
                ..self.block(height)
            }),
            tip: self.tip_of(),
            ..Default::default()
        });
        told.collect()
    }

    fn status(&self, id: &str) -> Result<ledger::TransactionStatus, Status> {
        let nonce = self.nonce_of(|nonce| self.id(nonce) == id)?;
        Ok(ledger::TransactionStatus {
            id: id.to_owned(),
            state: State::Included.into(),
            record: Some(self.record(nonce)),
            block: Some(self.block(self.place(nonce).0)),
            ..Default::default()
        })
    }

    pub fn get_transaction(
        &self,
        asked: ledger::GetTransactionRequest,
    ) -> Result<ledger::GetTransactionResponse, Status> {
        Ok(ledger::GetTransactionResponse {
            status: Some(self.status(&asked.id)?),
            tip: self.tip_of(),
        })
    }

    /// Unknown ids stay unknown.
    pub fn watch_transaction(
        &self,
        asked: ledger::WatchTransactionRequest,
    ) -> Vec<ledger::WatchTransactionResponse> {
        let status = self.status(&asked.id).unwrap_or(ledger::TransactionStatus {
            id: asked.id,
            state: State::Unknown.into(),
            ..Default::default()
        });
        vec![ledger::WatchTransactionResponse {
            status: Some(status),
            tip: self.tip_of(),
        }]
    }

    pub fn get_record(
        &self,
        asked: ledger::GetRecordRequest,
    ) -> Result<ledger::GetRecordResponse, Status> {
        let nonce = self.nonce_of(|nonce| self.record(nonce).position == asked.position)?;
        Ok(ledger::GetRecordResponse {
            record: Some(self.record(nonce)),
            tip: self.tip_of(),
        })
    }

    pub fn get_account(&self, asked: ledger::GetAccountRequest) -> ledger::GetAccountResponse {
        ledger::GetAccountResponse {
            account: Some(ledger::Account {
                account: asked.account,
                balance: Some(30),
                ..Default::default()
            }),
            tip: self.tip_of(),
        }
    }

    pub fn get_inclusion_proof(
        &self,
        asked: ledger::GetInclusionProofRequest,
    ) -> Result<ledger::GetInclusionProofResponse, Status> {
        let leaf = match asked.subject {
            Some(Subject::LeafIndex(index)) => index,
            Some(Subject::TransactionId(id)) => {
                self.leaf(self.nonce_of(|nonce| self.id(nonce) == id)?)
            }
            Some(Subject::Position(position)) => {
                let wanted = Some(position);
                self.leaf(self.nonce_of(|nonce| self.record(nonce).position == wanted)?)
            }
            None => return Err(refused(Code::InvalidArgument, proto::reason::MISSING_FIELD)),
        };
        let height = asked.at_height.map_or(self.tip(), |height| height as usize);
        Ok(ledger::GetInclusionProofResponse {
            proof: Some(Evidence::new(&self.grown).inclusion(leaf, height)),
        })
    }

    pub fn get_consistency_proof(
        &self,
        asked: ledger::GetConsistencyProofRequest,
    ) -> Result<ledger::GetConsistencyProofResponse, Status> {
        let (from, to) = (asked.from_height as usize, self.tip());
        if from > to {
            return Err(refused(Code::OutOfRange, proto::reason::HEIGHT_ABOVE_TIP));
        }
        Ok(ledger::GetConsistencyProofResponse {
            from_header: self.header(from),
            to_header: self.header(to),
            path: self.consistency(from, to),
        })
    }

    /// The path from the log of one block to that of a later one.
    fn consistency(&self, from: usize, to: usize) -> Vec<String> {
        let evidence = Evidence::new(&self.grown);
        let size = |height: usize| self.grown.accepted[height].block.header().log_size;
        let node = |level, index| evidence.node(level, index);
        fixture::texts(chain::log::consistency_path(size(from), size(to), &node))
    }

    pub fn get_submission_info(&self) -> ingest::GetSubmissionInfoResponse {
        ingest::GetSubmissionInfoResponse {
            chain_id: self.chain_id().to_string(),
            chain_name: self.name.clone(),
            topic: "transactions".into(),
            ..Default::default()
        }
    }

    /// Accepts a transaction that is already in a block: a resend is safe.
    pub fn submit_transaction(
        &self,
        asked: ingest::SubmitTransactionRequest,
    ) -> Result<ingest::SubmitTransactionResponse, Status> {
        let Some(ingest::submit_transaction_request::Content::Record(record)) = asked.content
        else {
            return Err(refused(Code::InvalidArgument, proto::reason::MISSING_FIELD));
        };
        let sent = Transaction::decode(&record)
            .map_err(|_| refused(Code::InvalidArgument, "UNDECODABLE"))?;
        let id = sent.id(&self.chain_id());
        Ok(ingest::SubmitTransactionResponse {
            transaction: Some(wire::from_transaction(&sent, id)),
            ..Default::default()
        })
    }

    pub fn get_miner_status(&self) -> miner::GetMinerStatusResponse {
        miner::GetMinerStatusResponse {
            status: Some(miner::MinerStatus {
                chain_id: self.chain_id().to_string(),
                account: "carol".into(),
                ..Default::default()
            }),
        }
    }
}

fn refused(code: Code, reason: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, proto::reason::DOMAIN, []);
    Status::with_error_details(code, "it is not there", details)
}
