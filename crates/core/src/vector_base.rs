//! Ports of vector bases: the rows of an index's base in an engine outside of this process.
//!
//! A row has at most one entry, under its key. A removed row leaves an entry behind that no search finds, so that a late
//! write of an older version takes no effect. Searches and [`VectorBase::of_product`] may lag behind writes for some
//! seconds; [`VectorBase::get`] and [`VectorBase::scan`] do not.

use std::collections::BTreeMap;

use async_trait::async_trait;
use lookalike_index::{BaseName, Fingerprint, Manifest, Row, Term, VectorBaseLayout};

use crate::error::StoreError;
use crate::model::Page;

/// Maximum number of rows that one search returns.
pub const MAX_FOUND: usize = 100;

/// A vector base and what its rows consist of.
#[derive(Debug, Clone, PartialEq)]
pub struct BaseAddress {
    /// Its name in the engine.
    pub name: BaseName,
    /// The encoder of its vectors.
    pub fingerprint: Fingerprint,
    /// Length of every vector.
    pub dimensions: usize,
    /// Slots and fields.
    pub layout: VectorBaseLayout,
}

impl BaseAddress {
    /// Returns the address of the vector base that the searched index of a manifest has, be it filled or searched.
    pub fn of(manifest: &Manifest) -> Option<Self> {
        let entry = manifest.vector_base.as_ref()?;
        Some(Self {
            name: entry.name.clone(),
            fingerprint: manifest.fingerprint,
            dimensions: manifest.dimensions,
            layout: entry.layout.clone(),
        })
    }

    /// Returns the address of the vector base from which the searched index of a manifest serves.
    pub fn of_serving(manifest: &Manifest) -> Option<Self> {
        manifest.serving_base()?;
        Self::of(manifest)
    }
}

/// A search of one slot.
#[derive(Debug, Clone, Copy)]
pub struct SlotQuery<'a> {
    /// The slot.
    pub slot: u32,
    /// The vector, of unit length, `[dimensions]`.
    pub vector: &'a [f32],
    /// Terms that a row must have, all of them.
    pub terms: &'a [Term],
    /// Maximum number of rows, up to [`MAX_FOUND`].
    pub top: usize,
}

/// The rows that a search of one slot found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundRows {
    /// The rows nearest to the vector, best first. An engine finds them approximately.
    pub rows: Vec<Row>,
    /// The cosine similarity of the last row if there may be more rows, none of which is nearer; `None` if these are all.
    pub floor: Option<f32>,
    /// Bytes that the engine says it examined, for which it is paid; 0 if it does not say.
    pub examined_bytes: u64,
}

/// A number that orders the processes that write to a vector base: an entry that one with a higher number wrote is
/// never replaced by one with a lower number.
pub type WriterNumber = u64;

/// The state of a key in a vector base.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyState {
    /// The row; `None` if it was removed.
    pub row: Option<Row>,
    /// The process that wrote it.
    pub writer: WriterNumber,
}

/// Reading a vector base.
#[async_trait]
pub trait VectorBase: Send + Sync {
    /// Returns rows of a slot near a vector.
    async fn search(
        &self,
        base: &BaseAddress,
        query: SlotQuery<'_>,
    ) -> Result<FoundRows, StoreError>;
    /// Returns all rows of these products, in no particular order. Any number of ids, which may repeat.
    async fn of_products(
        &self,
        base: &BaseAddress,
        product_ids: &[String],
    ) -> Result<Vec<Row>, StoreError>;
    /// Returns the state of those `keys` that have an entry, including everything that was written before the call. Any
    /// number of keys, which may repeat.
    async fn get(
        &self,
        base: &BaseAddress,
        keys: &[String],
    ) -> Result<BTreeMap<String, KeyState>, StoreError>;
    /// Lists all rows, each once, in no particular order, one page at a time; `after` is the `next` of the previous page. A
    /// page may be empty and not the last.
    async fn scan(&self, base: &BaseAddress, after: Option<&str>) -> Result<Page<Row>, StoreError>;
}

/// Writing a vector base.
#[async_trait]
pub trait VectorBaseWriter: Send + Sync {
    /// Stores rows under their keys, each key once. Returns the number of those that took effect: an entry of a process
    /// with a higher number stays. If it fails, some may be stored; storing them again changes nothing.
    async fn put(
        &self,
        base: &BaseAddress,
        rows: &[Row],
        writer: WriterNumber,
    ) -> Result<u64, StoreError>;
    /// Removes the rows of these keys, each key once, in the same way. A key without an entry gets one, too.
    async fn remove(
        &self,
        base: &BaseAddress,
        keys: &[String],
        writer: WriterNumber,
    ) -> Result<u64, StoreError>;
}

/// Making and dropping vector bases.
#[async_trait]
pub trait VectorBaseAdmin: Send + Sync {
    /// Makes an empty vector base; one that exists stays as it is. Fails with
    /// [`StoreErrorKind::Conflict`](crate::StoreErrorKind::Conflict) if one of this name has another layout or other vectors.
    async fn create(&self, base: &BaseAddress) -> Result<(), StoreError>;
    /// True once searches find what is written. A new base may take a minute.
    async fn is_searchable(&self, base: &BaseAddress) -> Result<bool, StoreError>;
    /// Removes a vector base with all rows; removing a missing one succeeds.
    async fn delete(&self, name: &BaseName) -> Result<(), StoreError>;
    /// Lists the names of all vector bases of this catalog.
    async fn list(&self) -> Result<Vec<BaseName>, StoreError>;
}
