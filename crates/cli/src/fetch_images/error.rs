//! The reasons why a link has no image.

use std::error::Error;
use std::time::Duration;

use lookalike_core::{ExceedsMemory, ImageError};
use lookalike_encoder::MAX_BYTES;
use reqwest::StatusCode;

use super::addresses::NotPublic;
use super::client::BadRedirect;

/// Maximum times that a link is asked for: by a server that is busy, and by one that cannot be reached.
const MAX_BUSY_ATTEMPTS: u32 = 5;
const MAX_ATTEMPTS: u32 = 3;
/// Maximum bytes of a cause: servers choose parts of it.
const MAX_CAUSE_BYTES: usize = 300;

/// The reason why a link has no image.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// The server has too much to do, or has failed.
    #[error("the server answers {status} again and again: run the same command later")]
    Busy {
        status: StatusCode,
        retry_after: Option<Duration>,
    },
    /// The server asks for a longer pause than a run waits.
    #[error(
        "the server answers {status} and asks to wait {} s: run the same command then",
        .retry_after.as_secs()
    )]
    AskedToWait {
        status: StatusCode,
        retry_after: Duration,
    },
    /// Another answer than an image.
    #[error("the server answers {0}: correct the link or remove it from the feed")]
    Status(StatusCode),
    /// Nothing came for too long, or the whole took too long.
    #[error("the download took too long: run the same command later, or raise --fetch-timeout")]
    TimedOut,
    /// The connection failed or broke off.
    #[error("the image cannot be read: {0}")]
    Connection(String),
    /// The host failed too often.
    #[error(
        "{failures} downloads from {host} failed in a row, so this one was not tried: run the same command later"
    )]
    HostIsDown { host: String, failures: u32 },
    /// The body is larger than any image that is read.
    #[error("the file is larger than {MAX_BYTES} bytes: link to a smaller image")]
    TooManyBytes,
    /// The link or a redirect leads to an address that is not public.
    #[error(transparent)]
    NotPublic(#[from] NotPublic),
    /// A redirect that is not followed.
    #[error(transparent)]
    Redirect(BadRedirect),
    /// The content is no whole image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// This machine has too little memory for the image.
    #[error(transparent)]
    Memory(#[from] ExceedsMemory),
    /// The catalog could not store or find the image.
    #[error("the catalog is unavailable: {0}: run the same command later")]
    Catalog(String),
    /// The product's id does not fit into the object metadata.
    #[error("the product id has too many bytes to be stored with an image: use a shorter one")]
    LongProductId,
}

impl FetchError {
    /// Returns the error of a request, by its innermost cause.
    pub(crate) fn of_request(error: reqwest::Error) -> Self {
        let mut cause: &(dyn Error + 'static) = &error;
        loop {
            if let Some(refused) = cause.downcast_ref::<NotPublic>() {
                return Self::NotPublic(refused.clone());
            }
            if let Some(bad) = cause.downcast_ref::<BadRedirect>() {
                return Self::Redirect(bad.clone());
            }
            match cause.source() {
                Some(inner) => cause = inner,
                None if error.is_timeout() => return Self::TimedOut,
                None => return Self::Connection(shortened(&cause.to_string())),
            }
        }
    }

    /// Returns how many times a link with this error is tried.
    pub(crate) fn attempts(&self) -> u32 {
        match self {
            Self::Busy { .. } => MAX_BUSY_ATTEMPTS,
            Self::TimedOut | Self::Connection(_) => MAX_ATTEMPTS,
            _ => 1,
        }
    }

    /// Returns the pause of all downloads from the host, if it wants fewer requests: what it asked for, otherwise
    /// `pause`. Other failures of servers may be those of one image.
    pub(crate) fn pause_of_host(&self, pause: Duration) -> Option<Duration> {
        match self {
            Self::Busy {
                retry_after: Some(asked),
                ..
            } => Some(*asked),
            Self::Busy { status, .. } => {
                (*status == StatusCode::TOO_MANY_REQUESTS).then_some(pause)
            }
            _ => None,
        }
    }

    /// True if the server, rather than the link, is at fault.
    pub(crate) fn is_of_host(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. } | Self::AskedToWait { .. } | Self::TimedOut | Self::Connection(_)
        )
    }
}

fn shortened(cause: &str) -> String {
    let end = cause.floor_char_boundary(MAX_CAUSE_BYTES);
    cause[..end].to_owned()
}
