//! The same over a real broker.

use journal::{Journal, Options, Url};

use crate::stage::{Stage, open_genesis, reason, record};
use crate::streams;

fn open(url: &str) -> Journal {
    let url: Url = url.parse().unwrap();
    Journal::open(&url, &Options::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_on_a_stream_and_a_record_twice() {
    let Some(broker) = tokio::task::spawn_blocking(harness::kafka).await.unwrap() else {
        return;
    };
    let url = format!("kafka://{broker}/{}", harness::unique("ingest"));
    let stage = Stage::with(open(&url), open_genesis(), &[]).await;
    streams::run(&stage, 10_000).await;
    assert_eq!(stage.log(0).len() + stage.log(1).len(), 10_000);

    let transaction = stage.signed(1, 7);
    let first = stage.submit(record(&transaction)).await.unwrap();
    let again = stage.submit(record(&transaction)).await.unwrap();
    let offset = |reply: &proto::ingest::v1::SubmitTransactionResponse| {
        reply.position.unwrap().offset.expect("named by the broker")
    };
    assert_eq!(offset(&again), offset(&first) + 1);
    let partition = first.position.unwrap().partition();
    let stored = stage.log(partition).pop().unwrap();
    assert_eq!(stored.offset, offset(&again));
    assert_eq!(
        (&stored.value, stored.key.as_ref()),
        (&transaction.encode(), Some(&transaction.sender))
    );
    let time = again.append_time.unwrap();
    assert_eq!(
        stored.append_ms,
        time.seconds as u64 * 1000 + time.nanos as u64 / 1_000_000
    );
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_not_there_is_waited_for() {
    // Nobody listens on the discard port of the loopback.
    let journal = open("kafka://127.0.0.1:9");
    let stage = Stage::start(journal, open_genesis(), true, &[]).await;
    stage.unready("LOG_UNAVAILABLE").await;
    let status = stage.submit(record(&stage.signed(1, 7))).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (tonic::Code::Unavailable, "LOG_UNAVAILABLE")
    );
    stage.stop().await;
}
