//! `GET /health`.

use axum::Json;

use crate::responses::HealthResponse;

/// State of the service
///
/// It touches no store: so it is fast on a cold start, and a failing store does not make an orchestrator restart the
/// service.
#[utoipa::path(
    get,
    path = "/health",
    tag = "service",
    responses((status = 200, description = "It runs", body = HealthResponse)),
)]
pub(crate) async fn health() -> Json<HealthResponse> {
    Json(HealthResponse { status: "ok" })
}
