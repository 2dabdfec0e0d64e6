//! One generation, loaded and searchable.

use std::sync::{Arc, Mutex, OnceLock};

use crate::columns::{AttributeInfo, Schema};
use crate::error::IndexError;
use crate::live_rows::LiveRows;
use crate::products::Products;
use crate::row::RowAddress;
use crate::segment::Segment;
use crate::selection::RecentSelections;

/// All segments of one generation.
#[derive(Debug, Clone)]
pub struct Snapshot {
    dimensions: usize,
    live_rows: LiveRows,
    segments: Vec<Segment>,
    images: u64,
    largest_scale: f32,
    lazy: Arc<Lazy>,
}

/// Derived data that is made on first use.
#[derive(Debug, Default)]
pub(crate) struct Lazy {
    pub(crate) schema: OnceLock<Schema>,
    pub(crate) products: OnceLock<Products>,
    pub(crate) attributes: OnceLock<Vec<AttributeInfo>>,
    pub(crate) recent_selections: Mutex<RecentSelections>,
    product_count: OnceLock<u64>,
}

impl Snapshot {
    /// Joins the segments of one manifest, in its order.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] if a segment has vectors of another length.
    pub fn new(segments: Vec<Segment>, dimensions: usize) -> Result<Self, IndexError> {
        let live_rows = LiveRows::new(segments.iter().map(|s| Arc::clone(s.meta())).collect());
        Self::of(segments, live_rows, dimensions)
    }

    fn of(
        segments: Vec<Segment>,
        live_rows: LiveRows,
        dimensions: usize,
    ) -> Result<Self, IndexError> {
        for segment in &segments {
            let found = segment.meta().header.dimensions as usize;
            if found != dimensions {
                return Err(IndexError::Dimensions {
                    expected: dimensions,
                    found,
                });
            }
        }
        let scales = segments.iter().map(|s| s.body().largest_scale());
        Ok(Self {
            dimensions,
            images: live_rows.images(),
            largest_scale: scales.fold(0.0, f32::max),
            live_rows,
            segments,
            lazy: Arc::default(),
        })
    }

    /// Adds rows that were read from the vector base of the same index, as [`LiveRows::with_found`] does.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] if they have vectors of another length.
    pub fn with_found(&self, found: Segment) -> Result<Self, IndexError> {
        let live_rows = self.live_rows.with_found(Arc::clone(found.meta()));
        let segments: Vec<Segment> = self.segments.iter().cloned().chain([found]).collect();
        Self::of(segments, live_rows, self.dimensions)
    }

    /// Returns the length of every vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Returns the segments, oldest first.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Returns the live rows.
    pub fn live_rows(&self) -> &LiveRows {
        &self.live_rows
    }

    /// Counts the live rows, one for each image.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Counts the distinct products of live rows.
    pub fn products(&self) -> u64 {
        let count = || self.live_rows.products();
        *self.lazy.product_count.get_or_init(count)
    }

    /// Counts the rows of all segments, including deleted ones.
    pub fn rows(&self) -> u64 {
        let segments = self.segments.iter();
        segments.map(|s| u64::from(s.meta().rows())).sum()
    }

    /// Returns the live rows of a product, segment by segment.
    pub fn rows_of_product<'a>(
        &'a self,
        product_id: &'a str,
    ) -> impl Iterator<Item = RowAddress> + 'a {
        self.live_rows.rows_of_product(product_id)
    }

    /// Returns the embedding of a row, `[dimensions]`.
    pub fn embedding(&self, address: RowAddress) -> Vec<f32> {
        self.segments[address.segment]
            .embedding(address.row)
            .to_f32()
    }

    pub(crate) fn lazy(&self) -> &Lazy {
        &self.lazy
    }

    /// Returns the largest scale of all vectors.
    pub(crate) fn largest_scale(&self) -> f32 {
        self.largest_scale
    }
}
