//! Queries that several RPCs share, with their problems.

use chain::{Account, Hash};
use proto::ledger::v1 as wire;
use proto::types::v1 as types;
use proto::wire::required;

use super::encode;
use crate::index::View;
use crate::model::answer::{AccountState, Block, Occurrence, Record};
use crate::problem::{Beyond, Invalid, Problem, Unknown};

/// The block at a height.
pub fn block(view: &View, field: &'static str, height: u64) -> Result<Block, Problem> {
    let tip = view.tip().height();
    view.block(height)?.ok_or(Problem::Beyond {
        what: Beyond::Height { field },
        end: tip,
    })
}

/// Resolves the height of a request; absent: the tip.
pub fn height(view: &View, field: &'static str, height: Option<u64>) -> Result<u64, Problem> {
    let tip = view.tip().height();
    match height {
        Some(height) if height > tip => Err(Problem::Beyond {
            what: Beyond::Height { field },
            end: tip,
        }),
        other => Ok(other.unwrap_or(tip)),
    }
}

/// Resolves the partition of a request, which is required.
pub fn partition(view: &View, field: &'static str, partition: Option<u32>) -> Result<u32, Problem> {
    let partitions = view.rules().genesis.partitions as usize;
    match required(field, partition)? {
        number if (number as usize) < partitions => Ok(number),
        _ => Err(Invalid::Partition { field, partitions }.into()),
    }
}

/// The fate of the offset at a position.
pub fn record(view: &View, position: Option<&types::Position>) -> Result<Record, Problem> {
    let position = required("position", position)?;
    let partition = partition(view, "position.partition", position.partition)?;
    let offset = required("position.offset", position.offset)?;
    let end = || view.partitions()[partition as usize].end;
    view.record(partition, offset)?
        .ok_or_else(|| Problem::Beyond {
            what: Beyond::Offset,
            end: end(),
        })
}

/// The state of an account after the block at a height.
pub fn account(view: &View, account: &Account, height: u64) -> Result<AccountState, Problem> {
    let account = *account;
    view.account(&account, height)?.ok_or(Problem::Unknown {
        what: Unknown::Account(account),
        as_of: height,
    })
}

/// A path of hashes in the log.
pub fn path(
    find: impl FnOnce(chain::log::Source<'_>) -> Option<Vec<Hash>>,
    view: &View,
) -> Result<Vec<Hash>, Problem> {
    // A failure inside the source leaves it through this cell.
    let failure = std::cell::RefCell::new(None);
    let source = |level: u32, index: u64| match view.node(level, index) {
        Ok(node) => node,
        Err(error) => {
            failure.replace(Some(error));
            None
        }
    };
    let path = find(&source);
    let missing = || crate::index::Error::Damaged("a node of the log is missing");
    path.ok_or_else(|| failure.take().unwrap_or_else(missing).into())
}

/// The status of a known transaction.
pub fn status(
    view: &View,
    id: &Hash,
    occurrence: &Occurrence,
) -> Result<wire::TransactionStatus, Problem> {
    use wire::transaction_status::State;
    let (state, record) = match occurrence {
        Occurrence::Pending(record) => (State::Pending, record),
        Occurrence::Omitted(record) => (State::Omitted, record),
        Occurrence::Judged(record) if is_included(record) => (State::Included, record),
        Occurrence::Judged(record) => (State::Rejected, record),
    };
    let block = record.height().map(|height| block(view, "height", height));
    Ok(wire::TransactionStatus {
        id: id.to_string(),
        state: state.into(),
        record: Some(encode::record(record, false)),
        block: block.transpose()?.map(|block| encode::block(&block)),
        trace_id: record.trace_id.map(hex::encode).unwrap_or_default(),
    })
}

fn is_included(record: &Record) -> bool {
    use crate::model::answer::Fate;
    let included = chain::Verdict::Included;
    matches!(record.fate, Fate::Judged { verdict, .. } if verdict == included)
}
