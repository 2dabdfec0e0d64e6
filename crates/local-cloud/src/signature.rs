//! Verifying the signatures of requests to DynamoDB and SQS; s3s does it for S3.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::identity::{ACCESS_KEY, SECRET_KEY};

/// Maximum age of a signature, and how far its time may be ahead, as on AWS.
const MAX_SKEW: Duration = Duration::from_secs(15 * 60);

/// The reason why a request is not signed as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    #[error(
        "Request is missing Authentication Token: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    )]
    Missing,
    #[error(
        "The Authorization header cannot be read: expected AWS4-HMAC-SHA256 with Credential, SignedHeaders and \
         Signature, and the header X-Amz-Date."
    )]
    Incomplete,
    #[error(
        "The security token included in the request is invalid: the access key of this server is `{ACCESS_KEY}`."
    )]
    UnknownKey,
    #[error(
        "Signature expired or not yet current: set the clock, or sign the request when it is sent."
    )]
    Expired,
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method."
    )]
    Mismatch,
}

impl SignatureError {
    /// Returns the name that AWS's services have for the error.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete => "IncompleteSignatureException",
            Self::UnknownKey => "UnrecognizedClientException",
            Self::Expired | Self::Mismatch => "InvalidSignatureException",
        }
    }
}

/// Checks that a request with this body was signed with the keys of this server.
pub(crate) fn verify(request: &Parts, body: &[u8]) -> Result<(), SignatureError> {
    let header = |name| request.headers.get(name)?.to_str().ok();
    let authorization = header(AUTHORIZATION.as_str()).ok_or(SignatureError::Missing)?;
    let claim = Claim::read(authorization).ok_or(SignatureError::Incomplete)?;
    if claim.access_key != ACCESS_KEY {
        return Err(SignatureError::UnknownKey);
    }
    let signed_at = header("x-amz-date").and_then(time_of);
    let signed_at = signed_at.ok_or(SignatureError::Incomplete)?;
    let now = SystemTime::now();
    let skew = now
        .duration_since(signed_at)
        .unwrap_or_else(|ahead| ahead.duration());
    if skew > MAX_SKEW {
        return Err(SignatureError::Expired);
    }
    let expected = claim.signature_of(request, body, signed_at);
    match expected.is_some_and(|expected| expected == claim.signature) {
        true => Ok(()),
        false => Err(SignatureError::Mismatch),
    }
}

/// What an `Authorization` header says.
struct Claim<'a> {
    access_key: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn read(authorization: &'a str) -> Option<Self> {
        let members = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
        let member = |name: &str| {
            let mut members = members.split(',').map(str::trim);
            members.find_map(|member| member.strip_prefix(name)?.strip_prefix('='))
        };
        let scope: Vec<&str> = member("Credential")?.split('/').collect();
        let [access_key, _date, region, service, "aws4_request"] = scope[..] else {
            return None;
        };
        Some(Self {
            access_key,
            region,
            service,
            signed_headers: member("SignedHeaders")?.split(';').collect(),
            signature: member("Signature")?,
        })
    }

    /// Returns the signature that the request would have with the keys of this server.
    fn signature_of(&self, request: &Parts, body: &[u8], signed_at: SystemTime) -> Option<String> {
        let keys = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "local").into();
        let mut settings = SigningSettings::default();
        // Only the headers that the client signed are passed on, so none is to be left out.
        settings.excluded_headers = None;
        let params = SigningParams::builder()
            .identity(&keys)
            .region(self.region)
            .name(self.service)
            .time(signed_at)
            .settings(settings)
            .build()
            .ok()?
            .into();
        let headers = self.signed_headers.iter().map(|name| {
            let value = request.headers.get(*name)?.to_str().ok()?;
            Some((*name, value))
        });
        let headers: Vec<(&str, &str)> = headers.collect::<Option<_>>()?;
        let host = request.headers.get("host")?.to_str().ok()?;
        let path = request
            .uri
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let url = format!("http://{host}{path}");
        let body = SignableBody::Bytes(body);
        let signable =
            SignableRequest::new(request.method.as_str(), url, headers.into_iter(), body).ok()?;
        let signed = sign(signable, &params).ok()?;
        Some(signed.signature().to_owned())
    }
}

/// Returns the time of a header like `20260302T091500Z`.
fn time_of(text: &str) -> Option<SystemTime> {
    let digits = |range| {
        text.get(range)
            .filter(|part: &&str| part.bytes().all(|b| b.is_ascii_digit()))
    };
    let (date, time) = (digits(0..8)?, digits(9..15)?);
    if text.len() != 16 || !text.ends_with('Z') || text.as_bytes()[8] != b'T' {
        return None;
    }
    let [year, month, day] = [&date[..4], &date[4..6], &date[6..]];
    let [hour, minute, second] = [&time[..2], &time[2..4], &time[4..]];
    let text = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    let time = DateTime::from_str(&text, Format::DateTime).ok()?;
    SystemTime::try_from(time).ok()
}
