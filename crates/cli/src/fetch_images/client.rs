//! The HTTP client of a fetch.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::redirect::{Attempt, Policy};

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
        // Fails if there is a provider already, which then is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(ACCEPTED))]);
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .referer(false)
            .user_agent(USER_AGENT)
            .default_headers(headers)
            .connect_timeout(idle_timeout)
            .read_timeout(idle_timeout)
            .timeout(MAX_DOWNLOAD_TIME)
            .redirect(Policy::custom(move |attempt| follow(attempt, any_address)));
        if !any_address {
            builder = builder.dns_resolver(PublicResolver);
        }
        let http = builder.build().context("cannot make an HTTP client")?;
        Ok(Self { http, any_address })
    }
}

fn follow(attempt: Attempt<'_>, any_address: bool) -> reqwest::redirect::Action {
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
