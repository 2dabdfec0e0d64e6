//! Requests that are refused, for examples of the problems that they are refused with.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Uri};

use super::base64::decode_picture;
use super::body::{broken_off, too_large};
use super::form::unnamed;
use super::image_path::image_key;
use super::input::EXPECTED;
use super::json::SearchJson;
use super::media_type::unsupported;
use super::params::search_parameters;
use crate::problem::{Problem, ProblemKind};
use crate::settings::HttpSettings;

/// The problem of this kind that reading a request finds; `None` of a kind that reading does not find.
pub(crate) fn refusal(kind: ProblemKind) -> Option<Problem> {
    use ProblemKind::*;
    let parameters = |uri: &'static str| search_parameters(&Uri::from_static(uri)).err();
    match kind {
        InvalidParameter => parameters("/search?k=0"),
        UnknownParameter => parameters("/search?minscore=0.5"),
        InvalidCrop => parameters("/search?crop=10,20,300"),
        InvalidPath => image_key(&Uri::from_static("/images/catalog/%FF.jpg")).err(),
        InvalidJson => SearchJson::read_with_query(b"{}").err(),
        InvalidBase64 => decode_picture("image", "no picture!").err(),
        InvalidForm => unnamed(&[]).err(),
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
