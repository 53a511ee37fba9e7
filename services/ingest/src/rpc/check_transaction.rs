//! CheckTransaction: the answer of SubmitTransaction and the bytes to sign, without appending anything.

use chain::genesis::Rules;
use chain::{Verdict, record};
use proto::ingest::v1::check_transaction_request::Content;
use proto::ingest::v1::{CheckTransactionRequest, CheckTransactionResponse};
use proto::types::v1 as types;
use proto::wire;

use crate::intake::Draft;
use crate::rejection::{Invalid, Rejection, Why};
use crate::state::Ingest;

pub(super) fn handle(
    ingest: &Ingest,
    request: CheckTransactionRequest,
) -> Result<CheckTransactionResponse, Rejection> {
    let open = ingest.chain()?;
    let wall_us = open.core.now().wall_us;
    let draft = match wire::required("content", request.content)? {
        Content::Transaction(given) => Draft::of_transaction(&given, wall_us),
        Content::Record(record) => Ok(Draft::of_record(record)),
    };
    match draft {
        Ok(draft) => encode(&draft, &open.rules, wall_us),
        // An account that cannot be encoded: a verdict like any other here.
        Err(Rejection {
            why: Why::Invalid(Invalid::Field(error)),
            ..
        }) if error.reason == Verdict::BadAccount.code() => Ok(CheckTransactionResponse {
            would_fail: types::Verdict::BadAccount.into(),
            ..Default::default()
        }),
        Err(rejection) => Err(rejection),
    }
}

fn encode(
    draft: &Draft,
    rules: &Rules,
    wall_us: u64,
) -> Result<CheckTransactionResponse, Rejection> {
    let record = record::check(draft.record.clone(), rules);
    let would_fail = match draft.judge(&record, rules, wall_us) {
        Ok(_) => types::Verdict::Unspecified,
        Err(Rejection {
            why: Why::Invalid(Invalid::Verdict(verdict)),
            ..
        }) => wire::verdict(verdict),
        Err(rejection) => return Err(rejection),
    };
    let mut reply = CheckTransactionResponse {
        would_fail: would_fail.into(),
        ..Default::default()
    };
    let Some(transaction) = &draft.transaction else {
        return Ok(reply);
    };
    let id = transaction.id(&rules.chain_id);
    let mut understood = wire::from_transaction(transaction, id.filter(|_| !draft.unnumbered));
    if draft.unnumbered {
        understood.nonce = None;
    } else if id.is_some() {
        reply.signed_bytes = hex::encode(transaction.signed_bytes(&rules.chain_id));
        let key = transaction.sender.len() == chain::account::KEY_BYTES;
        if !key || !transaction.signature.is_empty() {
            reply.record = hex::encode(&draft.record);
        }
    }
    reply.transaction = Some(understood);
    Ok(reply)
}
