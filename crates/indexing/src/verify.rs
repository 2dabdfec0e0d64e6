//! A full check of the stored index.

use std::collections::HashSet;
use std::sync::Arc;

use lookalike_core::model::LoadedManifest;
use lookalike_index::{Fingerprint, LiveRows, Manifest, Segment, SegmentEntry, SegmentMeta};
use serde::Serialize;

use crate::current::Current;
use crate::error::IndexingError;
use crate::indexer::Indexer;

/// The number of times that the check starts again because another writer published meanwhile.
const MAX_TRIES: u32 = 5;

/// The result of a full check of the stored index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct VerifyReport {
    /// The generation that was checked.
    pub generation: u64,
    /// Segments read in full.
    pub segments: usize,
    /// Images that can be found.
    pub images: u64,
    /// Sentences that say what is wrong in any index; empty when all is well.
    pub problems: Vec<String>,
    /// The other indexes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sides: Vec<StandbyReport>,
}

/// The result of a full check of a standby index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandbyReport {
    /// `building` or `previous`.
    pub role: &'static str,
    /// Its encoder, for people.
    pub encoder: String,
    /// Segments read in full.
    pub segments: usize,
    /// Images that can be found in it.
    pub images: u64,
}

impl Indexer {
    /// Reads every segment in full, in every index. Checks checksums, that the manifest describes each segment as it is,
    /// that no key is live twice, and that no row was deleted without something in its place.
    ///
    /// # Errors
    /// [`IndexingError`] when the manifest itself cannot be read; whatever else is wrong is reported.
    pub async fn verify(&self) -> Result<VerifyReport, IndexingError> {
        let mut tries = 1;
        let mut known: Option<String> = None;
        let mut report = VerifyReport::default();
        loop {
            match self.ports.manifests.load(known.as_deref()).await? {
                // The problems are those of the published index, not of one that is gone.
                LoadedManifest::Unchanged => return Ok(report),
                LoadedManifest::Missing => return Ok(VerifyReport::default()),
                LoadedManifest::Found { etag, bytes } => {
                    let manifest = Manifest::decode(&bytes)?;
                    report = self.check_all(&manifest).await?;
                    known = Some(etag);
                }
            }
            if report.problems.is_empty() || tries == MAX_TRIES {
                return Ok(report);
            }
            tries += 1;
        }
    }

    async fn check_all(&self, manifest: &Manifest) -> Result<VerifyReport, IndexingError> {
        let mut report = self.check(manifest).await?;
        for side in &manifest.standby_indexes {
            let Some(index) = manifest.index_of(side.fingerprint) else {
                continue;
            };
            let found = self.check(&index).await?;
            let problems = found.problems.iter();
            let named = problems.map(|problem| format!("{} index: {problem}", side.role.name()));
            report.problems.extend(named);
            report.sides.push(StandbyReport {
                role: side.role.name(),
                encoder: side.encoder.clone(),
                segments: found.segments,
                images: found.images,
            });
        }
        Ok(report)
    }

    async fn check(&self, manifest: &Manifest) -> Result<VerifyReport, IndexingError> {
        let mut report = VerifyReport {
            generation: manifest.generation,
            ..VerifyReport::default()
        };
        let mut metas = Vec::with_capacity(manifest.segments.len());
        for entry in &manifest.segments {
            match self.check_segment(entry, manifest.fingerprint).await? {
                Ok(meta) => metas.push(meta),
                Err(problem) => {
                    let problem = format!("segment {}: {problem}", entry.id);
                    report.problems.push(problem);
                }
            }
        }
        report.segments = metas.len();
        if report.problems.is_empty() {
            let view = LiveRows::new(metas);
            report.images = view.images();
            report.problems = contradictions(&view);
            self.check_vector_base(manifest, view, &mut report).await?;
        }
        Ok(report)
    }

    /// Counts the rows of the vector base, if the index has one.
    async fn check_vector_base(
        &self,
        manifest: &Manifest,
        view: LiveRows,
        report: &mut VerifyReport,
    ) -> Result<(), IndexingError> {
        if manifest.serving_base().is_none() {
            return Ok(());
        }
        let index = Arc::new(Current {
            manifest: manifest.clone(),
            view: Arc::new(view),
            found: None,
        });
        let mut images = 0;
        let mut parts = self.publisher.reader.parts(&[index]);
        while let Some(part) = parts.next().await? {
            images += part.iter().map(|index| index.view.images()).sum::<u64>();
        }
        // The number in the manifest follows a backfill only when rows are counted.
        report.images = images;
        Ok(())
    }

    /// Returns the meta of a sound segment, or a sentence that says what is wrong with it.
    async fn check_segment(
        &self,
        entry: &SegmentEntry,
        fingerprint: Fingerprint,
    ) -> Result<Result<Arc<SegmentMeta>, String>, IndexingError> {
        let bytes = match self.ports.segments.get(entry.id, 0..entry.bytes).await {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let id = entry.id;
        let open = move || Segment::open(&bytes, id, fingerprint);
        Ok(match tokio::task::spawn_blocking(open).await? {
            Err(error) => Err(error.to_string()),
            Ok(segment) if segment.meta().kind() != entry.kind => Err(format!(
                "it is a {}, the manifest says {}",
                segment.meta().kind().name(),
                entry.kind.name()
            )),
            Ok(segment) if segment.meta().rows() != entry.rows => Err(format!(
                "it has {} rows, the manifest says {}",
                segment.meta().rows(),
                entry.rows
            )),
            Ok(segment) => Ok(Arc::clone(segment.meta())),
        })
    }
}

/// Finds keys that are live twice, and rows that are deleted by nothing: images that were lost.
fn contradictions(view: &LiveRows) -> Vec<String> {
    let mut problems = Vec::new();
    let mut live = HashSet::new();
    let mut keys = HashSet::new();
    for at in view.addresses() {
        live.insert((at.segment, at.row));
        let key = view.meta(at).key(at.row);
        if !keys.insert(key) {
            problems.push(format!("{key:?} is live in two segments"));
        }
    }
    let metas = || view.segments().iter();
    let gone: HashSet<&str> = metas().flat_map(|meta| meta.tombstones()).collect();
    for (place, meta) in metas().enumerate() {
        for row in 0..meta.rows() {
            let key = meta.key(row);
            if !live.contains(&(place, row)) && !keys.contains(key) && !gone.contains(key) {
                let id = meta.id();
                problems.push(format!(
                    "{key:?} was given up in segment {id}, but nothing takes its place"
                ));
            }
        }
    }
    problems
}
