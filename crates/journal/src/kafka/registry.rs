//! The number of a record's appender, packed with its token into the one word that librdkafka carries along.
//!
//! An allocation and a counted reference per record, created on one thread and dropped on another, cost a third of the speed.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::append::Completion;
use crate::in_flight::InFlight;

/// Bits of a token; the rest is the appender's number.
const TOKEN_BITS: u32 = 48;

const _: () = assert!(usize::BITS == 64, "a word holds a token and a number");

/// Appenders by number.
#[derive(Default)]
pub(super) struct Registry(Mutex<Slots>);

#[derive(Default)]
struct Slots {
    appenders: Vec<Option<Arc<InFlight>>>,
    free: Vec<u16>,
    /// Numbers of dropped appenders, released when their last record has completed.
    closing: Vec<u16>,
}

/// Packs the word of a record.
pub(super) fn pack(number: u16, token: u64) -> usize {
    (usize::from(number) << TOKEN_BITS) | (token as usize & ((1 << TOKEN_BITS) - 1))
}

/// Unpacks the appender's number and the token.
pub(super) fn unpack(word: usize) -> (u16, u64) {
    (
        (word >> TOKEN_BITS) as u16,
        (word & ((1 << TOKEN_BITS) - 1)) as u64,
    )
}

impl Registry {
    /// Assigns a number to an appender; `None` if all 65536 are in use.
    pub(super) fn register(&self, in_flight: &Arc<InFlight>) -> Option<u16> {
        let mut slots = self.0.lock();
        let in_flight = Some(Arc::clone(in_flight));
        if let Some(number) = slots.free.pop() {
            slots.appenders[usize::from(number)] = in_flight;
            return Some(number);
        }
        let number = u16::try_from(slots.appenders.len()).ok()?;
        slots.appenders.push(in_flight);
        Some(number)
    }

    /// Releases a number once nothing is in flight under it.
    pub(super) fn unregister(&self, number: u16) {
        let mut slots = self.0.lock();
        slots.closing.push(number);
        slots.sweep();
    }

    /// Delivers completions to the appender with this number.
    pub(super) fn deliver(&self, number: u16, batch: Vec<Completion>) {
        let in_flight = self.0.lock().appenders[usize::from(number)].clone();
        // A number is released only when nothing is in flight.
        if let Some(in_flight) = in_flight {
            in_flight.complete(batch);
        }
        let mut slots = self.0.lock();
        if !slots.closing.is_empty() {
            slots.sweep();
        }
    }
}

impl Slots {
    fn sweep(&mut self) {
        let Slots {
            appenders,
            free,
            closing,
        } = self;
        closing.retain(|number| {
            let slot = &mut appenders[usize::from(*number)];
            let stays = slot.as_ref().is_some_and(|in_flight| !in_flight.is_empty());
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
    fn numbers_come_back_when_nothing_is_in_flight() {
        let registry = Registry::default();
        let in_flight = InFlight::new(Arc::new(|_| ()));
        assert_eq!(registry.register(&in_flight), Some(0));
        in_flight.add();
        registry.unregister(0);
        assert_eq!(registry.register(&in_flight), Some(1));
        registry.deliver(
            0,
            vec![Completion {
                token: 1,
                result: Err(crate::AppendError::Full),
            }],
        );
        assert_eq!(registry.register(&in_flight), Some(0));
    }
}
