//! From the nonce to the journal: a sealed block is appended until it is read back or its height is taken.

use super::Core;
use super::attempt::{Attempt, Proposal, Stage};
use super::input::Sealed;
use super::output::{Note, Output};

impl Core {
    pub(super) fn on_sealed(&mut self, now_ms: u64, sealed: Sealed, out: &mut Vec<Output>) {
        if sealed.tries > 0 {
            self.rate = Some((sealed.tries, sealed.elapsed_us));
        }
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        let Some((nonce, value)) = sealed.block else {
            return;
        };
        if attempt.id != sealed.attempt || !matches!(attempt.stage, Stage::Sealing) {
            return;
        }
        let mut header = attempt.template.header;
        header.nonce = nonce;
        let hash = header.hash();
        attempt.tries = sealed.tries;
        attempt.stage = Stage::Proposed(Proposal::new(now_ms, hash, value));
        self.proposals.add(hash);
        self.propose_when_due(now_ms, out);
    }

    pub(super) fn on_appended(
        &mut self,
        now_ms: u64,
        id: u64,
        result: Result<journal::Appended, journal::AppendError>,
        out: &mut Vec<Output>,
    ) {
        if let Some(attempt) = &mut self.attempt
            && attempt.id == id
            && let Stage::Proposed(proposal) = &mut attempt.stage
        {
            proposal.appended(now_ms, &result);
        }
        match result {
            Ok(_) => self.appends_work(),
            Err(journal::AppendError::Full) => {}
            Err(error) => {
                let trouble = error.to_string();
                if self.append_reported.as_ref() != Some(&trouble) {
                    let height = self
                        .attempt
                        .as_ref()
                        .map_or(0, |attempt| attempt.template.header.height);
                    out.push(Output::Note(Note::NotAppended { height, error }));
                    self.append_reported = Some(trouble.clone());
                }
                self.append_trouble = self.attempt.as_ref().map(|_| trouble);
            }
        }
    }

    /// Notes that a block of ours was appended.
    pub(super) fn appends_work(&mut self) {
        self.append_trouble = None;
        self.append_reported = None;
    }

    /// Appends the sealed block.
    fn propose(&mut self, out: &mut Vec<Output>) {
        let Some(attempt) = &self.attempt else { return };
        let Stage::Proposed(proposal) = &attempt.stage else {
            return;
        };
        out.push(Output::Append {
            attempt: attempt.id,
            value: proposal.value.clone(),
            headers: attempt.traces.clone(),
        });
        self.in_flight += 1;
    }

    /// Proposes the block if it has just been sealed, or again if it should have been read back by now.
    pub(super) fn propose_when_due(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        let readable = self.readable();
        let Some(proposal) = self.proposal() else {
            return;
        };
        if now_ms < proposal.again_at_ms {
            return;
        }
        let known = readable || !proposal.is_repeated();
        let may = known && self.may_propose(now_ms, out);
        let Some(proposal) = self.proposal() else {
            return;
        };
        proposal.waits = !may;
        if may {
            proposal.proposed(now_ms);
            self.propose(out);
        }
    }

    fn proposal(&mut self) -> Option<&mut Proposal> {
        match &mut self.attempt.as_mut()?.stage {
            Stage::Sealing => None,
            Stage::Proposed(proposal) => Some(proposal),
        }
    }

    /// True if `blockchain` was read to its end: only then is it known whether our block is there.
    fn readable(&self) -> bool {
        self.read_trouble.is_none() && self.follow.caught_up()
    }

    /// Drops the block in the making.
    pub(super) fn drop_attempt(&mut self, out: &mut Vec<Output>) -> Option<Attempt> {
        let attempt = self.attempt.take()?;
        // The next append shows whether appends work.
        self.append_trouble = None;
        if matches!(attempt.stage, Stage::Sealing) {
            out.push(Output::CancelSeal);
        }
        Some(attempt)
    }
}
