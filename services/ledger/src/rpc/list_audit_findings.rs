//! ListAuditFindings: disagreements of blocks and topic, oldest first.

use proto::ledger::v1::{ListAuditFindingsRequest, ListAuditFindingsResponse};

use super::encode;
use super::page::Page;
use crate::index::View;
use crate::problem::Problem;

pub fn handle(
    view: &View,
    mut request: ListAuditFindingsRequest,
) -> Result<ListAuditFindingsResponse, Problem> {
    let page = Page::of(view, &mut request)?;
    let findings = view.findings(page.number()?.unwrap_or(0), page.limit)?;
    let last = findings.last().filter(|_| findings.len() == page.limit);
    let next = last.map(|last| last.number + 1);
    let known = view.audit()?.findings;
    Ok(ListAuditFindingsResponse {
        findings: findings.iter().map(encode::finding).collect(),
        next_page_token: page.token_of(next.filter(|next| *next < known)),
        tip: encode::tip(view),
    })
}
