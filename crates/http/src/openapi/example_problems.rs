//! Keeps the examples of problems true: makes each as the code does, and compares it with the checked-in file.

use http::{Method, StatusCode};
use lookalike_core::{
    FilterError, Fingerprint, ImageError, IndexError, SegmentId, StoreError, StoreErrorKind,
    ValueTypes,
};
use lookalike_encoder::{ImageFormat, MAX_PIXELS};
use lookalike_search::{AuditError, BadQuery, SearchError, Unsupported};
use serde_json::Value;

use super::problems::EXAMPLES;
use crate::middleware::unnamed_problem;
use crate::origin;
use crate::problem::{Problem, ProblemKind};
use crate::request::example_problem;
use crate::routes::audit;

/// The request id of all examples.
const REQUEST_ID: &str = "01JD3M2Q8V7Z5K9X4T6W1N0RBC";

fn example(kind: ProblemKind) -> Option<Value> {
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
        DirectAccess => return Some(origin::refusal()),
        AuditOff => return Some(audit::disabled()),
        AuditTooLarge => return Some(AuditError::Late.into()),
        EmptyImage => ImageError::Empty.into(),
        UnsupportedFormat => ImageError::UnsupportedFormat {
            found: "JPEG 2000".to_owned(),
        }
        .into(),
        CorruptImage => ImageError::Corrupt {
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
        NotWithVectorBase => Unsupported::Facets.into(),
        InvalidCursor => {
            SearchError::InvalidCursor("this release did not give it out, or it was changed")
        }
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
            return example_problem(kind);
        }
    };
    Some(failed.into())
}

/// Returns the path of a request with such a problem.
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

#[test]
fn the_examples_are_what_the_code_says() {
    let examples: serde_json::Map<String, Value> = ProblemKind::ALL
        .iter()
        .map(|kind| (kind.name().to_owned(), example(*kind).unwrap_or_default()))
        .collect();
    let made = serde_json::to_string_pretty(&examples).unwrap_or_default() + "\n";
    if std::env::var_os("UPDATE_PROBLEM_EXAMPLES").is_some() {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/openapi/problem_examples.json"
        );
        assert!(std::fs::write(file, &made).is_ok());
    }
    assert!(
        made == EXAMPLES,
        "problem_examples.json is out of date: run this test with UPDATE_PROBLEM_EXAMPLES=1"
    );
}
