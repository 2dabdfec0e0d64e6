use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;

use crate::bare_http::{Reply, http};

/// The keys and the time of a signature.
#[derive(Clone, Copy)]
pub(crate) struct Signer {
    pub(crate) access_key: &'static str,
    pub(crate) secret_key: &'static str,
    pub(crate) time: SystemTime,
}

impl Signer {
    /// Signs now with the keys of the local cloud.
    pub(crate) fn new() -> Self {
        Self {
            access_key: "local",
            secret_key: "locallocal",
            time: SystemTime::now(),
        }
    }

    /// Returns the headers of a signed `POST /` to `address`, these ones included.
    pub(crate) fn headers(
        self,
        service: &str,
        address: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Vec<(String, String)> {
        let keys = Credentials::new(self.access_key, self.secret_key, None, None, "test").into();
        let params = SigningParams::builder()
            .identity(&keys)
            .region("us-east-1")
            .name(service)
            .time(self.time)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let url = format!("http://{address}/");
        let body = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new("POST", url, headers.iter().copied(), body).unwrap();
        let (signed, _) = sign(request, &params).unwrap().into_parts();
        let (added, _) = signed.into_parts();
        let added = added
            .iter()
            .map(|header| (header.name().to_owned(), header.value().to_owned()));
        let own = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        own.chain(added).collect()
    }

    /// Sends a signed `POST /`.
    pub(crate) async fn post(
        self,
        service: &str,
        address: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        post(
            address,
            &self.headers(service, address, headers, body),
            body,
        )
        .await
    }
}

/// Sends a `POST /` with these headers.
pub(crate) async fn post(address: &str, headers: &[(String, String)], body: &str) -> Reply {
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    http(address, "POST", "/", &headers, body).await
}
