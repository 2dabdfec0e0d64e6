//! The HTTP client of a fetch.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::ClientBuilder;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::redirect::{Action, Attempt, Policy};

use super::addresses::{PublicResolver, check_literal};

/// Maximum redirects of a link.
const MAX_REDIRECTS: usize = 5;
/// Maximum time of one download, however steadily it trickles.
const MAX_DOWNLOAD_TIME: Duration = Duration::from_secs(300);
/// Formats that servers with several should send: AVIF is decoded up to 16 megapixels only.
const ACCEPTED: &str = "image/jpeg, image/png, image/webp, image/*;q=0.8, */*;q=0.1";
const USER_AGENT: &str = concat!("lookalike/", env!("CARGO_PKG_VERSION"));

/// A redirect that is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadRedirect {
    /// There are too many.
    #[error("the server redirects more than {MAX_REDIRECTS} times: link to the image itself")]
    TooMany,
    /// It leads to something that is not asked by HTTP.
    #[error(
        "the server redirects to {0}:, only http: and https: are followed: link to the image itself"
    )]
    Scheme(String),
}

/// Sends requests to servers of images.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    /// Addresses in links are not checked.
    pub(crate) any_address: bool,
}

impl Client {
    /// Makes a client. No proxy of the environment is used, because a proxy resolves names itself, and could be led to
    /// private addresses.
    pub(crate) fn new(idle_timeout: Duration, any_address: bool) -> Result<Self> {
        let builder = builder(idle_timeout, any_address);
        let http = builder.build().context("cannot make an HTTP client")?;
        Ok(Self { http, any_address })
    }
}

fn builder(idle_timeout: Duration, any_address: bool) -> ClientBuilder {
    // Fails if there is a provider already, which then is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(ACCEPTED))]);
    let builder = reqwest::Client::builder()
        .no_proxy()
        .referer(false)
        .user_agent(USER_AGENT)
        .default_headers(headers)
        .connect_timeout(idle_timeout)
        .read_timeout(idle_timeout)
        .timeout(MAX_DOWNLOAD_TIME)
        .redirect(Policy::custom(move |attempt| follow(attempt, any_address)));
    if any_address {
        builder
    } else {
        builder.dns_resolver(PublicResolver)
    }
}

fn follow(attempt: Attempt<'_>, any_address: bool) -> Action {
    let url = attempt.url();
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = url.scheme().to_owned();
        return attempt.error(BadRedirect::Scheme(scheme));
    }
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error(BadRedirect::TooMany);
    }
    match check_literal(url) {
        Err(refused) if !any_address => attempt.error(refused),
        _ => attempt.follow(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::SocketAddr;

    use axum::Router;
    use axum::http::header::LOCATION;
    use axum::routing::get;
    use reqwest::StatusCode;
    use tokio::net::TcpListener;

    use super::super::error::FetchError;
    use super::*;

    /// Serves redirects to `/private` under several names of this machine.
    async fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let port = address.port();
        let to = move |host: &'static str| {
            let location = format!("http://{host}:{port}/private");
            get(move || async move { (StatusCode::FOUND, [(LOCATION, location)]) })
        };
        let router = Router::new()
            .route("/literal", to("127.0.0.1"))
            .route("/mapped", to("[::ffff:127.0.0.1]"))
            .route("/name", to("localhost"))
            .route("/public", to("public.example"))
            .route("/private", get(|| async { "secret" }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    /// Makes a client that takes this machine for a public one if it is called `public.example`.
    fn client(any_address: bool, address: SocketAddr) -> reqwest::Client {
        let builder = builder(Duration::from_secs(5), any_address);
        builder.resolve("public.example", address).build().unwrap()
    }

    #[tokio::test]
    async fn redirects_to_private_addresses_are_refused() {
        let address = server().await;
        let url = |path: &str| format!("http://public.example:{}/{path}", address.port());
        let strict = client(false, address);
        for path in ["literal", "mapped", "name"] {
            let error = strict.get(url(path)).send().await.unwrap_err();
            let error = FetchError::of_request(error);
            assert!(matches!(error, FetchError::NotPublic(_)), "{path}: {error}");
        }
        let answer = strict.get(url("public")).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "secret");
        let open = client(true, address);
        let answer = open.get(url("literal")).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "secret");
    }
}
