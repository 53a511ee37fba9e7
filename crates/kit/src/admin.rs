//! The admin port: `/live`, `/ready`, `/metrics`, `/log`. Plain HTTP/1.1, for operators and orchestrators only.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{Readiness, metrics, telemetry};

/// Longest request body, in bytes; a filter may be a quarter of it.
const MAX_BODY_BYTES: usize = 4096;

/// The reply to `GET /`: the list of paths.
const INDEX: &str = "\
GET /live     200 while the process runs
GET /ready    200 when the service may be sent work; else 503 with the reasons
GET /metrics  Prometheus text
GET /log      the filter of the log
PUT /log      replaces it: curl -X PUT -d info,ledger=debug http://HOST:PORT/log
";

#[derive(Clone)]
struct Admin {
    name: &'static str,
    readiness: Readiness,
}

/// The routes of the admin port.
pub fn routes(name: &'static str, readiness: Readiness) -> Router {
    Router::new()
        .route("/", get(INDEX))
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics_text))
        .route("/log", get(|| async { log_filter() }).put(set_log_filter))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Admin { name, readiness })
}

/// Serves until the task is dropped.
pub(crate) async fn serve(listener: TcpListener, routes: Router) {
    if let Err(error) = axum::serve(listener, routes).await {
        tracing::error!("the admin port ended: {error}");
    }
}

// Depends on nothing but this process: a restart would not bring a lost journal back.
async fn live(State(admin): State<Admin>) -> Response {
    let version = env!("CARGO_PKG_VERSION");
    Json(json!({ "service": admin.name, "live": true, "version": version })).into_response()
}

async fn ready(State(admin): State<Admin>) -> Response {
    let reasons = admin.readiness.reasons();
    let code = match reasons.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = json!({ "service": admin.name, "ready": reasons.is_empty(), "reasons": reasons });
    (code, Json(body)).into_response()
}

async fn metrics_text() -> Response {
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, metrics::prometheus_text()).into_response()
}

fn log_filter() -> String {
    format!("{}\n", telemetry::log_filter())
}

async fn set_log_filter(body: String) -> Response {
    match telemetry::set_log_filter(body.trim()) {
        Ok(()) => log_filter().into_response(),
        Err(problem) => (StatusCode::BAD_REQUEST, format!("{problem}\n")).into_response(),
    }
}
