//! What is refused, with which code, reason and field.

use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::*;
use proto::types::v1::Position;
use tonic::Code;

use crate::stage::{Node, Stage, fact, field, position, reason, shape};

async fn one_block() -> Node {
    let mut stage = Stage::new();
    stage.send(0, "bank", "carol", 1);
    stage.seal(0);
    let running = stage.start(&[]).await;
    running.at(1).await;
    running
}

fn expect(code: Code, reason: &str, field: &str) -> (Code, String, String) {
    (code, reason.into(), field.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_are_not_there() {
    let running = one_block().await;
    let ask = async |id| {
        let request = GetBlockRequest {
            id: Some(id),
            ..Default::default()
        };
        running.block(request).await.unwrap_err()
    };
    let error = ask(Id::Height(2)).await;
    let beyond = expect(Code::OutOfRange, "HEIGHT_ABOVE_TIP", "height");
    assert_eq!(shape(&error), beyond);
    assert_eq!(fact(&error, "tip").as_deref(), Some("1"));
    assert_eq!(error.metadata().get("x-blocklog-height").unwrap(), "1");
    let error = ask(Id::Hash("ab".repeat(32))).await;
    assert_eq!(shape(&error), expect(Code::NotFound, "UNKNOWN_BLOCK", ""));
    assert_eq!(fact(&error, "as_of_height").as_deref(), Some("1"));
    let error = ask(Id::Hash("xyz".into())).await;
    let bad = expect(Code::InvalidArgument, "BAD_FIELD", "hash");
    assert_eq!(shape(&error), bad);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_and_accounts_that_are_not_there() {
    let running = one_block().await;
    let error = running.status("00".repeat(32)).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(reason(&error), "UNKNOWN_TRANSACTION");
    assert_eq!(fact(&error, "as_of_height").as_deref(), Some("1"));
    let error = running.status("").await.unwrap_err();
    let missing = expect(Code::InvalidArgument, "MISSING_FIELD", "id");
    assert_eq!(shape(&error), missing);

    for (account, height, expected) in [
        ("nobody", None, (Code::NotFound, "UNKNOWN_ACCOUNT", "")),
        ("carol", Some(0), (Code::NotFound, "UNKNOWN_ACCOUNT", "")),
        (
            "carol",
            Some(9),
            (Code::OutOfRange, "HEIGHT_ABOVE_TIP", "at_height"),
        ),
        (
            "Carol",
            None,
            (Code::InvalidArgument, "BAD_ACCOUNT", "account"),
        ),
        (
            "",
            None,
            (Code::InvalidArgument, "MISSING_FIELD", "account"),
        ),
    ] {
        let error = running.account(account, height).await.unwrap_err();
        let (code, reason, field) = expected;
        assert_eq!(shape(&error), expect(code, reason, field), "{account}");
    }
    let error = running.account("carol", Some(0)).await.unwrap_err();
    assert_eq!(fact(&error, "as_of_height").as_deref(), Some("0"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_that_cannot_be() {
    let running = one_block().await;
    let place = |partition, offset| Some(Position { partition, offset });
    let invalid = Code::InvalidArgument;
    for (asked, code, why, path) in [
        (None, invalid, "MISSING_FIELD", "position"),
        (
            place(Some(0), None),
            invalid,
            "MISSING_FIELD",
            "position.offset",
        ),
        (
            place(None, Some(0)),
            invalid,
            "MISSING_FIELD",
            "position.partition",
        ),
        (
            position(2, 0),
            invalid,
            "BAD_PARTITION",
            "position.partition",
        ),
        (
            position(0, 1),
            Code::OutOfRange,
            "OFFSET_ABOVE_END",
            "position.offset",
        ),
    ] {
        let error = running.record(asked).await.unwrap_err();
        assert_eq!(shape(&error), expect(code, why, path));
    }
    let error = running.record(position(0, 1)).await.unwrap_err();
    assert_eq!(fact(&error, "end").as_deref(), Some("1"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_and_prefixes_that_make_no_sense() {
    let running = one_block().await;
    let mut ledger = running.ledger.clone();
    for prefix in ["abcdef0", "", "not hex!", &"0".repeat(65)] {
        let request = FindByPrefixRequest {
            prefix: prefix.into(),
            page_size: 0,
        };
        let error = ledger.find_by_prefix(request).await.unwrap_err();
        assert_eq!(
            (error.code(), field(&error).as_str()),
            (Code::InvalidArgument, "prefix")
        );
    }
    let time = |seconds, nanos| Some(prost_types::Timestamp { seconds, nanos });
    for (from_time, to_time, why) in [
        (time(2, 0), time(1, 0), "INVERTED_RANGE"),
        (time(-1, 0), time(1, 0), "BAD_FIELD"),
        (None, time(i64::MAX, 0), "BAD_FIELD"),
        (time(1, -1), time(2, 0), "BAD_FIELD"),
        (time(1, 0), time(1 << 40, 0), "BAD_FIELD"),
    ] {
        let request = GetSeriesRequest {
            from_time,
            to_time,
            buckets: 1,
        };
        let error = ledger.get_series(request).await.unwrap_err();
        assert_eq!(reason(&error), why, "{from_time:?} {to_time:?}");
    }
    let all = GetSeriesRequest {
        from_time: time(0, 0),
        to_time: time(253_402_300_799, 0),
        buckets: u32::MAX,
    };
    let buckets = ledger.get_series(all).await.unwrap().into_inner().buckets;
    assert!(buckets.len() <= 1000);
    running.stop().await;
}
