//! Losses of a partition, and when they are believed.

/// Looks that must agree before a loss is believed.
const LOOKS: u32 = 2;
/// Time over which they must agree.
const CONFIRM_MS: u64 = 3_000;

/// Records that the chain has not consumed are gone, or records that it has consumed never were.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// The partition begins above the cursor.
    #[error(
        "data loss on {topic}/{partition}: it begins at offset {start}, above the chain's cursor {cursor}; what lay between was never sealed \
         and is not passed over: restore the partition from a replica or a copy"
    )]
    Start {
        /// Topic as the provider names it.
        topic: String,
        /// Partition of `transactions`.
        partition: u32,
        /// The chain's cursor.
        cursor: u64,
        /// First offset of the partition.
        start: u64,
    },
    /// The partition ends below the cursor.
    #[error(
        "data loss on {topic}/{partition}: it ends at offset {end}, and the chain has sealed everything below {cursor}. \
         What is appended below that would never be sealed: restore the partition, or fill it up with empty records by `blocklog topic pad`"
    )]
    End {
        /// Topic as the provider names it.
        topic: String,
        /// Partition of `transactions`.
        partition: u32,
        /// The chain's cursor.
        cursor: u64,
        /// End of the partition.
        end: u64,
    },
    /// The partition no longer holds records that were read of it.
    #[error(
        "data loss on {topic}/{partition}: it has lost its end. Everything below offset {} had been read, and what was read up to \
         offset {last} is gone or replaced; it ends at {end}. The chain has sealed everything below {cursor}; records above that were \
         acknowledged may be lost: restore the partition from a copy, or have them submitted again. If it ends below that offset, \
         fill it up with `blocklog topic pad`",
        last + 1
    )]
    Cut {
        /// Topic as the provider names it.
        topic: String,
        /// Partition of `transactions`.
        partition: u32,
        /// Offset of the last record read.
        last: u64,
        /// The chain's cursor.
        cursor: u64,
        /// End of the partition.
        end: u64,
    },
}

/// Decides when a loss shown by looks is believed.
///
/// A partition looks cut while a new leader does not know its end, and while blocks are in flight that consume the
/// missing records. A false loss stops a miner for good, and a seal over a cut skips records that may be restored. So
/// nothing is sealed from the first look that shows a loss, which is believed only after several in a row over some time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Suspicion {
    /// Time of the first look that showed it, and the number of looks since.
    since: Option<(u64, u32)>,
}

impl Suspicion {
    /// True if the last look showed a loss.
    pub fn is_open(&self) -> bool {
        self.since.is_some()
    }

    /// Notes a look without a loss.
    pub fn clear(&mut self) {
        self.since = None;
    }

    /// Notes a look with a loss, at this time in milliseconds on the monotonic clock. True once it is believed.
    pub fn is_confirmed(&mut self, now_ms: u64) -> bool {
        let (since_ms, looks) = self.since.get_or_insert((now_ms, 0));
        *looks += 1;
        *looks >= LOOKS && now_ms.saturating_sub(*since_ms) >= CONFIRM_MS
    }
}
