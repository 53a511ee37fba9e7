//! A record as one line of JSON.

use chain::{Chain, Hash, Transaction, Verdict, block};
use clap::ValueEnum;
use journal::{Journal, Record};
use prost::Message as _;
use serde_json::{Map, Value, json};

/// The two topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Topic {
    /// Submitted records
    Transactions,
    /// Candidates for the chain
    Blockchain,
}

/// Headers shown of one record, which may have a hundred thousand.
const SHOWN_HEADERS: usize = 256;

/// Decodes records; with the chain's id, if there is a chain, for the ids of transactions.
pub struct Decoder {
    topic: Topic,
    chain_id: Option<Hash>,
}

impl Decoder {
    /// Searches the journal for block 0; without one, ids are left out.
    pub fn new(journal: &Journal, topic: Topic) -> Self {
        let rules = topics::bootstrap::find_genesis(journal).ok().flatten();
        Self {
            topic,
            chain_id: rules.map(|rules| rules.chain_id),
        }
    }

    /// Offset, append time and decoded value; a value that does not decode is shown as hex.
    pub fn line(&mut self, partition: u32, record: &Record) -> Value {
        let mut line = Map::new();
        line.insert("partition".into(), partition.into());
        line.insert("offset".into(), record.offset.into());
        line.insert("appendTime".into(), time(record.append_ms).into());
        line.insert("bytes".into(), record.value.len().into());
        if let Some(key) = &record.key {
            line.insert("key".into(), account(key).into());
        }
        for (name, value) in record.headers.iter().take(SHOWN_HEADERS) {
            line.insert(
                format!("header.{name}"),
                String::from_utf8_lossy(value).into(),
            );
        }
        if record.headers.len() > SHOWN_HEADERS {
            let more = record.headers.len() - SHOWN_HEADERS;
            line.insert("headers".into(), format!("and {more} more").into());
        }
        let decoded = match self.topic {
            Topic::Transactions => self
                .transaction(&record.value)
                .map(|value| ("transaction", value)),
            Topic::Blockchain => self.block(record).map(|value| ("block", value)),
        };
        match decoded {
            Some((name, value)) => line.insert(name.into(), value),
            None => line.insert("undecodable".into(), hex::encode(&record.value).into()),
        };
        Value::Object(line)
    }

    fn transaction(&self, value: &[u8]) -> Option<Value> {
        let transaction = Transaction::decode(value).ok()?;
        let id = self.chain_id.and_then(|chain_id| transaction.id(&chain_id));
        let wire = proto::wire::from_transaction(&transaction, id);
        Some(proto::json::to_value(&wire))
    }

    /// The claims of a candidate, unchecked.
    fn block(&mut self, record: &Record) -> Option<Value> {
        if let Ok((chain, _)) = Chain::start(&record.value, record.append_ms) {
            self.chain_id.get_or_insert(chain.rules().chain_id);
        }
        let framed = block::frame(record.value.clone()).ok()?;
        let body = proto::chain::v1::Block::decode(record.value.clone()).ok()?;
        let header = framed.header();
        let mut wire = proto::wire::block(
            header,
            framed.header_bytes(),
            &framed.hash(),
            framed.signature(),
        );
        wire.size_bytes = u32::try_from(record.value.len()).ok();
        wire.topic_offset = Some(record.offset);
        let mut value = proto::json::to_value(&wire);
        if header.height == 0 {
            return Some(value);
        }
        let records: Vec<Value> = body
            .records
            .iter()
            .zip(&body.verdicts)
            .map(|(record, byte)| {
                let verdict = Verdict::from_byte(*byte).map_or("UNKNOWN", Verdict::code);
                match self.transaction(record) {
                    Some(transaction) => json!({ "verdict": verdict, "transaction": transaction }),
                    None => json!({ "verdict": verdict, "raw": hex::encode(record) }),
                }
            })
            .collect();
        let holes: Vec<Value> = body
            .holes
            .iter()
            .map(|hole| json!({ "from": hole.from_offset, "to": hole.to_offset }))
            .collect();
        value["records"] = records.into();
        if !holes.is_empty() {
            value["holes"] = holes.into();
        }
        Some(value)
    }
}

fn time(ms: u64) -> String {
    i64::try_from(ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map(|time| format!("{time:.3}"))
        .unwrap_or_default()
}

fn account(key: &[u8]) -> String {
    chain::Account::from_bytes(key).map_or_else(|_| hex::encode(key), |account| account.to_string())
}
