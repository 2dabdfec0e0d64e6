//! Problems of requests, for the examples in the OpenAPI document.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Uri};

use super::base64::decode_image;
use super::body::{broken_off, too_large};
use super::form::no_image;
use super::image_path::image_key;
use super::input::EXPECTED;
use super::json::no_query;
use super::media_type::unsupported;
use super::search_params::ImageSearchParams;
use super::values::Values;
use crate::problem::{Problem, ProblemKind};
use crate::settings::HttpSettings;

/// Returns the problem of this kind that reading a request finds; `None` if other code finds such problems.
pub(crate) fn example_problem(kind: ProblemKind) -> Option<Problem> {
    use ProblemKind::*;
    let parameters = |uri: &'static str| {
        let values = Values::of_query(&Uri::from_static(uri)).ok()?;
        ImageSearchParams::read(values).err()
    };
    match kind {
        InvalidParameter => parameters("/search?k=0"),
        UnknownParameter => parameters("/search?minscore=0.5"),
        InvalidCrop => parameters("/search?crop=10,20,300"),
        InvalidPath => image_key(&Uri::from_static("/images/catalog/%FF.jpg")).err(),
        InvalidJson => Some(no_query()),
        InvalidBase64 => decode_image("image", "no image!").err(),
        InvalidForm => Some(no_image()),
        IncompleteBody => Some(broken_off()),
        TooLarge => Some(too_large(HttpSettings::DEFAULT_MAX_BODY_BYTES)),
        UnsupportedMediaType => {
            let text = HeaderValue::from_static("text/plain");
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, text)]);
            Some(unsupported(&headers, EXPECTED))
        }
        _ => None,
    }
}
