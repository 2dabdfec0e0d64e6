//! The state of a vector base. It is serialized as it is, as a part of [`IndexInfo`](crate::IndexInfo).

use lookalike_index::{Manifest, SegmentEntry, SegmentKind, VectorBaseEntry};
use serde::Serialize;
use utoipa::ToSchema;

/// The vector base of an index: base rows that are in an engine in place of a base segment, or are copied there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = VectorBase)]
pub struct VectorBaseInfo {
    /// Its name. In DynamoDB it is the end of the name of its table.
    #[schema(example = "base-01kdc2v4x8q3m5r7t9w1y3z5a7")]
    pub name: String,
    /// `filling` while the rows of the base segment are copied, which is still searched; `serving` once searches use the
    /// vector base.
    #[schema(value_type = String, example = "serving")]
    pub state: VectorBaseStage,
    /// Number of its slots. A search reads at most 100 images of each.
    pub slots: u32,
    /// Searchable images, in the vector base and in deltas; while it is filled, rows of the base segment.
    pub images: u64,
    /// Number of deltas whose rows were not written to it yet; 0 while it is filled.
    pub waiting_deltas: u64,
    /// Number of rows of these deltas.
    pub waiting_rows: u64,
    /// True if the index can go back to its base segment.
    pub can_roll_back: bool,
}

/// The stages of a vector base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum VectorBaseStage {
    /// Rows of the base segment are copied.
    Filling,
    /// Searches use it.
    Serving,
}

impl VectorBaseInfo {
    /// Returns the state of the vector base of the searched index; `None` if it has none.
    pub(crate) fn of(manifest: &Manifest) -> Option<Self> {
        let entry = manifest.vector_base.as_ref()?;
        let is_base = |segment: &&SegmentEntry| segment.kind == SegmentKind::Base;
        let copied = manifest.segments.iter().find(is_base);
        let waiting = waiting(manifest, entry);
        Some(Self {
            name: entry.name.to_string(),
            state: match entry.is_serving {
                true => VectorBaseStage::Serving,
                false => VectorBaseStage::Filling,
            },
            slots: entry.layout.slots,
            images: copied.map_or(entry.images, |base| u64::from(base.rows)),
            waiting_deltas: waiting.len() as u64,
            waiting_rows: rows_of(&waiting),
            can_roll_back: !entry.is_serving || entry.replaced.is_some(),
        })
    }

    /// Returns the number of rows of deltas that were not written to the vector base yet; `None` if the searched index
    /// has none that serves.
    pub(crate) fn waiting_rows_of(manifest: &Manifest) -> Option<u64> {
        let entry = manifest.serving_base()?;
        Some(rows_of(&waiting(manifest, entry)))
    }
}

fn rows_of(deltas: &[&SegmentEntry]) -> u64 {
    deltas.iter().map(|delta| u64::from(delta.rows)).sum()
}

fn waiting<'a>(manifest: &'a Manifest, entry: &VectorBaseEntry) -> Vec<&'a SegmentEntry> {
    if !entry.is_serving {
        return Vec::new();
    }
    let written = entry.written.iter().flat_map(|written| &written.segments);
    let written: Vec<_> = written.collect();
    let deltas = manifest.segments.iter();
    deltas.filter(|d| !written.contains(&&d.id)).collect()
}
