//! The interface as OpenAPI 3.1, gathered from the handlers.

mod choices;
mod problems;

use utoipa::OpenApi;

use self::choices::Choices;
use self::problems::Problems;
use crate::problem::ProblemBody;
use crate::routes::{audit, health, images, index, openapi, page, products, search, uploads};

/// The OpenAPI 3.1 document that `GET /openapi.json` answers.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "lookalike",
        description = "Visual product search: send a picture, get the products that look like it.\n\n\
                       Every error is an RFC 9457 problem; `x-request-id` names the request in the log. A path that \
                       is not listed here is answered with 404 and `unknown-route`. Wherever there is GET, there is \
                       HEAD."
    ),
    // Relative to this document, and so right under any prefix.
    servers((url = ".", description = "Where this document is")),
    paths(
        search::search,
        uploads::create_upload,
        products::product,
        products::similar,
        index::index,
        images::image,
        audit::audit,
        health::health,
        openapi::openapi_json,
        page::page,
        page::status,
        page::docs,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Choices, &Problems),
    tags(
        (name = "search", description = "Find products by picture"),
        (name = "products", description = "Find products by product"),
        (name = "service", description = "The service itself"),
    ),
)]
struct Document;
