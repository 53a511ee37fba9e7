//! The codec accepts exactly the bytes that decoding and encoding again with prost gives back.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use proto::chain::v1;

use super::{Block, Genesis, Header, Transaction};

/// Numbers where varints change their length, and at the ends of the types.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(1),
        0..300_u64,
        any::<u32>().prop_map(u64::from),
        Just(u64::from(u32::MAX) + 1),
        any::<u64>(),
        Just(u64::MAX),
    ]
}

fn small() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), Just(1), 0..300_u32, Just(u32::MAX)]
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        Just(Bytes::new()),
        vec(any::<u8>(), 0..5).prop_map(Bytes::from),
        vec(any::<u8>(), 32).prop_map(Bytes::from),
        vec(any::<u8>(), 120..140).prop_map(Bytes::from),
    ]
}

prop_compose! {
    fn transaction()(
        sender in bytes(), recipient in bytes(), amount in number(), nonce in number(),
        memo in ".{0,9}", valid_until in number(), signature in bytes(),
    ) -> v1::Transaction {
        v1::Transaction { sender, recipient, amount, nonce, memo, valid_until, signature }
    }
}

prop_compose! {
    fn header()(
        version in small(), height in number(), previous_hash in bytes(), log_root in bytes(),
        log_size in number(), timestamp_ms in number(), partition in small(),
        from_offset in number(), to_offset in number(),
        (miner, bits, nonce) in (bytes(), small(), number()),
    ) -> v1::Header {
        v1::Header {
            version, height, previous_hash, log_root, log_size, timestamp_ms, partition,
            from_offset, to_offset, miner, bits, nonce,
        }
    }
}

prop_compose! {
    fn block()(
        header in proptest::option::of(header()), signature in bytes(), records in vec(bytes(), 0..4),
        verdicts in bytes(), holes in vec((number(), number()), 0..3),
    ) -> v1::Block {
        let holes = holes.into_iter().map(|(from_offset, to_offset)| v1::Hole { from_offset, to_offset });
        v1::Block { header, signature, records, verdicts, holes: holes.collect() }
    }
}

prop_compose! {
    fn genesis()(
        name in "[a-z]{0,4}", timestamp_ms in number(), open in any::<bool>(), partitions in small(),
        reward in number(), bits in small(), target_block_ms in number(),
        max_block_records in small(), max_block_bytes in small(),
        (allocations, miners, admin) in (vec((bytes(), number()), 0..3), vec(bytes(), 0..3), bytes()),
    ) -> v1::Genesis {
        let allocations = allocations.into_iter().map(|(account, amount)| v1::Allocation { account, amount });
        v1::Genesis {
            name, timestamp_ms, open, partitions, reward, bits, target_block_ms, max_block_records,
            max_block_bytes, allocations: allocations.collect(), miners, admin,
        }
    }
}

/// A change to encoded bytes. Places are shares of the length.
#[derive(Clone, Debug)]
enum Change {
    Set(u16, u8),
    Flip(u16, u8),
    Insert(u16, u8),
    Remove(u16, u8),
    Repeat(u16, u8),
    Cut(u16),
    Append(Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    let interesting = prop_oneof![any::<u8>(), Just(0), Just(0x80), Just(0x7f), 0..0x70_u8];
    prop_oneof![
        (any::<u16>(), interesting.clone()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<u16>(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (any::<u16>(), interesting).prop_map(|(at, byte)| Change::Insert(at, byte)),
        (any::<u16>(), 1..4_u8).prop_map(|(at, count)| Change::Remove(at, count)),
        (any::<u16>(), 1..4_u8).prop_map(|(at, count)| Change::Repeat(at, count)),
        any::<u16>().prop_map(Change::Cut),
        vec(any::<u8>(), 1..4).prop_map(Change::Append),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: u16| usize::from(at) * bytes.len() / (1 << 16);
        match *self {
            Change::Set(at, byte) if !bytes.is_empty() => {
                let at = place(at);
                bytes[at] = byte;
            }
            Change::Flip(at, bit) if !bytes.is_empty() => {
                let at = place(at);
                bytes[at] ^= 1 << bit;
            }
            Change::Insert(at, byte) => bytes.insert(place(at), byte),
            Change::Remove(at, count) => {
                let at = place(at);
                let end = bytes.len().min(at + usize::from(count));
                bytes.drain(at..end);
            }
            Change::Repeat(at, count) => {
                let at = place(at);
                let end = bytes.len().min(at + usize::from(count));
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            Change::Cut(at) => bytes.truncate(place(at)),
            Change::Append(ref more) => bytes.extend_from_slice(more),
            _ => {}
        }
    }
}

/// Decodes and encodes by prost: true if the bytes are those that it writes.
fn canonical<M: Message + Default>(bytes: &[u8]) -> bool {
    M::decode(bytes).is_ok_and(|message| message.encode_to_vec() == bytes)
}

fn accepts_transaction(bytes: &[u8]) -> bool {
    Transaction::decode(bytes).is_ok_and(|fields| {
        assert_eq!(fields.encode(), bytes);
        true
    })
}

fn accepts_header(bytes: &[u8]) -> bool {
    Header::decode(bytes).is_ok_and(|fields| {
        assert_eq!(fields.encode(), bytes);
        true
    })
}

fn accepts_block(bytes: &[u8]) -> bool {
    Block::decode(bytes, |_| {}, |_, _| {}).is_ok()
}

fn accepts_genesis(bytes: &[u8]) -> bool {
    Genesis::decode(bytes).is_ok_and(|fields| {
        assert_eq!(fields.encode(), bytes);
        true
    })
}

fn same<M: Message + Default>(
    message: &M,
    changes: &[Change],
    accepts: fn(&[u8]) -> bool,
) -> Result<(), TestCaseError> {
    let mut bytes = message.encode_to_vec();
    prop_assert!(accepts(&bytes), "a valid encoding");
    for change in changes {
        change.apply(&mut bytes);
        prop_assert_eq!(
            accepts(&bytes),
            canonical::<M>(&bytes),
            "{}",
            hex::encode(&bytes)
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn transactions(message in transaction(), changes in vec(change(), 1..8)) {
        same(&message, &changes, accepts_transaction)?;
    }

    #[test]
    fn headers(message in header(), changes in vec(change(), 1..8)) {
        same(&message, &changes, accepts_header)?;
    }

    #[test]
    fn blocks(message in block(), changes in vec(change(), 1..8)) {
        same(&message, &changes, accepts_block)?;
    }

    #[test]
    fn geneses(message in genesis(), changes in vec(change(), 1..8)) {
        same(&message, &changes, accepts_genesis)?;
    }

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..12)) {
        prop_assert_eq!(accepts_transaction(&bytes), canonical::<v1::Transaction>(&bytes));
        prop_assert_eq!(accepts_header(&bytes), canonical::<v1::Header>(&bytes));
        prop_assert_eq!(accepts_block(&bytes), canonical::<v1::Block>(&bytes));
        prop_assert_eq!(accepts_genesis(&bytes), canonical::<v1::Genesis>(&bytes));
    }
}
