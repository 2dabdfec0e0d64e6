//! RFC 9457 problem details, the body of every error.
//!
//! A handler returns a [`Problem`]; the [middleware](crate::middleware) renders it, because only there the request id is
//! known, and logs its cause, because only there every problem passes once.

mod from_audit;
mod from_search;
mod kind;

use std::error::Error;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use lookalike_encoder::SUPPORTED_FORMATS;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

pub use kind::ProblemKind;

/// Maximum number of characters of a request's text that a `detail` repeats.
const MAX_SHOWN_CHARACTERS: usize = 80;

/// An error on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    /// The kind.
    pub(crate) kind: ProblemKind,
    /// An explanation for the caller.
    pub(crate) detail: String,
    /// The cause, for the log only.
    pub(crate) cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            cause: None,
        }
    }

    pub(crate) fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// Changes the kind.
    pub(crate) fn of(self, kind: ProblemKind) -> Self {
        Self { kind, ..self }
    }

    /// Puts the name of the value in front of the detail.
    pub(crate) fn about(self, what: &str) -> Self {
        Self {
            detail: format!("{what}: {}", self.detail),
            ..self
        }
    }

    /// Returns the body of the reply.
    pub(crate) fn body(&self, instance: &str, request_id: &str) -> ProblemBody {
        let supported = (self.kind == ProblemKind::UnsupportedFormat).then(|| {
            SUPPORTED_FORMATS
                .iter()
                .map(|&name| name.to_owned())
                .collect()
        });
        ProblemBody {
            kind: self.kind.type_uri(),
            title: self.kind.title().to_owned(),
            status: self.kind.status().as_u16(),
            detail: self.detail.clone(),
            instance: instance.to_owned(),
            request_id: request_id.to_owned(),
            supported,
        }
    }

    /// Returns the cause and its own causes, for the log.
    pub(crate) fn causes(&self) -> Option<String> {
        let first = self.cause.as_deref()?;
        let mut text = first.to_string();
        let mut next = first.source();
        while let Some(error) = next {
            text.push_str(": ");
            text.push_str(&error.to_string());
            next = error.source();
        }
        Some(text)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// RFC 9457 problem details: what is wrong, and what to do about it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Identifies the kind of problem, for programs.
    #[serde(rename = "type")]
    #[schema(schema_with = every_type)]
    kind: String,
    /// The title that all problems of this kind share.
    title: String,
    /// The HTTP status.
    #[schema(example = 415)]
    status: u16,
    /// The fault of this request, and what to do about it.
    detail: String,
    /// The path of the request.
    #[schema(example = "/search")]
    instance: String,
    /// Id of the request in the log.
    request_id: String,
    /// The image formats that can be decoded; only with `unsupported-format`.
    #[serde(skip_serializing_if = "Option::is_none")]
    supported: Option<Vec<String>>,
}

/// Returns the schema of `type` with all its values.
fn every_type() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("Identifies the kind of problem, for programs."))
        .enum_values(Some(ProblemKind::ALL.iter().map(|kind| kind.type_uri())))
        .build()
}

/// Returns a request's text as a `detail` may repeat it: quoted, escaped and cut.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_the_rfc_and_a_request_id() {
        let problem = Problem::new(ProblemKind::UnknownKey, "there is no object");
        let body = serde_json::to_value(problem.body("/search", "id-1")).unwrap();
        let expected = serde_json::json!({
            "type": "urn:lookalike:problem:unknown-key",
            "title": "There is no such object",
            "status": 404,
            "detail": "there is no object",
            "instance": "/search",
            "request_id": "id-1",
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn only_an_unsupported_format_lists_the_supported_ones() {
        let problem = Problem::new(ProblemKind::UnsupportedFormat, "");
        let body = serde_json::to_value(problem.body("/search", "id")).unwrap();
        assert_eq!(body["supported"], serde_json::json!(SUPPORTED_FORMATS));
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let shown = shown(&"ü".repeat(5000));
        assert_eq!(
            shown,
            format!("\"{}\"...", "ü".repeat(MAX_SHOWN_CHARACTERS))
        );
    }

    #[test]
    fn the_log_gets_the_whole_chain_of_causes() {
        let cause = lookalike_core::StoreError::new(
            lookalike_core::StoreErrorKind::Unavailable,
            "get s3://bucket/key",
            "slow down",
        )
        .caused_by("connection reset");
        let problem = Problem::new(ProblemKind::Unavailable, "busy").caused_by(cause);
        assert_eq!(
            problem.causes().unwrap(),
            "get s3://bucket/key failed: slow down: connection reset"
        );
    }
}
