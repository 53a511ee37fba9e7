//! The framing of exports, as written by Blocklog and by kcat.

use journal::export::{Error, Exported, Head, read_head, read_record, write_record};

/// All records of an export that is whole.
fn read_all(mut bytes: &[u8]) -> Vec<Exported<'_>> {
    let next = || {
        let (record, length) = read_record(bytes).expect("it is an export")?;
        bytes = &bytes[length..];
        Some(record)
    };
    let read = std::iter::from_fn(next).collect();
    assert_eq!(bytes, b"", "it is whole");
    read
}

#[test]
fn what_is_written_is_read_back() {
    let records: [(u64, u64, &[u8]); 4] = [
        (0, 0, b""),
        (1, 1_700_000_000_000, b" 7 8 \n"),
        (u64::MAX, u64::MAX, &[0; 300]),
        (9, 1, b"\xff"),
    ];
    let mut out = Vec::new();
    for (offset, append_ms, value) in records {
        write_record(&mut out, offset, append_ms, value);
    }
    let read = read_all(&out);
    let expected = records.map(|(offset, append_ms, value)| Exported {
        offset,
        append_ms,
        value,
    });
    assert_eq!(read, expected);
}

#[test]
fn a_missing_time_and_a_null_value_count_as_nothing() {
    let bytes = b"3 -1 \xff\xff\xff\xff4 1 \0\0\0\x01x";
    let read = read_all(bytes);
    let nothing = Exported {
        offset: 3,
        append_ms: 0,
        value: b"",
    };
    assert_eq!(read[0], nothing);
    assert_eq!(read[1].value, b"x");
}

#[test]
fn every_beginning_of_a_record_asks_for_more() {
    let mut whole = Vec::new();
    write_record(&mut whole, 12, 34, b"value");
    for end in 0..whole.len() {
        assert_eq!(read_record(&whole[..end]), Ok(None), "{end}");
    }
    assert!(matches!(read_record(&whole), Ok(Some((_, 15)))));
}

#[test]
fn what_is_no_export_is_named_by_its_place() {
    let cases: [(&[u8], usize); 6] = [
        (b"x 1 \0\0\0\0", 0),
        (b" 1 \0\0\0\0", 0),
        (b"1 y \0\0\0\0", 2),
        (b"1  \0\0\0\0", 2),
        (b"18446744073709551616 1 \0\0\0\0", 0),
        (b"123456789012345678901234", 0),
    ];
    for (bytes, at) in cases {
        assert_eq!(read_record(bytes), Err(Error { at }), "{bytes:?}");
    }
}

#[test]
fn the_length_is_known_before_the_value_is_there() {
    let mut whole = Vec::new();
    write_record(&mut whole, 12, 34, b"value");
    let head = Head {
        offset: 12,
        append_ms: 34,
        bytes: 10,
        value_bytes: 5,
    };
    for end in 0..=whole.len() {
        let expected = (end >= head.bytes).then_some(head);
        assert_eq!(read_head(&whole[..end]), Ok(expected), "{end}");
    }
}
