//! The head of the queue: the rules in their order, one candidate at a time.

use std::sync::Arc;

use chain::block::{Block, Rule};
use chain::{Accepted, Chain, Refusal};

use super::Core;
use super::guard::Last;
use super::output::{Output, Task};
use super::queue::{Body, Candidate};
use crate::event::{Claims, Event, Fatal, Refused};

/// The next step for the head.
enum Next {
    /// Its check is running.
    Wait,
    /// Its header extends the tip: its body has to be checked.
    Check(Box<Block>),
    Accept(Box<Accepted>),
    Refuse(Refusal),
    /// It starts another chain than the expected one.
    Fail(Fatal),
}

impl Core {
    /// Processes the first candidate; false: there is none, or it has to wait.
    pub(super) fn judge_head(&mut self, out: &mut Vec<Output>) -> bool {
        let Some(next) = self.next() else {
            return false;
        };
        match next {
            Next::Wait => return false,
            Next::Check(block) => {
                if let Some(chain) = &self.chain {
                    let trust = self.trust();
                    let check = self.queue.check_head(*block, chain, &trust);
                    out.push(Output::Task(Task::Check(Box::new(check))));
                }
                return false;
            }
            Next::Accept(accepted) => self.accept(Arc::new(*accepted), out),
            Next::Refuse(refusal) => self.refuse(refusal, out),
            Next::Fail(fatal) => self.fail(fatal, out),
        }
        true
    }

    fn next(&mut self) -> Option<Next> {
        let trusting = self.assume.is_some();
        let head = self.queue.head()?;
        let Some(chain) = &mut self.chain else {
            return self.next_block_zero();
        };
        if chain.is_stopped() {
            // The first of all rules, even for candidates checked before the order acted.
            let stopped = Rule::Stopped(chain.version());
            return Some(Next::Refuse(Refusal::Block(stopped)));
        }
        Some(match head.take(trusting) {
            Body::Checking => Next::Wait,
            Body::Unknown => match admit(chain, head, trusting) {
                Ok(block) => Next::Check(Box::new(block)),
                Err(rule) => Next::Refuse(Refusal::Block(rule)),
            },
            Body::Good(block) => match chain.apply(*block, head.append_ms) {
                Ok(accepted) => Next::Accept(Box::new(accepted)),
                Err(rule) => Next::Refuse(Refusal::Block(rule)),
            },
            // A rule of the header comes before those of the body.
            Body::Bad(rule) => {
                let rule = admit(chain, head, trusting).err().unwrap_or(rule);
                Next::Refuse(Refusal::Block(rule))
            }
        })
    }

    fn next_block_zero(&mut self) -> Option<Next> {
        let head = self.queue.head()?;
        Some(match Chain::start(&head.value, head.append_ms) {
            Err(fault) => Next::Refuse(Refusal::Genesis(fault)),
            Ok((chain, accepted)) => match self.expect_chain(accepted.hash()) {
                Err(fatal) => Next::Fail(fatal),
                Ok(()) => {
                    self.chain = Some(chain);
                    Next::Accept(Box::new(accepted))
                }
            },
        })
    }

    fn accept(&mut self, accepted: Arc<Accepted>, out: &mut Vec<Output>) {
        let Some(head) = self.leave(true) else {
            return;
        };
        if self.assume == Some(accepted.hash()) {
            self.assume = None;
        }
        out.push(Output::Event(Event::Accepted {
            accepted,
            offset: head.offset,
            headers: head.headers,
        }));
        self.report_stop(out);
    }

    fn refuse(&mut self, refusal: Refusal, out: &mut Vec<Output>) {
        let Some(mut head) = self.leave(false) else {
            return;
        };
        let claims = head.framed().ok().map(Claims::of).map(Box::new);
        let trusted = claims
            .as_ref()
            .is_some_and(|claims| self.assume == Some(claims.hash));
        out.push(Output::Event(Event::Refused(Refused {
            offset: head.offset,
            append_ms: head.append_ms,
            refusal,
            claims,
        })));
        if trusted {
            self.restart(out);
        }
    }

    /// Takes the processed head out of the queue.
    fn leave(&mut self, accepted: bool) -> Option<Candidate> {
        let head = self.queue.pop(accepted)?;
        self.next_offset = head.offset + 1;
        self.last = Some(Last::read(head.offset, head.value.clone()));
        Some(head)
    }
}

/// The rules that need only the header and the tip.
fn admit(chain: &Chain, head: &mut Candidate, trusting: bool) -> Result<Block, Rule> {
    let block = head.block(chain)?.clone();
    let block = if trusting {
        block.assume_signed()
    } else {
        block
    };
    chain.admit(block, head.append_ms)
}
