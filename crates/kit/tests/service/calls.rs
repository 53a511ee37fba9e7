//! Deadlines, panics and overload of calls.

use std::time::{Duration, Instant};

use kit::{Limits, status};
use tonic::{Code, Request, Status};

use crate::weather::{Client, DOMAIN, REQUEST_BYTES, http, start};

fn reason(status: &Status) -> String {
    let info = status::info(status).expect("errors of the server carry ErrorInfo");
    assert_eq!(info.domain, DOMAIN);
    info.reason
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_of_the_caller_is_answered_by_the_server() {
    let service = start(Limits::default()).await;
    let mut request = Request::new(());
    request.set_timeout(Duration::from_millis(400));
    let began = Instant::now();
    let status = Client::new(&service)
        .call("Slow", request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    assert_eq!(reason(&status), "DEADLINE_EXCEEDED");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn unary_calls_without_a_deadline_get_one_and_streams_do_not() {
    let unary_deadline = Duration::from_millis(100);
    let service = start(Limits {
        unary_deadline,
        ..Limits::default()
    })
    .await;
    let mut client = Client::new(&service);
    let mut stream = client.watch("Watch", Request::new(())).await.unwrap();
    assert_eq!(stream.message().await.unwrap(), Some(()));
    let status = client.call("Slow", Request::new(())).await.unwrap_err();
    assert_eq!(reason(&status), "DEADLINE_EXCEEDED");
    let more = tokio::time::timeout(2 * unary_deadline, stream.message()).await;
    assert!(more.is_err(), "the stream is still open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_at_the_deadline_its_caller_asked_for() {
    let service = start(Limits::default()).await;
    let mut request = Request::new(());
    request.set_timeout(Duration::from_millis(300));
    let mut stream = Client::new(&service).watch("Watch", request).await.unwrap();
    assert_eq!(stream.message().await.unwrap(), Some(()));
    let status = stream.message().await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status)),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_internal_error_of_one_call() {
    let service = start(Limits::default()).await;
    let mut client = Client::new(&service);
    let status = client.call("Panic", Request::new(())).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status)),
        (Code::Internal, "PANIC".into())
    );
    assert!(
        !status.message().contains("lightning"),
        "what it said stays inside"
    );
    client.call("Now", Request::new(())).await.unwrap();

    let mut stream = client.watch("WatchPanic", Request::new(())).await.unwrap();
    assert_eq!(stream.message().await.unwrap(), Some(()));
    let status = stream.message().await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status)),
        (Code::Internal, "PANIC".into())
    );
    client.call("Now", Request::new(())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn overload_is_refused_at_once_and_says_when_to_come_back() {
    let service = start(Limits {
        unary_in_flight: 1,
        streams: 1,
        ..Limits::default()
    })
    .await;
    let client = Client::new(&service);
    let mut other = client.clone();
    // The first call takes the room: this one retries until it gets it.
    let slow = tokio::spawn(async move {
        while other.call("Slow", Request::new(())).await.is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let mut client = client;
    let status = loop {
        match client.call("Now", Request::new(())).await {
            Err(status) => break status,
            Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    assert_eq!(
        (status.code(), reason(&status)),
        (Code::ResourceExhausted, "OVERLOADED".into())
    );
    assert!(status::retry_after(&status).is_some());

    let stream = client.watch("Watch", Request::new(())).await.unwrap();
    let status = client.watch("Watch", Request::new(())).await.unwrap_err();
    assert_eq!(reason(&status), "OVERLOADED");

    // A caller that disconnects frees its room.
    slow.abort();
    drop(stream);
    let began = Instant::now();
    while client.call("Now", Request::new(())).await.is_err() {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "room is never made"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_counted_by_method_and_status() {
    let service = start(Limits::default()).await;
    let mut client = Client::new(&service);
    client.call("Now", Request::new(())).await.unwrap();
    let status = client.call("NoSuch", Request::new(())).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let (code, text) = http(service.admin_addr, "GET", "/metrics", "").await;
    assert_eq!(code, 200);
    for (method, status) in [("Now", 0), ("unknown", 12)] {
        let found = text.lines().any(|line| {
            line.starts_with("rpc_server_call_duration_seconds_count")
                && line.contains(&format!("rpc_method=\"{method}\""))
                && line.contains(&format!("rpc_grpc_status_code=\"{status}\""))
        });
        assert!(found, "{method} {status} in {text}");
    }
    assert!(!text.contains("NoSuch"), "clients cannot make labels");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_above_the_limit_is_refused_with_a_reason() {
    let service = start(Limits::default()).await;
    let mut client = Client::new(&service);
    client.call_with("Now", 100).await.unwrap();
    let status = client.call_with("Now", REQUEST_BYTES).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(reason(&status), "MESSAGE_TOO_LARGE");
    assert!(status.message().contains("the limit is 1000"), "{status}");
}
