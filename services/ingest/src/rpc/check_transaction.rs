//! CheckTransaction: what SubmitTransaction would say, and what there is to sign, without appending anything.

use chain::genesis::Rules;
use chain::record;
use chain::{Hash, Transaction, Verdict};
use proto::ingest::v1::{CheckTransactionRequest, CheckTransactionResponse};
use proto::types::v1 as types;
use proto::wire;

use crate::intake::{self, Draft, Given};
use crate::rejection::{self, Rejection, Why};
use crate::state::Ingest;

pub(super) fn handle(
    ingest: &Ingest,
    request: CheckTransactionRequest,
) -> Result<CheckTransactionResponse, Rejection> {
    let rules = &ingest.chain()?.rules;
    let content = request.content.map(Given::from);
    match intake::draft_content(content) {
        Ok(draft) => encode(&draft, rules),
        // An account that cannot even be written: a verdict like any other here.
        Err(Rejection {
            why: Why::Field(error),
            ..
        }) if error.reason == Verdict::BadAccount.code() => Ok(CheckTransactionResponse {
            would_fail: types::Verdict::BadAccount.into(),
            ..Default::default()
        }),
        Err(rejection) => Err(rejection),
    }
}

fn encode(draft: &Draft, rules: &Rules) -> Result<CheckTransactionResponse, Rejection> {
    let record = record::check(draft.record.clone(), rules);
    let would_fail = match intake::judge(&record, rules) {
        Ok(()) => types::Verdict::Unspecified,
        Err(Rejection {
            why: Why::Verdict(verdict),
            ..
        }) => wire::verdict(verdict),
        Err(rejection) => return Err(rejection),
    };
    let mut reply = CheckTransactionResponse {
        would_fail: would_fail.into(),
        ..Default::default()
    };
    let decoded = || Transaction::decode(&draft.record).ok();
    let Some(transaction) = draft.transaction.clone().or_else(decoded) else {
        return Ok(reply);
    };
    let named = rejection::has_id(&transaction);
    let id = if named {
        transaction.id(&rules.chain_id)
    } else {
        Hash::ZERO
    };
    let mut understood = wire::from_transaction(&transaction, &id);
    if !named || draft.unnumbered {
        understood.id.clear();
    }
    if draft.unnumbered {
        understood.nonce = None;
    } else if named {
        reply.signed_bytes = hex::encode(transaction.signed_bytes(&rules.chain_id));
        let key = transaction.sender.len() == chain::account::KEY_BYTES;
        if !key || !transaction.signature.is_empty() {
            reply.record = hex::encode(&draft.record);
        }
    }
    reply.transaction = Some(understood);
    Ok(reply)
}
