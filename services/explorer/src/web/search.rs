//! Search: redirects to the page if there is only one hit.

use askama::Template;
use axum::extract::{Query, State as Shared};
use axum::response::{IntoResponse, Redirect, Response};
use proto::explorer::v1::Hit;
use serde::Deserialize;

use super::error::{Error, render};
use crate::State;

#[derive(Template)]
#[template(path = "search.html")]
struct Page {
    query: String,
    hits: Vec<Hit>,
}

/// The query string.
#[derive(Debug, Deserialize)]
pub struct Words {
    #[serde(default)]
    q: String,
}

/// `/search?q=WORDS`
pub async fn page(
    Shared(state): Shared<State>,
    Query(words): Query<Words>,
) -> Result<Response, Error> {
    let hits = if words.q.trim().is_empty() {
        Vec::new()
    } else {
        crate::search::search(&state.upstream, &words.q, 0).await?
    };
    if let [only] = hits.as_slice()
        && !only.path.starts_with("/search")
    {
        return Ok(Redirect::to(&only.path).into_response());
    }
    Ok(render(&Page {
        query: words.q,
        hits,
    })?
    .into_response())
}
