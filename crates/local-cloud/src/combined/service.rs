//! Which service a request is for.

use http::header::AUTHORIZATION;
use http::request::Parts;
use percent_encoding::percent_decode_str;

/// The service that a request is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Service {
    S3,
    DynamoDb,
    Sqs,
    Sts,
    /// A service that is not here, by the name that signatures have for it.
    Other(String),
}

impl Service {
    /// Reads the service from the signature, which names it in every signed request: in the header or, in a link, in
    /// the query. A request without one is for the service of its target; S3 has none.
    pub(super) fn of(request: &Parts) -> Self {
        let signed = signed_for(request).map(|name| match name.as_str() {
            "s3" => Self::S3,
            "dynamodb" => Self::DynamoDb,
            "sqs" => Self::Sqs,
            "sts" => Self::Sts,
            _ => Self::Other(name),
        });
        signed.unwrap_or_else(|| match target(request) {
            Some(target) if target.starts_with("DynamoDB") => Self::DynamoDb,
            Some(target) if target.starts_with("AmazonSQS.") => Self::Sqs,
            Some(target) => Self::Other(target.to_owned()),
            None => Self::S3,
        })
    }
}

fn target(request: &Parts) -> Option<&str> {
    request.headers.get("x-amz-target")?.to_str().ok()
}

fn signed_for(request: &Parts) -> Option<String> {
    let header = request.headers.get(AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok());
    let of_header = header.and_then(|value| scope_service(value.split_once("Credential=")?.1));
    of_header.or_else(|| {
        let query = request.uri.query()?;
        let mut parameters = query.split('&');
        let credential = parameters.find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
        scope_service(&percent_decode_str(credential).decode_utf8().ok()?)
    })
}

/// The service in a credential with its scope, `key/date/region/service/aws4_request`; signatures for all regions have
/// no region.
fn scope_service(credential: &str) -> Option<String> {
    let credential = credential.split([',', ' ']).next()?;
    let scope = credential.strip_suffix("/aws4_request")?;
    let (_, service) = scope.rsplit_once('/')?;
    Some(service.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn service(uri: &str, headers: &[(&str, &str)]) -> Service {
        let mut request = http::Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Service::of(&request.body(()).unwrap().into_parts().0)
    }

    fn signed(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=local/20260302/us-east-1/{service}/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=abc"
        )
    }

    #[test]
    fn the_signature_names_the_service() {
        for (name, expected) in [
            ("s3", Service::S3),
            ("dynamodb", Service::DynamoDb),
            ("sqs", Service::Sqs),
            ("sts", Service::Sts),
            ("lambda", Service::Other("lambda".to_owned())),
        ] {
            assert_eq!(service("/", &[("authorization", &signed(name))]), expected);
        }
        let all_regions =
            "AWS4-ECDSA-P256-SHA256 Credential=local/20260302/s3/aws4_request,Signature=a";
        assert_eq!(service("/", &[("authorization", all_regions)]), Service::S3);
    }

    #[test]
    fn a_link_names_the_service_in_its_query() {
        let link = |name| {
            format!(
                "/a?X-Amz-Date=1&X-Amz-Credential=local%2F20260302%2Fus-east-1%2F{name}%2Faws4_request&x=1"
            )
        };
        assert_eq!(service(&link("s3"), &[]), Service::S3);
        assert_eq!(service(&link("sqs"), &[]), Service::Sqs);
    }

    #[test]
    fn a_request_without_a_signature_is_for_the_service_of_its_target() {
        let of = |target| service("/", &[("x-amz-target", target)]);
        assert_eq!(of("DynamoDB_20120810.ListTables"), Service::DynamoDb);
        assert_eq!(
            of("DynamoDBStreams_20120810.ListStreams"),
            Service::DynamoDb
        );
        assert_eq!(of("AmazonSQS.SendMessage"), Service::Sqs);
        let other = "AWSSecurityTokenServiceV20110615.GetCallerIdentity";
        assert_eq!(of(other), Service::Other(other.to_owned()));
    }

    #[test]
    fn everything_else_is_for_s3() {
        assert_eq!(service("/catalog/a%20b?x", &[]), Service::S3);
        assert_eq!(
            service("/", &[("authorization", "Bearer abc")]),
            Service::S3
        );
        assert_eq!(service("/?X-Amz-Credential=local%2Fs3", &[]), Service::S3);
    }
}
