//! Error pages: for missing pages, and for failures of the ledger.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use tonic::Status;

use crate::errors::is_absent;

#[derive(Template)]
#[template(path = "error.html")]
struct Page<'a> {
    title: &'a str,
    message: &'a str,
}

/// A page cannot be shown.
#[derive(Debug)]
pub enum Error {
    /// The ledger refused the call, or failed.
    Ledger(Status),
    /// The address does not parse.
    BadAddress(String),
    /// A template failed: a bug.
    Render(askama::Error),
}

/// The result of every page.
pub type Rendered = Result<Html<String>, Error>;

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Ledger(status)
    }
}

/// Fills a template.
pub fn render(template: &impl Template) -> Rendered {
    template.render().map(Html).map_err(Error::Render)
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::BadAddress(message) => respond(StatusCode::NOT_FOUND, "Not found", &message),
            Self::Render(error) => {
                tracing::error!("a page does not render: {error}");
                respond(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Internal error",
                    "The page could not be rendered; the log output has the cause.",
                )
            }
            Self::Ledger(status) if is_absent(&status) => {
                respond(StatusCode::NOT_FOUND, "Not found", status.message())
            }
            Self::Ledger(status) => respond(
                StatusCode::SERVICE_UNAVAILABLE,
                "The ledger does not answer",
                &format!("{} Try again in a moment.", status.message()),
            ),
        }
    }
}

/// Any other address.
pub async fn no_page() -> Response {
    respond(
        StatusCode::NOT_FOUND,
        "Not found",
        "There is no such page. Search for a height, hash, id, account or partition:offset.",
    )
}

fn respond(code: StatusCode, title: &str, message: &str) -> Response {
    let text = Page { title, message }
        .render()
        .unwrap_or_else(|_| message.to_owned());
    (code, Html(text)).into_response()
}
