//! The web pages: rendered on the server, readable without scripts, without resources from elsewhere.

mod account;
mod block;
mod error;
mod home;
mod record;
mod search;
mod show;
mod transaction;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::State;

/// Serves the pages until shutdown.
pub async fn serve(listener: TcpListener, state: State) -> anyhow::Result<()> {
    let shutdown = state.shutdown.clone();
    let pages = Router::new()
        .route("/", get(home::page))
        .route("/blocks", get(block::list))
        .route("/blocks/{id}", get(block::page))
        .route("/transactions/{id}", get(transaction::page))
        .route("/accounts/{account}", get(account::page))
        .route("/records/{partition}/{offset}", get(record::page))
        .route("/search", get(search::page))
        .route("/style.css", get(style))
        .fallback(error::no_page)
        .layer(axum::middleware::map_response(harden))
        .with_state(state);
    axum::serve(listener, pages)
        .with_graceful_shutdown(async move { shutdown.cancelled().await })
        .await?;
    Ok(())
}

async fn style() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "text/css"),
            (header::CACHE_CONTROL, "max-age=3600"),
        ],
        include_str!("../assets/style.css"),
    )
}

/// Memos are foreign text: even if one slips through the escaping, it may not load or run anything.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}
