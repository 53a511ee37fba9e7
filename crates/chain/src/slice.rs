//! The slice of a block: consecutive offsets of one partition of `transactions`.

/// The next part of a slice: one record, or consecutive offsets that hold none. Its offset follows from the slots before it
/// ([`numbered`]), so slots cannot overlap or leave gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot<R> {
    /// A record, at one offset.
    Record(R),
    /// That many offsets without records.
    Hole(u64),
}

impl<R> Slot<R> {
    /// Number of offsets that the slot covers.
    pub fn offsets(&self) -> u64 {
        match self {
            Slot::Record(_) => 1,
            Slot::Hole(offsets) => *offsets,
        }
    }

    /// The same slot with its record mapped.
    pub fn map<T>(self, record: impl FnOnce(R) -> T) -> Slot<T> {
        match self {
            Slot::Record(it) => Slot::Record(record(it)),
            Slot::Hole(offsets) => Slot::Hole(offsets),
        }
    }
}

/// Slots with their first offsets, in a slice that begins at `from_offset`.
pub fn numbered<R>(
    from_offset: u64,
    slots: impl Iterator<Item = Slot<R>>,
) -> impl Iterator<Item = (u64, Slot<R>)> {
    let mut next = from_offset;
    slots.map(move |slot| {
        let offset = next;
        next += slot.offsets();
        (offset, slot)
    })
}
