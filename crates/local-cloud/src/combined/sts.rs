//! The account, as STS tells it: most tools ask for it before anything else.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, Limited};

use crate::events::message_id;
use crate::identity::ACCOUNT;
use crate::refusal::not_implemented;
use crate::request_body::RequestBody;

const MAX_REQUEST_BYTES: usize = 64 << 10;

/// Answers `GetCallerIdentity`.
pub(super) async fn answer(request: Request<RequestBody>) -> Response<Full<Bytes>> {
    let body = Limited::new(request.into_body(), MAX_REQUEST_BYTES).collect();
    let form = body.await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut pairs = form.split(|byte| *byte == b'&');
    if !pairs.any(|pair| pair == b"Action=GetCallerIdentity") {
        return not_implemented("STS only has GetCallerIdentity here", true);
    }
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{ACCOUNT}:root</Arn><UserId>{ACCOUNT}</UserId><Account>{ACCOUNT}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>",
        message_id()
    );
    let mut response = Response::new(Full::from(body));
    let media_type = HeaderValue::from_static("text/xml");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
