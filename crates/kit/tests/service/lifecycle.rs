//! Readiness, liveness, and the end of a service.

use std::time::{Duration, Instant};

use kit::{Limits, Reason, status};
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::weather::{Client, SERVICE, http, start};

async fn health(service: &kit::Service, name: &str) -> ServingStatus {
    let mut client = HealthClient::new(kit::client::channel(&service.grpc_url()).unwrap());
    let request = HealthCheckRequest {
        service: name.to_owned(),
    };
    client.check(request).await.unwrap().into_inner().status()
}

async fn until_health(service: &kit::Service, name: &str, wanted: ServingStatus) {
    let began = Instant::now();
    while health(service, name).await != wanted {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "never {wanted:?}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_named() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let mut client = HealthClient::new(kit::client::channel(&address).unwrap());
    let status = client
        .check(HealthCheckRequest::default())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let message = status.message();
    assert!(message.starts_with(&address), "{message}");
    assert!(message.contains("refused"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_is_the_same_on_both_ports_and_liveness_is_not_readiness() {
    let service = start(Limits::default()).await;
    let admin = service.admin_addr;
    for name in ["", SERVICE] {
        until_health(&service, name, ServingStatus::Serving).await;
    }
    assert_eq!(http(admin, "GET", "/ready", "").await.0, 200);

    let broker = service.readiness.condition("broker");
    broker.set(Err(Reason("LOG_UNAVAILABLE").because("no broker answers")));
    let (code, body) = http(admin, "GET", "/ready", "").await;
    assert_eq!(code, 503);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["reasons"][0]["reason"], "LOG_UNAVAILABLE");
    assert_eq!(body["reasons"][0]["condition"], "broker");
    for name in ["", SERVICE] {
        until_health(&service, name, ServingStatus::NotServing).await;
    }
    assert_eq!(http(admin, "GET", "/live", "").await.0, 200);

    broker.set(Ok(()));
    until_health(&service, "", ServingStatus::Serving).await;
    assert_eq!(http(admin, "GET", "/ready", "").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_open_streams_and_says_so() {
    let service = start(Limits::default()).await;
    let admin = service.admin_addr;
    let mut stream = Client::new(&service)
        .watch("Watch", Request::new(()))
        .await
        .unwrap();
    assert_eq!(stream.message().await.unwrap(), Some(()));
    service.shutdown.trigger();
    let began = Instant::now();
    let ended = tokio::spawn(service.finish());
    let (_, body) = http(admin, "GET", "/ready", "").await;
    assert!(body.contains("SHUTTING_DOWN"), "{body}");
    let status = stream.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status::reason(&status).as_deref(), Some("SHUTTING_DOWN"));
    drop(stream);
    ended.await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_task_ends_the_service() {
    let service = start(Limits::default()).await;
    service
        .tasks
        .spawn("clouds", async { anyhow::bail!("no clouds") });
    let error = service.finish().await.unwrap_err();
    assert_eq!(format!("{error:#}"), "task clouds failed: no clouds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named_with_its_flag() {
    let first = kit::Service::for_test("first").await;
    let any = "127.0.0.1:0".parse().unwrap();
    for (grpc, admin, flag) in [
        (first.grpc_addr, any, "--listen"),
        (any, first.admin_addr, "--admin"),
    ] {
        let addresses = kit::service::Addresses { grpc, admin };
        let error = kit::Service::bind("second", addresses, kit::Shutdown::new()).await;
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains(flag) && error.contains("another process"),
            "{error}"
        );
    }
}
