//! The admin port: `/live`, `/ready`, `/metrics`, `/log`. Plain HTTP/1.1, meant for operators and orchestrators only.

use axum::Router;

use crate::Readiness;

/// The routes, for services that want to serve them elsewhere as well.
pub fn routes(name: &'static str, readiness: Readiness) -> Router {
    let _ = (name, readiness);
    todo!()
}
