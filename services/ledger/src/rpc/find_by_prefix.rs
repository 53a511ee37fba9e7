//! FindByPrefix: ids and hashes that begin with some hex digits.

use proto::ledger::v1::{FindByPrefixRequest, FindByPrefixResponse};
use proto::{reason, wire};

use super::{encode, page};
use crate::index::View;
use crate::problem::Problem;

/// Least digits of a prefix: fewer would match too much.
const LEAST_DIGITS: usize = 8;

/// Digits of a whole hash.
const MOST_DIGITS: usize = 64;

pub fn handle(view: &View, request: FindByPrefixRequest) -> Result<FindByPrefixResponse, Problem> {
    let prefix = request.prefix.to_ascii_lowercase();
    if prefix.is_empty() {
        let message = "is required: 8 to 64 hex digits";
        return Err(wire::Error::new("prefix", reason::MISSING_FIELD, message).into());
    }
    let good = (LEAST_DIGITS..=MOST_DIGITS).contains(&prefix.len())
        && prefix.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !good {
        return Err(wire::Error::bad("prefix", "expected 8 to 64 hex digits").into());
    }
    let matches = view.find(&prefix, page::limit(request.page_size))?;
    Ok(FindByPrefixResponse {
        matches: matches.iter().map(encode::found).collect(),
        tip: encode::tip(view),
    })
}
