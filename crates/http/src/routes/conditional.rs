//! Answers that a browser or a content delivery network may keep for a while, and asks about after that.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, VARY};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use lookalike_search::SearchOptions;

use super::written_json_reply;
use crate::problem::Problem;
use crate::reply::{IndexReply, SearchReply};
use crate::settings::CacheSettings;

/// Nobody but the caller keeps it, and asks each time.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("private, no-cache");

/// A request whose answer may be kept.
pub(super) struct Keeping<'a> {
    headers: &'a HeaderMap,
    uri: &'a Uri,
    /// Whether request and index alone make the answer: metadata may change without a new generation, and links
    /// end while it lasts. A page is of the index that its cursor names.
    of_index: bool,
    /// The least generation that will do.
    least: u64,
    cache: CacheSettings,
}

impl<'a> Keeping<'a> {
    /// Of these headers and options at this address. No answer with links is kept for longer than these are good.
    pub(super) fn new(
        headers: &'a HeaderMap,
        uri: &'a Uri,
        options: &SearchOptions,
        cache: CacheSettings,
        links_good_for: Duration,
    ) -> Self {
        let without_metadata = options.fields.as_ref().is_some_and(Vec::is_empty);
        let longest = match options.links {
            true => links_good_for,
            false => Duration::MAX,
        };
        Self {
            headers,
            uri,
            of_index: without_metadata && !options.links && options.cursor.is_none(),
            least: options.min_generation.unwrap_or(0),
            cache: CacheSettings {
                max_age: cache.max_age.min(longest),
                shared: cache.shared && !headers.contains_key(AUTHORIZATION),
            },
        }
    }

    /// Whether the index may tell that the caller has the answer, before anything is searched. `*` stands for any
    /// answer, of which the index does not know whether there is one.
    pub(super) fn may_be_known(&self) -> bool {
        let known = self.headers.typed_get::<IfNoneMatch>();
        self.of_index && known.is_some_and(|known| known != IfNoneMatch::any())
    }

    /// 304 when the caller has what `index` would answer.
    pub(super) fn known(&self, index: &IndexReply) -> Result<Option<Response>, Problem> {
        if index.stale.is_some() || index.generation() < self.least {
            return Ok(None);
        }
        let tag = etag(self.tag_of_index(index))?;
        Ok(self
            .is_known(&tag)
            .then(|| self.finish(StatusCode::NOT_MODIFIED.into_response(), tag, false)))
    }

    /// The reply, or 304 without it when the caller has the same. The tag is a weak one: it is not of the
    /// milliseconds that the answer took.
    pub(super) fn answer(&self, reply: &SearchReply) -> Result<Response, Problem> {
        let stale = reply.is_stale();
        let written = reply.written().ok_or_else(Problem::internal)?;
        let tag = etag(match self.of_index {
            true => self.tag_of_index(reply.index()),
            false => reply.index().tag(written.answer()),
        })?;
        let response = match self.is_known(&tag) {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => written_json_reply(written.body, stale),
        };
        Ok(self.finish(response, tag, stale))
    }

    /// Another build may answer the same request to the same index in another way.
    fn tag_of_index(&self, index: &IndexReply) -> Option<String> {
        let asked = self.uri.path_and_query().map(|asked| asked.as_str());
        index.tag(format!("{} {}", env!("LOOKALIKE_BUILD"), asked.unwrap_or_default()).as_bytes())
    }

    fn is_known(&self, tag: &ETag) -> bool {
        let known = self.headers.typed_get::<IfNoneMatch>();
        known.is_some_and(|known| !known.precondition_passes(tag))
    }

    fn finish(&self, mut response: Response, tag: ETag, stale: bool) -> Response {
        let headers = response.headers_mut();
        headers.typed_insert(tag);
        headers.insert(CACHE_CONTROL, self.cache_control(stale));
        // What is compressed says so by itself; a reply without a body would not.
        headers.append(VARY, ACCEPT_ENCODING.into());
        response
    }

    /// An answer from an old index is nobody's to keep.
    fn cache_control(&self, stale: bool) -> HeaderValue {
        let seconds = self.cache.max_age.as_secs();
        if stale || seconds == 0 {
            return ASK_AGAIN;
        }
        let whose = match self.cache.shared {
            true => "public",
            false => "private",
        };
        HeaderValue::try_from(format!("{whose}, max-age={seconds}")).unwrap_or(ASK_AGAIN)
    }
}

fn etag(tag: Option<String>) -> Result<ETag, Problem> {
    let tag = tag.and_then(|tag| format!("W/\"{tag}\"").parse().ok());
    tag.ok_or_else(Problem::internal)
}
