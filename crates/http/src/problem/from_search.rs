//! Problems of searches and lookups.

use lookalike_core::{FilterError, StoreErrorKind};
use lookalike_encoder::ImageError;
use lookalike_search::{BadQuery, SearchError};

use super::{Problem, ProblemKind, shown};

const RETRY: &str = "a store behind the service is busy or failing; try again in a moment";
const MISCONFIGURED: &str = "a bucket or table that the service needs is missing or closed to it; \
                             its operator finds which one in the log, under this request id";
const INTERNAL: &str =
    "the service failed; its operator finds the reason in the log, under this request id";

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        let (kind, detail) = explain(&error);
        let problem = Self::new(kind, detail);
        if kind.status().is_server_error() {
            return problem.caused_by(error);
        }
        problem
    }
}

impl From<BadQuery> for Problem {
    fn from(error: BadQuery) -> Self {
        SearchError::from(error).into()
    }
}

fn explain(error: &SearchError) -> (ProblemKind, String) {
    use ProblemKind::*;
    match error {
        SearchError::Image(image) => explain_image(image),
        SearchError::ExceedsMemory(_) | SearchError::TooManyPixels(_) => {
            (TooManyPixels, error.to_string())
        }
        SearchError::TooManyBytes => (TooLarge, error.to_string()),
        SearchError::KOutOfRange(_) | SearchError::MinScoreOutOfRange(_) => {
            (InvalidParameter, error.to_string())
        }
        SearchError::DiversityOutOfRange(_)
        | SearchError::TooManyFields(_)
        | SearchError::TooManyFacets(_) => (InvalidParameter, error.to_string()),
        SearchError::BadQuery(_) => (InvalidQuery, error.to_string()),
        SearchError::Item { at, error } => {
            let (kind, detail) = explain(error);
            let about = |detail| format!("query[{at}]: {detail}");
            match kind.status().is_server_error() {
                true => (kind, detail),
                false => (kind, about(detail)),
            }
        }
        SearchError::VectorOfOtherEncoder { .. }
        | SearchError::VectorLength { .. }
        | SearchError::VectorWithoutDirection => (InvalidVector, error.to_string()),
        SearchError::Filter(filter) => explain_filter(filter),
        SearchError::Unsupported(_) => (NotWithVectorBase, error.to_string()),
        SearchError::InvalidCursor(_) => (InvalidCursor, error.to_string()),
        SearchError::CursorExpired { .. } => (CursorExpired, error.to_string()),
        SearchError::NotYetIndexed { .. } => (NotYetIndexed, error.to_string()),
        SearchError::UnknownProduct(id) => (
            UnknownProduct,
            format!("there is no product {} with an indexed image", shown(id)),
        ),
        SearchError::UnknownKey(key) => (
            UnknownKey,
            format!(
                "there is no object at key {}: upload the image first",
                shown(key)
            ),
        ),
        SearchError::ForbiddenKey(key) => (
            ForbiddenKey,
            format!(
                "key {} is not allowed: it must begin with uploads/ or catalog/ and have no empty, \
                 . or .. parts, no control characters, and at most 1024 bytes",
                shown(key)
            ),
        ),
        SearchError::NoCatalogKey(key) => (
            ForbiddenKey,
            format!(
                "key {} is not the key of a catalog image: it must begin with catalog/ and not end with a slash",
                shown(key)
            ),
        ),
        SearchError::UnsupportedMediaType(name) => (
            UnsupportedFormat,
            format!(
                "media type {} is not supported: use image/jpeg, image/png, image/webp, \
                 image/gif, image/bmp, image/tiff or image/avif",
                shown(name)
            ),
        ),
        SearchError::OtherEncoder { .. } => (OtherEncoder, error.to_string()),
        SearchError::Index(_) => (UnreadableIndex, error.to_string()),
        SearchError::MissingSegment { .. } => (IncompleteIndex, error.to_string()),
        SearchError::Encoder(_) => (
            Unavailable,
            "the encoder could not be loaded; it is tried again with the next request".to_owned(),
        ),
        SearchError::Store(store) => match store.kind {
            StoreErrorKind::Unavailable | StoreErrorKind::Conflict => {
                (Unavailable, RETRY.to_owned())
            }
            StoreErrorKind::NotFound | StoreErrorKind::Denied => {
                (Misconfigured, MISCONFIGURED.to_owned())
            }
            StoreErrorKind::Invalid => (Internal, INTERNAL.to_owned()),
        },
    }
}

fn explain_filter(error: &FilterError) -> (ProblemKind, String) {
    use ProblemKind::*;
    let kind = match error {
        FilterError::UnknownAttribute { .. } => UnknownAttribute,
        FilterError::Type { .. } | FilterError::NumberRange { .. } => FilterType,
        FilterError::Malformed { .. }
        | FilterError::TooManyClauses { .. }
        | FilterError::TooDeep { .. }
        | FilterError::TooManyValues { .. } => InvalidFilter,
    };
    (kind, error.to_string())
}

fn explain_image(error: &ImageError) -> (ProblemKind, String) {
    use ProblemKind::*;
    let kind = match error {
        ImageError::Empty => EmptyImage,
        ImageError::TooManyBytes { .. } => TooLarge,
        ImageError::TooManyPixels { .. } => TooManyPixels,
        ImageError::UnsupportedFormat { .. } => UnsupportedFormat,
        ImageError::Corrupt { .. } => CorruptImage,
        ImageError::Crop { .. } => InvalidCrop,
        ImageError::Inference(_) => return (Internal, INTERNAL.to_owned()),
    };
    (kind, error.to_string())
}

impl Problem {
    /// Returns the problem of a fault in the service itself.
    pub(crate) fn internal() -> Self {
        Self::new(ProblemKind::Internal, INTERNAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lookalike_core::StoreError;

    fn store(kind: StoreErrorKind) -> Problem {
        SearchError::from(StoreError::new(kind, "get s3://secret/key", "why")).into()
    }

    #[test]
    fn a_fault_of_the_caller_leaves_no_cause_for_the_log() {
        let problem = Problem::from(SearchError::Image(ImageError::Empty));
        assert_eq!(problem.kind, ProblemKind::EmptyImage);
        assert!(problem.cause.is_none());
    }

    #[test]
    fn a_failed_store_is_named_in_the_log_only() {
        for (kind, expected) in [
            (StoreErrorKind::Unavailable, ProblemKind::Unavailable),
            (StoreErrorKind::Conflict, ProblemKind::Unavailable),
            (StoreErrorKind::NotFound, ProblemKind::Misconfigured),
            (StoreErrorKind::Denied, ProblemKind::Misconfigured),
            (StoreErrorKind::Invalid, ProblemKind::Internal),
        ] {
            let problem = store(kind);
            assert_eq!(problem.kind, expected);
            assert!(!problem.detail.contains("secret"), "{}", problem.detail);
            assert!(problem.causes().is_some_and(|text| text.contains("secret")));
        }
    }

    #[test]
    fn a_long_key_is_not_repeated_in_full() {
        let problem = Problem::from(SearchError::ForbiddenKey("x".repeat(10_000)));
        assert!(problem.detail.len() < 300, "{}", problem.detail);
    }
}
