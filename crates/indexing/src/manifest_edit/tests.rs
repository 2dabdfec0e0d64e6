#![allow(clippy::unwrap_used)]
//! A manifest and metas in memory, to apply edits to.

mod batch;
mod compaction;
mod lease;
mod standby;

use std::collections::HashMap;

use lookalike_core::host::SystemHost;
use lookalike_index::{
    Fingerprint, Lease, LiveRows, Manifest, QuantizedVector, Row, SegmentContent, SegmentId,
    SegmentMeta,
};

use super::*;

const NOW: u64 = 1_000_000;

fn deltas() -> Deltas {
    Deltas::new(Arc::new(SystemHost))
}

struct World {
    published: Published,
    metas: HashMap<SegmentId, Arc<SegmentMeta>>,
}

impl World {
    fn new() -> Self {
        Self {
            published: Published {
                manifest: None,
                etag: None,
            },
            metas: HashMap::new(),
        }
    }

    /// A searched index of encoder 1 with these rows.
    fn with_rows(keys: &[&str]) -> Self {
        let mut world = Self::new();
        world.publish(&[upserts(1, keys)]);
        world
    }

    fn apply(&self, edits: &[ManifestEdit]) -> Result<Applied, IndexingError> {
        self.apply_with(edits, &mut deltas())
    }

    fn apply_with(
        &self,
        edits: &[ManifestEdit],
        deltas: &mut Deltas,
    ) -> Result<Applied, IndexingError> {
        let encoders = edits.iter().filter_map(ManifestEdit::encoder);
        let indexes: Vec<_> = encoders.filter_map(|encoder| self.index(encoder)).collect();
        apply(edits, &self.published, &indexes, NOW, deltas)
    }

    /// The successor that edits must lead to.
    fn next(&self, edits: &[ManifestEdit]) -> Successor {
        match self.apply(edits).unwrap() {
            Applied::Next(successor) => successor,
            other => panic!("{other:?}"),
        }
    }

    fn refusal(&self, edit: ManifestEdit) -> Refusal {
        match self.apply(&[edit]).unwrap() {
            Applied::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }

    fn expect_nothing(&self, edit: ManifestEdit) {
        let applied = self.apply(&[edit]).unwrap();
        assert!(matches!(applied, Applied::Nothing), "{applied:?}");
    }

    /// Applies edits, and makes the result the published manifest. Returns the history entry.
    fn publish(&mut self, edits: &[ManifestEdit]) -> Changed {
        let Successor {
            segments,
            mut manifest,
            changed,
        } = self.next(edits);
        let metas = segments.into_iter().map(|s| (s.entry.id, s.meta));
        self.metas.extend(metas);
        manifest.generation = self.published.generation() + 1;
        self.published.manifest = Some(manifest);
        changed
    }

    fn index(&self, encoder: &EncoderIdentity) -> Option<Arc<Current>> {
        let manifest = self.published.index_of(encoder).ok()?;
        let entries = manifest.segments.iter();
        let metas = entries.map(|entry| Arc::clone(&self.metas[&entry.id]));
        let view = Arc::new(LiveRows::new(metas.collect()));
        Some(Arc::new(Current {
            manifest,
            view,
            found: None,
        }))
    }

    fn manifest(&mut self) -> &mut Manifest {
        self.published.manifest.as_mut().unwrap()
    }

    fn generation(&self) -> u64 {
        self.published.generation()
    }

    /// Segments of the index of that encoder.
    fn ids(&self, encoder: u8) -> Vec<SegmentId> {
        let index = self.index(&identity(encoder)).unwrap();
        index.manifest.segments.iter().map(|e| e.id).collect()
    }

    /// Live keys of the index of that encoder, sorted.
    fn keys(&self, encoder: u8) -> Vec<String> {
        let index = self.index(&identity(encoder)).unwrap();
        let mut keys: Vec<String> = index.live_keys().map(str::to_owned).collect();
        keys.sort_unstable();
        keys
    }
}

fn identity(number: u8) -> EncoderIdentity {
    EncoderIdentity {
        name: format!("encoder-{number}"),
        fingerprint: Fingerprint([number; 32]),
        dimensions: 8,
    }
}

fn row(key: &str, etag: &str) -> Row {
    Row {
        key: key.to_owned(),
        product_id: key.to_owned(),
        etag: etag.to_owned(),
        attributes: [("category".to_owned(), "shoes".into())].into(),
        embedding: QuantizedVector::new(&[1.0, 0.5, 0.25, 0.0, -0.25, -0.5, 0.1, 0.2]).unwrap(),
    }
}

fn write(encoder: u8, batch: Batch) -> ManifestEdit {
    ManifestEdit::index(&identity(encoder), IndexEdit::WriteBatch(batch))
}

/// First versions of images.
fn upserts(encoder: u8, keys: &[&str]) -> ManifestEdit {
    let upserts = keys.iter().map(|key| row(key, "\"1\"")).collect();
    write(
        encoder,
        Batch {
            upserts,
            ..Batch::default()
        },
    )
}

fn removals(encoder: u8, keys: &[&str]) -> ManifestEdit {
    let removals = keys.iter().map(|key| (*key).to_owned()).collect();
    write(
        encoder,
        Batch {
            removals,
            ..Batch::default()
        },
    )
}

fn if_there(edit: ManifestEdit) -> ManifestEdit {
    match edit {
        ManifestEdit::Index { encoder, edit, .. } => ManifestEdit::Index {
            encoder,
            edit,
            may_be_gone: true,
        },
        other => other,
    }
}

fn add_standby(encoder: u8) -> ManifestEdit {
    ManifestEdit::Standby(StandbyEdit::Add(identity(encoder)))
}

fn lease(owner: &str, until: u64) -> Option<Lease> {
    let owner = owner.to_owned();
    Some(Lease { owner, until })
}
