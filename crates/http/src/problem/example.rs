//! An example of every kind of problem, for the description of the interface: each is what the code itself says
//! of a request, a picture or a store with this fault, so that no example is out of date.

use http::{Method, StatusCode};
use lookalike_core::{
    FilterError, Fingerprint, ImageError, IndexError, SegmentId, StoreError, StoreErrorKind,
    ValueTypes,
};
use lookalike_encoder::{ImageFormat, MAX_PIXELS};
use lookalike_search::{AuditError, BadQuery, SearchError};
use serde_json::Value;

use super::{Problem, ProblemKind};
use crate::request::refusal;
use crate::routes::audit;
use crate::shell::unnamed_problem;

/// Stands in examples for the id that every request gets.
const REQUEST_ID: &str = "01JD3M2Q8V7Z5K9X4T6W1N0RBC";

/// The body of a reply with a problem of this kind; `None` if nothing tells of one, which a test rules out.
pub(crate) fn example(kind: ProblemKind) -> Option<Value> {
    let problem = problem(kind)?;
    serde_json::to_value(problem.body(path(kind), REQUEST_ID)).ok()
}

fn problem(kind: ProblemKind) -> Option<Problem> {
    use ProblemKind::*;
    let unnamed = |status| Some(unnamed_problem(status, &Method::PUT));
    let store = |kind| SearchError::from(StoreError::new(kind, "get", "it failed"));
    let failed = match kind {
        UnknownRoute => return unnamed(StatusCode::NOT_FOUND),
        MethodNotAllowed => return unnamed(StatusCode::METHOD_NOT_ALLOWED),
        NotAcceptable => return unnamed(StatusCode::NOT_ACCEPTABLE),
        AuditOff => return Some(audit::switched_off()),
        AuditTooLarge => return Some(AuditError::Late.into()),
        EmptyPicture => ImageError::Empty.into(),
        UnsupportedFormat => ImageError::UnsupportedFormat {
            found: "JPEG 2000".to_owned(),
        }
        .into(),
        CorruptPicture => ImageError::Corrupt {
            format: ImageFormat::Jpeg,
            reason: "it ends within its pixels".to_owned(),
        }
        .into(),
        TooManyPixels => ImageError::TooManyPixels {
            width: 20_000,
            height: 15_000,
            limit: MAX_PIXELS,
        }
        .into(),
        ForbiddenKey => SearchError::ForbiddenKey("catalog/../secret.jpg".to_owned()),
        UnknownKey => SearchError::UnknownKey("uploads/nothing.jpg".to_owned()),
        UnknownProduct => SearchError::UnknownProduct("boot-999".to_owned()),
        InvalidQuery => BadQuery::OnlyNegative.into(),
        InvalidVector => SearchError::VectorLength {
            expected: 256,
            found: 3,
        },
        InvalidCursor => SearchError::InvalidCursor("another release made it"),
        CursorExpired => SearchError::CursorExpired {
            generation: 12,
            current: 15,
        },
        NotYetIndexed => SearchError::NotYetIndexed {
            current: 12,
            wanted: 13,
        },
        InvalidFilter => FilterError::TooDeep { max: 8 }.into(),
        UnknownAttribute => FilterError::UnknownAttribute {
            attribute: "colour".to_owned(),
            declared: vec!["category".to_owned(), "price".to_owned()],
        }
        .into(),
        FilterType => FilterError::Type {
            attribute: "price".to_owned(),
            holds: ValueTypes {
                numbers: true,
                ..ValueTypes::default()
            },
            given: "the text \"cheap\"".to_owned(),
        }
        .into(),
        OtherEncoder => SearchError::OtherEncoder {
            expected: Fingerprint([0x17; 32]),
            found: Fingerprint([0x71; 32]),
        },
        UnreadableIndex => IndexError::Version {
            object: "segment",
            expected: 2,
            found: 3,
        }
        .into(),
        IncompleteIndex => SearchError::MissingSegment {
            id: REQUEST_ID.parse::<SegmentId>().ok()?,
            source: StoreError::new(StoreErrorKind::NotFound, "get", "it is gone"),
        },
        Misconfigured => store(StoreErrorKind::Denied),
        Internal => store(StoreErrorKind::Invalid),
        Unavailable => store(StoreErrorKind::Unavailable),
        InvalidParameter | UnknownParameter | InvalidPath | InvalidJson | InvalidBase64
        | InvalidForm | IncompleteBody | InvalidCrop | TooLarge | UnsupportedMediaType => {
            return refusal(kind);
        }
    };
    Some(failed.into())
}

/// Where such a problem is met.
fn path(kind: ProblemKind) -> &'static str {
    use ProblemKind::*;
    match kind {
        UnknownRoute => "/searches",
        InvalidPath => "/images/catalog/%FF.jpg",
        UnknownProduct => "/products/boot-999",
        AuditOff | AuditTooLarge => "/audit",
        _ => "/search",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_kind_has_an_example_of_its_own() {
        for kind in ProblemKind::ALL {
            let body = example(kind).unwrap_or_else(|| panic!("{kind:?} has no example"));
            assert_eq!(body["type"], kind.type_uri());
            assert_eq!(body["status"], kind.status().as_u16());
            assert_eq!(body["title"], kind.title());
            assert!(body["detail"].as_str().unwrap().len() > 20, "{body}");
        }
    }
}
