//! `GET /health`.

use axum::Json;

use crate::reply::HealthReply;

/// Whether the service runs
///
/// Touches no store: it stays quick on a cold start, and a store that fails does not get the service
/// restarted.
#[utoipa::path(
    get,
    path = "/health",
    tag = "service",
    responses((status = 200, description = "It runs", body = HealthReply)),
)]
pub(crate) async fn health() -> Json<HealthReply> {
    Json(HealthReply { status: "ok" })
}
