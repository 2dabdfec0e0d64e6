//! The problems of each operation: every status, with an example of each of its kinds.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::Value;
use utoipa::Modify;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{
    ContentBuilder, Header, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Type,
};

use crate::problem::ProblemKind;

/// An example of every kind of problem, by name; a test compares the file with what the code says.
pub(super) const EXAMPLES: &str = include_str!("problem_examples.json");

/// Adds problems to the document: their examples to the components, their statuses to the operations.
pub(super) struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        let examples: BTreeMap<String, Value> = serde_json::from_str(EXAMPLES).unwrap_or_default();
        for kind in ProblemKind::ALL {
            let one = ExampleBuilder::new()
                .summary(kind.title())
                .value(examples.get(kind.name()).cloned())
                .build();
            components
                .examples
                .insert(kind.name().to_owned(), one.into());
        }
        for (name, header) in headers() {
            components.headers.insert(name.to_owned(), header.into());
        }
        for (path, item) in &mut document.paths.paths {
            let get = item.get.as_mut();
            for operation in get.into_iter().chain(item.post.as_mut()) {
                add(operation, path);
            }
        }
    }
}

fn headers() -> [(&'static str, Header); 3] {
    let header = |kind, description: &str| {
        let schema = ObjectBuilder::new().schema_type(kind).build();
        HeaderBuilder::new()
            .schema(Some(schema))
            .description(Some(description))
            .build()
    };
    [
        (
            "x-request-id",
            header(Type::String, "Id of the request in the log"),
        ),
        (
            "retry-after",
            header(
                Type::Integer,
                "Seconds after which to repeat the same request; absent if repeating does not help",
            ),
        ),
        (
            "allow",
            header(Type::String, "The methods that the path takes"),
        ),
    ]
}

fn add(operation: &mut Operation, path: &str) {
    let mut by_status = BTreeMap::<u16, Vec<ProblemKind>>::new();
    for kind in problems(path) {
        by_status
            .entry(kind.status().as_u16())
            .or_default()
            .push(kind);
    }
    for (status, kinds) in by_status {
        let reply = response(status, &kinds);
        let responses = &mut operation.responses.responses;
        responses.insert(status.to_string(), RefOr::T(reply));
    }
    for reply in operation.responses.responses.values_mut() {
        if let RefOr::T(reply) = reply {
            insert_header(reply, "x-request-id");
        }
    }
}

fn response(status: u16, kinds: &[ProblemKind]) -> Response {
    let reference = |name: &str| Ref::new(format!("#/components/examples/{name}"));
    let names = kinds.iter().map(|kind| kind.name());
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(names.map(|name| (name, RefOr::Ref(reference(name)))))
        .build();
    let mut reply = ResponseBuilder::new()
        .description(meaning(status))
        .content("application/problem+json", content)
        .build();
    if kinds.iter().any(|kind| kind.retry_after().is_some()) {
        insert_header(&mut reply, "retry-after");
    }
    if status == StatusCode::METHOD_NOT_ALLOWED.as_u16() {
        insert_header(&mut reply, "allow");
    }
    reply
}

fn insert_header(reply: &mut Response, name: &str) {
    let reference = Ref::new(format!("#/components/headers/{name}"));
    reply.headers.insert(name.to_owned(), RefOr::Ref(reference));
}

/// Returns the description that all problems of a status share.
fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request is not valid",
        404 => "The request names something that does not exist",
        405 => "The path does not take this method",
        406 => "`Accept-Encoding` rules out every encoding, including `identity`",
        409 => "The index is older than the request asks for",
        410 => "The page cannot be continued: the index has moved on",
        413 => "The body, or the images that it names, are too large",
        415 => "The content type or the image format is not supported",
        422 => {
            "An image is damaged, or the images of the request together have too many pixels: more than 64 million, or \
                more than the memory of the function allows"
        }
        503 => "A store is busy",
        _ => "The service failed; its operator finds the reason in the log",
    }
}

/// Returns the kinds of problems that an operation can answer with, including those of the middleware.
fn problems(path: &str) -> Vec<ProblemKind> {
    use ProblemKind::*;
    const STORES: [ProblemKind; 2] = [Misconfigured, Unavailable];
    const INDEX: [ProblemKind; 5] = [
        OtherEncoder,
        UnreadableIndex,
        IncompleteIndex,
        Misconfigured,
        Unavailable,
    ];
    const OPTIONS: [ProblemKind; 10] = [
        NotWithVectorBase,
        InvalidParameter,
        UnknownParameter,
        InvalidCursor,
        InvalidFilter,
        UnknownAttribute,
        FilterType,
        UnknownProduct,
        CursorExpired,
        NotYetIndexed,
    ];
    const BODY: [ProblemKind; 5] = [
        InvalidJson,
        IncompleteBody,
        TooLarge,
        UnsupportedMediaType,
        UnsupportedFormat,
    ];
    const QUERY: [ProblemKind; 10] = [
        InvalidBase64,
        InvalidForm,
        EmptyImage,
        ForbiddenKey,
        InvalidQuery,
        InvalidCrop,
        InvalidVector,
        UnknownKey,
        CorruptImage,
        TooManyPixels,
    ];
    let own: &[&[ProblemKind]] = match path {
        "/search" => &[&OPTIONS, &BODY, &QUERY, &INDEX],
        "/uploads" => &[&[UnknownParameter], &BODY, &STORES],
        // An empty id makes it another path, hence `UnknownRoute`.
        "/products/{product_id}" => &[
            &[UnknownParameter, InvalidPath, UnknownProduct, UnknownRoute],
            &INDEX,
        ],
        "/products/{product_id}/similar" => &[&OPTIONS, &[InvalidPath], &INDEX],
        "/images/{key}" => &[
            &[
                UnknownParameter,
                InvalidPath,
                ForbiddenKey,
                UnknownKey,
                UnknownRoute,
            ],
            &INDEX,
        ],
        "/index" => &[&[UnknownParameter], &INDEX],
        "/audit" => &[
            &[
                InvalidParameter,
                UnknownParameter,
                NotWithVectorBase,
                AuditOff,
                AuditTooLarge,
            ],
            &INDEX,
        ],
        _ => &[],
    };
    let guarded: &[ProblemKind] = match path {
        "/health" => &[],
        _ => &[DirectAccess],
    };
    [
        &[MethodNotAllowed, NotAcceptable, Internal],
        guarded,
        own.concat().as_slice(),
    ]
    .concat()
}
