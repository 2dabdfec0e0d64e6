//! `GET /audit`.

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use lookalike_core::Deadline;
use lookalike_search::AuditOptions;

use super::json::json_reply;
use crate::problem::{Problem, ProblemKind};
use crate::request::audit_limit;
use crate::responses::AuditResponse;
use crate::state::AppState;

/// Maximum number of images listed of a group: each comes with a link, and a placeholder image may have thousands.
const MAX_GROUP_IMAGES: usize = 12;

/// Problems of the catalog
///
/// Identical and nearly identical images, images among those of another category, products without images, images
/// without product, failed images, and where bucket, index and table disagree. It changes nothing. It reads the whole
/// table and lists the whole bucket, so it is disabled unless the operator enables it.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "service",
    params(("limit" = Option<usize>, Query, minimum = 1, maximum = 100, description = "Maximum number of items of each list, 50 by default; `total` has their whole number", example = 20)),
    responses(
        (status = 200, description = "The first items of all lists", body = AuditResponse),
    ),
)]
pub(crate) async fn audit(State(state): State<AppState>, uri: Uri) -> Result<Response, Problem> {
    let limit = audit_limit(&uri)?;
    let Some(limits) = state.audit else {
        return Err(disabled());
    };
    let Ok(_alone) = state.audit_permit.try_acquire() else {
        return Err(Problem::new(
            ProblemKind::Unavailable,
            "an audit of the catalog is already running; try again in a moment",
        ));
    };
    let options = AuditOptions {
        until: Deadline::after(limits.time),
        max_images: limits.pictures,
    };
    let report = state.searcher.audit(options).await?;
    let mut report = report.shortened(limit, MAX_GROUP_IMAGES.min(limit));
    state.searcher.add_image_links(&mut report).await?;
    Ok(json_reply(&AuditResponse::from(report), false))
}

pub(crate) fn disabled() -> Problem {
    Problem::new(
        ProblemKind::AuditOff,
        "the catalog audit is disabled here, since it costs as much as thousands of searches: the operator \
         enables it with the template's parameter AuditSeconds, or runs `lookalike audit`",
    )
}
