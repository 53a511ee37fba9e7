//! Who waits for which record, packed into the one word that librdkafka carries along with it.
//!
//! An allocation and a counted reference per record, made on one thread and dropped on another, cost a third of the speed.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::append::{Completion, Outlet};

/// Bits of a token; the rest is the outlet's number.
const TOKEN_BITS: u32 = 48;

const _: () = assert!(usize::BITS == 64, "a word holds a token and a number");

/// Outlets by number.
#[derive(Default)]
pub(super) struct Registry(Mutex<Slots>);

#[derive(Default)]
struct Slots {
    outlets: Vec<Option<Arc<Outlet>>>,
    free: Vec<u16>,
    /// Nobody appends to these any more; they go when their last record has completed.
    leaving: Vec<u16>,
}

/// The word of a record.
pub(super) fn pack(number: u16, token: u64) -> usize {
    (usize::from(number) << TOKEN_BITS) | (token as usize & ((1 << TOKEN_BITS) - 1))
}

/// The outlet's number and the token of a word.
pub(super) fn unpack(word: usize) -> (u16, u64) {
    (
        (word >> TOKEN_BITS) as u16,
        (word & ((1 << TOKEN_BITS) - 1)) as u64,
    )
}

impl Registry {
    /// Gives an outlet a number; `None` when 65536 are in use.
    pub(super) fn enter(&self, outlet: &Arc<Outlet>) -> Option<u16> {
        let mut slots = self.0.lock();
        let outlet = Some(Arc::clone(outlet));
        if let Some(number) = slots.free.pop() {
            slots.outlets[usize::from(number)] = outlet;
            return Some(number);
        }
        let number = u16::try_from(slots.outlets.len()).ok()?;
        slots.outlets.push(outlet);
        Some(number)
    }

    /// Nothing more is appended under this number.
    pub(super) fn leave(&self, number: u16) {
        let mut slots = self.0.lock();
        slots.leaving.push(number);
        slots.sweep();
    }

    /// Hands completions to the outlet of this number.
    pub(super) fn deliver(&self, number: u16, batch: Vec<Completion>) {
        let outlet = self.0.lock().outlets[usize::from(number)].clone();
        // A number is given back only when nothing is on its way.
        if let Some(outlet) = outlet {
            outlet.deliver(batch);
        }
        let mut slots = self.0.lock();
        if !slots.leaving.is_empty() {
            slots.sweep();
        }
    }
}

impl Slots {
    fn sweep(&mut self) {
        let Slots {
            outlets,
            free,
            leaving,
        } = self;
        leaving.retain(|number| {
            let slot = &mut outlets[usize::from(*number)];
            let stays = slot.as_ref().is_some_and(|outlet| outlet.is_open());
            if !stays {
                *slot = None;
                free.push(*number);
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_hold_both() {
        for (number, token) in [(0, 0), (7, 1), (u16::MAX, (1 << TOKEN_BITS) - 1)] {
            assert_eq!(unpack(pack(number, token)), (number, token));
        }
    }

    #[test]
    fn numbers_come_back_when_nothing_is_on_its_way() {
        let registry = Registry::default();
        let outlet = Outlet::new(Arc::new(|_| ()));
        assert_eq!(registry.enter(&outlet), Some(0));
        outlet.open();
        registry.leave(0);
        assert_eq!(registry.enter(&outlet), Some(1));
        registry.deliver(
            0,
            vec![Completion {
                token: 1,
                result: Err(crate::AppendError::Full),
            }],
        );
        assert_eq!(registry.enter(&outlet), Some(0));
    }
}
