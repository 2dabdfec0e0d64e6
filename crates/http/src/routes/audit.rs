//! `GET /audit`.

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use lookalike_core::Deadline;
use lookalike_search::AuditOptions;

use super::json_reply;
use crate::audit_reply::AuditReply;
use crate::problem::{Problem, ProblemKind};
use crate::request::audit_limit;
use crate::router::Shared;

/// Pictures of a group that are listed, at most: each comes with a link, and a placeholder may have thousands.
const MOST_OF_GROUP: usize = 12;

/// What is wrong with the catalog
///
/// Identical and nearly identical pictures, pictures among those of another category, products without pictures, pictures
/// without product, failed pictures, and where bucket, index and table disagree. Nothing is changed. This reads the whole
/// table and lists the whole bucket, so it is switched off unless the operator switched it on.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "service",
    params(("limit" = Option<usize>, Query, minimum = 1, maximum = 100, description = "Entries of each list at most, 50 without; `total` tells how many there are", example = 20)),
    responses(
        (status = 200, description = "The beginnings of all lists", body = AuditReply),
    ),
)]
pub(crate) async fn audit(State(shared): State<Shared>, uri: Uri) -> Result<Response, Problem> {
    let limit = audit_limit(&uri)?;
    let Some(limits) = shared.audit else {
        return Err(switched_off());
    };
    let Ok(_alone) = shared.auditing.try_acquire() else {
        return Err(Problem::new(
            ProblemKind::Unavailable,
            "the catalog is being looked over for somebody else; try again in a moment",
        ));
    };
    let options = AuditOptions {
        until: Deadline::after(limits.time),
        most_images: limits.pictures,
    };
    let report = shared.searcher.audit(options).await?;
    let report = report.shortened(limit, MOST_OF_GROUP.min(limit));
    let reply = AuditReply::of(report, &shared.searcher).await?;
    Ok(json_reply(reply, false))
}

pub(crate) fn switched_off() -> Problem {
    Problem::new(
        ProblemKind::AuditOff,
        "looking over the catalog is switched off here, for it costs as much as thousands of searches: \
         its operator switches it on by the template's parameter AuditSeconds, or runs `lookalike audit`",
    )
}
