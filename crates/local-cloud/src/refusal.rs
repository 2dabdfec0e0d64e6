//! Errors of requests that no service answers.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

use crate::events::message_id;

/// True if the client speaks the query protocol, which sends a form and reads XML.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    value.is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}

/// The refusal of a service or an action that is not here. Clients do not try again after this status.
pub(crate) fn not_implemented(message: &str, is_form: bool) -> Response<Full<Bytes>> {
    refusal(
        StatusCode::NOT_IMPLEMENTED,
        "NotImplemented",
        message,
        is_form,
    )
}

/// The error of a service that is here and does not answer. Clients try again.
pub(crate) fn unavailable(message: &str, is_form: bool) -> Response<Full<Bytes>> {
    refusal(
        StatusCode::SERVICE_UNAVAILABLE,
        "ServiceUnavailable",
        message,
        is_form,
    )
}

/// An error, as XML for a client that sent a form, otherwise as JSON.
fn refusal(
    status: StatusCode,
    code: &'static str,
    message: &str,
    is_form: bool,
) -> Response<Full<Bytes>> {
    let (media_type, body) = if is_form {
        let message = escape(message);
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>{}</RequestId></ErrorResponse>",
            message_id()
        );
        ("text/xml", body)
    } else {
        let body = json!({"__type": code, "message": message}).to_string();
        ("application/json", body)
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    // Where clients of REST services look for the code.
    headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
