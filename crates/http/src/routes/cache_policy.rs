//! HTTP caching of answers by browsers and content delivery networks.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, VARY};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use lookalike_core::Filterable;
use lookalike_search::{Answer, IndexState, SearchOptions, Searcher};

use super::json::serialized_json_reply;
use crate::problem::Problem;
use crate::responses::{SerializedAnswer, entity_tag};
use crate::settings::CacheSettings;

/// Only the caller may cache the answer, and revalidates it each time.
const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Version and commit of the build.
const BUILD: &str = env!("LOOKALIKE_BUILD");

/// The caching rules of one request.
pub(super) struct CachePolicy<'a> {
    headers: &'a HeaderMap,
    uri: &'a Uri,
    /// True if request and index determine the answer. Metadata may change without a new generation, links expire, and
    /// a cursor names an index of its own.
    is_determined_by_index: bool,
    min_generation: u64,
    cache: CacheSettings,
    declared: &'a Filterable,
}

impl<'a> CachePolicy<'a> {
    /// An answer of `searcher` with links is cached no longer than its links are valid.
    pub(super) fn new(
        headers: &'a HeaderMap,
        uri: &'a Uri,
        options: &SearchOptions,
        cache: CacheSettings,
        searcher: &'a Searcher,
    ) -> Self {
        let without_metadata = options.fields.as_ref().is_some_and(Vec::is_empty);
        let max_age = match options.links {
            true => searcher.links_good_for(),
            false => Duration::MAX,
        };
        Self {
            headers,
            uri,
            is_determined_by_index: without_metadata && !options.links && options.cursor.is_none(),
            min_generation: options.min_generation.unwrap_or(0),
            cache: CacheSettings {
                max_age: cache.max_age.min(max_age),
                shared: cache.shared && !headers.contains_key(AUTHORIZATION),
            },
            declared: searcher.filterable(),
        }
    }

    /// True if the state of the index may show that the caller has the answer, without a search. With `*`, only a
    /// search can tell.
    pub(super) fn may_be_unchanged(&self) -> bool {
        let known = self.headers.typed_get::<IfNoneMatch>();
        self.is_determined_by_index && known.is_some_and(|known| known != IfNoneMatch::any())
    }

    /// Returns 304 if the caller has what `index` would answer.
    pub(super) fn unchanged(&self, index: &IndexState) -> Result<Option<Response>, Problem> {
        if index.stale.is_some() || index.generation < self.min_generation {
            return Ok(None);
        }
        let tag = etag(self.tag_of_index(index))?;
        Ok(self
            .is_known(&tag)
            .then(|| self.finish(StatusCode::NOT_MODIFIED.into_response(), tag, false)))
    }

    /// Returns the reply, or 304 if the caller has the same answer. The tag is weak: it ignores the milliseconds that
    /// the search took.
    pub(super) fn answer(&self, answer: &Answer) -> Result<Response, Problem> {
        let stale = answer.index.stale.is_some();
        let serialized = SerializedAnswer::new(answer).ok_or_else(Problem::internal)?;
        let tag = etag(match self.is_determined_by_index {
            true => self.tag_of_index(&answer.index),
            false => self.tag(&answer.index, serialized.without_timings()),
        })?;
        let response = match self.is_known(&tag) {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => serialized_json_reply(serialized.body, stale),
        };
        Ok(self.finish(response, tag, stale))
    }

    /// Includes the build: another one may answer the same request to the same index differently.
    fn tag_of_index(&self, index: &IndexState) -> Option<String> {
        let path_and_query = self.uri.path_and_query();
        let request = path_and_query.map_or("", |request| request.as_str());
        self.tag(index, format!("{BUILD} {request}").as_bytes())
    }

    /// Includes the declared attributes: a filter or facet that is refused without its declaration is answered with
    /// it, by the same generation.
    fn tag(&self, index: &IndexState, content: &[u8]) -> Option<String> {
        // Names have no line breaks.
        let declared = format!("{}\n", self.declared);
        entity_tag(index, [declared.as_bytes(), content])
    }

    fn is_known(&self, tag: &ETag) -> bool {
        let known = self.headers.typed_get::<IfNoneMatch>();
        known.is_some_and(|known| !known.precondition_passes(tag))
    }

    fn finish(&self, mut response: Response, tag: ETag, stale: bool) -> Response {
        let headers = response.headers_mut();
        headers.typed_insert(tag);
        headers.insert(CACHE_CONTROL, self.cache_control(stale));
        // The compression layer adds this to compressed replies only; a 304 needs it too.
        headers.append(VARY, ACCEPT_ENCODING.into());
        response
    }

    /// An answer from an old index is never cached without revalidation.
    fn cache_control(&self, stale: bool) -> HeaderValue {
        let seconds = self.cache.max_age.as_secs();
        if stale || seconds == 0 {
            return REVALIDATE;
        }
        let scope = match self.cache.shared {
            true => "public",
            false => "private",
        };
        HeaderValue::try_from(format!("{scope}, max-age={seconds}")).unwrap_or(REVALIDATE)
    }
}

fn etag(tag: Option<String>) -> Result<ETag, Problem> {
    let tag = tag.and_then(|tag| format!("W/\"{tag}\"").parse().ok());
    tag.ok_or_else(Problem::internal)
}
