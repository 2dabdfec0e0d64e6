//! One generation, loaded and searchable.

use std::sync::{Arc, Mutex, OnceLock};

use crate::attributes::{AttributeInfo, Schema};
use crate::error::IndexError;
use crate::products::Products;
use crate::segment::Segment;
use crate::selection::Recent;
use crate::view::{Location, View};

/// All segments of one generation.
#[derive(Debug, Clone)]
pub struct Snapshot {
    dimensions: usize,
    view: View,
    segments: Vec<Segment>,
    images: u64,
    products: u64,
    largest_scale: f32,
    lazy: Arc<Lazy>,
}

/// What is made when it is first asked for.
#[derive(Debug, Default)]
pub(crate) struct Lazy {
    pub(crate) schema: OnceLock<Schema>,
    pub(crate) products: OnceLock<Products>,
    pub(crate) attributes: OnceLock<Vec<AttributeInfo>>,
    pub(crate) recent: Mutex<Recent>,
}

impl Snapshot {
    /// Joins the segments of one manifest, in its order.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] when a segment has vectors of another length.
    pub fn new(segments: Vec<Segment>, dimensions: usize) -> Result<Self, IndexError> {
        for segment in &segments {
            let found = segment.meta().header.dimensions as usize;
            if found != dimensions {
                return Err(IndexError::Dimensions {
                    expected: dimensions,
                    found,
                });
            }
        }
        let view = View::new(segments.iter().map(|s| Arc::clone(s.meta())).collect());
        let scales = segments.iter().map(|s| s.body().largest_scale());
        Ok(Self {
            dimensions,
            images: view.images(),
            products: view.products(),
            largest_scale: scales.fold(0.0, f32::max),
            view,
            segments,
            lazy: Arc::default(),
        })
    }

    /// Length of every vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Which rows are live.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Pictures that can be found.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Distinct products among them.
    pub fn products(&self) -> u64 {
        self.products
    }

    /// Rows of all segments, superseded ones included.
    pub fn rows(&self) -> u64 {
        let segments = self.segments.iter();
        segments.map(|s| u64::from(s.meta().rows())).sum()
    }

    /// The live rows of a product.
    pub fn rows_of_product(&self, product_id: &str) -> impl Iterator<Item = Location> + '_ {
        let found: Vec<Option<u32>> = self
            .segments
            .iter()
            .map(|segment| segment.meta().find_product(product_id))
            .collect();
        found
            .into_iter()
            .enumerate()
            .filter_map(|(place, ordinal)| Some((place, ordinal?)))
            .flat_map(move |(place, ordinal)| {
                let rows = self.segments[place].meta().rows_of_product(ordinal);
                rows.filter(move |&row| self.view.is_live(place, row))
                    .map(move |row| Location {
                        segment: place,
                        row,
                    })
            })
    }

    /// A row's embedding, `[dimensions]`.
    pub fn embedding(&self, location: Location) -> Vec<f32> {
        self.segments[location.segment]
            .embedding(location.row)
            .to_f32()
    }

    pub(crate) fn lazy(&self) -> &Lazy {
        &self.lazy
    }

    /// The largest scale of any vector.
    pub(crate) fn largest_scale(&self) -> f32 {
        self.largest_scale
    }
}
