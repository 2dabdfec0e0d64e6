//! Timing opening and searching.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use lookalike_index::{Filter, SearchRequest, Snapshot};
use serde_json::{Value, json};

use crate::AnyError;
use crate::folder::Folder;
use crate::vectors::{self, at};

/// The index opened last, and the queries that were read.
#[derive(Default)]
pub(crate) struct SearchBench {
    opened: Option<Snapshot>,
    queries: HashMap<PathBuf, Vec<f32>>,
}

impl SearchBench {
    /// Returns seconds to read an index from disk and make it searchable.
    pub(crate) fn open(&mut self, folder: &Path) -> Result<Value, AnyError> {
        // The previous index must not share the memory.
        self.opened = None;
        let folder = Folder::at(folder);
        let begun = Instant::now();
        let snapshot = folder.open()?;
        let seconds = begun.elapsed().as_secs_f64();
        let images = snapshot.images();
        self.opened = Some(snapshot);
        Ok(json!({"seconds": seconds, "images": images}))
    }

    /// Runs the queries one after the other on this thread, among all images or those that match a
    /// filter. Returns the seconds of all, the keys found if `with_keys`, and the seconds to apply
    /// the filter, which later searches with the same filter do not need.
    pub(crate) fn search(
        &mut self,
        path: &Path,
        k: usize,
        with_keys: bool,
        filter: Option<&str>,
    ) -> Result<Value, AnyError> {
        let snapshot = self.opened.as_ref().ok_or("no index is open")?;
        if !self.queries.contains_key(path) {
            self.queries.insert(path.to_owned(), vectors::read(path)?);
        }
        let queries = self.queries[path].chunks_exact(snapshot.dimensions());
        let count = queries.len();
        let begun = Instant::now();
        let selection = filter
            .map(|text| snapshot.select(&Filter::from_text(text)?, &[]))
            .transpose()?;
        let selecting = begun.elapsed().as_secs_f64();
        let matching = selection.as_ref().map_or(snapshot.images(), |s| s.images());
        let least = k.min(matching as usize);
        let mut found = Vec::with_capacity(count);
        let begun = Instant::now();
        for vector in queries {
            let request = SearchRequest {
                filter: selection.as_deref(),
                ..SearchRequest::new(vector, k)
            };
            found.push(snapshot.search(request)?.hits);
        }
        let seconds = begun.elapsed().as_secs_f64();
        if found.iter().any(|hits| hits.len() != least) {
            return Err(at(path, format!("a search found fewer than {least}")));
        }
        let keys: Option<Vec<Vec<String>>> = with_keys.then(|| {
            let keys = |hits: Vec<lookalike_index::Hit>| hits.into_iter().map(|hit| hit.key);
            found.into_iter().map(|hits| keys(hits).collect()).collect()
        });
        Ok(json!({"seconds": seconds, "selecting": selecting, "queries": count, "keys": keys}))
    }
}
