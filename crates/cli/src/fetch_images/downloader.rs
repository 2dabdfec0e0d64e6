//! One download, with its attempts.

use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use lookalike_encoder::MAX_BYTES;
use reqwest::header::{
    ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{Response, StatusCode, Url};
use tokio::time::Instant;

use super::addresses::check_literal;
use super::client::Client;
use super::error::FetchError;
use super::hosts::Hosts;
use super::retry::{error_of, pause_after};
use super::source::Validators;

/// Maximum bytes that are set aside before they arrive: the length is the server's word.
const FIRST_BYTES: u64 = 1 << 20;

/// The answer to a request for an image.
#[derive(Debug)]
pub(crate) enum Download {
    /// The image is the one with the validators of the request.
    Unchanged,
    /// A body, which may be anything.
    Body { body: Bytes, validators: Validators },
}

/// Downloads from any number of hosts.
#[derive(Debug)]
pub(crate) struct Downloader {
    client: Client,
    hosts: Hosts,
}

impl Downloader {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            hosts: Hosts::default(),
        }
    }

    /// Downloads what is at `url` unless it still has the validators `known`.
    pub(crate) async fn get(&self, url: &Url, known: &Validators) -> Result<Download, FetchError> {
        if !self.client.any_address {
            check_literal(url)?;
        }
        let host = url.host_str().unwrap_or_default();
        let result = self.get_patiently(host, url, known).await;
        if !matches!(result, Err(FetchError::HostIsDown { .. })) {
            let failed = result.as_ref().is_err_and(FetchError::is_of_host);
            self.hosts.note(host, failed);
        }
        result
    }

    async fn get_patiently(
        &self,
        host: &str,
        url: &Url,
        known: &Validators,
    ) -> Result<Download, FetchError> {
        let mut attempt = 1;
        loop {
            self.hosts.ready(host).await?;
            let error = match self.attempt(url, known).await {
                Ok(download) => return Ok(download),
                Err(error) => error,
            };
            if attempt >= error.attempts() {
                return Err(error);
            }
            let pause = pause_after(attempt);
            if let Some(pause) = error.pause_of_host(pause) {
                self.hosts.pause(host, Instant::now() + pause);
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, url: &Url, known: &Validators) -> Result<Download, FetchError> {
        let mut request = self.client.http.get(url.clone());
        if let Some(etag) = &known.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(modified) = &known.modified {
            request = request.header(IF_MODIFIED_SINCE, modified);
        }
        let response = request.send().await.map_err(FetchError::of_request)?;
        let is_conditional = *known != Validators::default();
        match response.status() {
            StatusCode::OK => read(response).await,
            StatusCode::NOT_MODIFIED if is_conditional => Ok(Download::Unchanged),
            status => Err(error_of(status, response.headers(), SystemTime::now())),
        }
    }
}

/// Reads a body. A body that is shorter than its stated length is an error of the connection.
async fn read(mut response: Response) -> Result<Download, FetchError> {
    let stated = response.content_length().unwrap_or(0);
    if stated > MAX_BYTES as u64 {
        return Err(FetchError::TooManyBytes);
    }
    let mut body = BytesMut::with_capacity(stated.min(FIRST_BYTES) as usize);
    while let Some(chunk) = response.chunk().await.map_err(FetchError::of_request)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(FetchError::TooManyBytes);
        }
        body.extend_from_slice(&chunk);
    }
    let headers = response.headers();
    Ok(Download::Body {
        validators: Validators::new(text(headers, ETAG), text(headers, LAST_MODIFIED)),
        body: body.freeze(),
    })
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
