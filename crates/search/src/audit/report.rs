//! The report of an audit.

use std::collections::BTreeSet;

use lookalike_core::model::ImageRecord;
use serde::Serialize;
use utoipa::ToSchema;

use super::contradiction::StaleRecord;

/// The result of an audit.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct AuditReport {
    /// The generation of the audited index.
    pub generation: u64,
    /// Images in the index.
    pub images: u64,
    /// Products in the index.
    pub products: u64,
    /// Images in the bucket.
    pub stored: u64,
    /// Products in the table.
    pub in_table: u64,
    /// Cosine similarity from which two images count as nearly the same.
    pub threshold: f32,
    /// True if the threshold was measured on this catalog.
    pub calibrated: bool,
    /// Identical images; groups across products first.
    pub duplicates: Listed<AuditedGroup>,
    /// Images that are nearly the same; groups across products first.
    pub near_duplicates: Listed<AuditedGroup>,
    /// Images whose neighbors have another category, the surest first.
    pub misplaced: Listed<MisplacedImage>,
    /// Products of the table that have no image in the index.
    #[serde(rename = "products_without_pictures")]
    pub products_without_images: Listed<String>,
    /// Images of the index whose product is not in the table.
    #[serde(rename = "pictures_without_product")]
    pub images_without_product: Listed<AuditedImage>,
    /// Products that are not in the table and that images of several folders show only because their file names are
    /// equal.
    pub products_of_several_folders: Listed<AuditedProduct>,
    /// Images that could not be indexed, with reasons.
    pub failed: Listed<ImageRecord>,
    /// Keys in the bucket that are neither indexed nor failed.
    pub unindexed: Listed<String>,
    /// Keys whose indexed version is not that of the bucket.
    pub outdated: Listed<String>,
    /// Keys that are indexed, but no longer in the bucket.
    pub gone: Listed<String>,
    /// Records that contradict the index.
    pub contradictions: Listed<StaleRecord>,
}

/// The first items of a list, and its length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditList)]
pub struct Listed<T> {
    /// Length of the whole list.
    pub total: u64,
    /// The first items.
    pub items: Vec<T>,
}

/// Images that are the same, or nearly so.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = AuditGroup)]
pub struct AuditedGroup {
    /// Number of distinct products.
    pub products: u64,
    /// The weakest similarity within the group; 1 for identical images.
    pub score: f32,
    /// The images, by key.
    #[serde(rename = "pictures")]
    pub images: Listed<AuditedImage>,
}

/// An image of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditPicture)]
pub struct AuditedImage {
    /// Key of the object.
    pub key: String,
    /// The product it shows.
    pub product_id: String,
    /// A signed link to GET the image, which expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = true)]
    pub url: Option<String>,
}

/// A product with its images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditProduct)]
pub struct AuditedProduct {
    /// The product.
    pub product_id: String,
    /// Keys of its images.
    #[serde(rename = "pictures")]
    pub images: Listed<String>,
}

/// An image whose neighbors have another category.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = AuditMisplaced)]
pub struct MisplacedImage {
    /// Key of the object.
    pub key: String,
    /// The product it shows.
    pub product_id: String,
    /// A signed link to GET the image, which expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = true)]
    pub url: Option<String>,
    /// Its category.
    pub category: String,
    /// The category of most of its neighbors.
    pub suggested: String,
    /// Share of that category among its nearest images of other products, 0.5 to 1.
    pub confidence: f32,
    /// Mean cosine similarity to them.
    pub score: f32,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

impl<T> Listed<T> {
    /// Makes a list that is complete.
    pub(super) fn of(items: impl IntoIterator<Item = T>) -> Self {
        let items: Vec<T> = items.into_iter().collect();
        Self {
            total: items.len() as u64,
            items,
        }
    }

    /// Returns the list with at most `limit` items.
    #[must_use]
    pub fn first(mut self, limit: usize) -> Self {
        self.items.truncate(limit);
        self
    }

    /// Returns the number of items that are left out.
    pub fn left_out(&self) -> u64 {
        self.total - self.items.len() as u64
    }
}

impl AuditReport {
    /// True if bucket, index and records agree: the last four lists are empty. Failed images and duplicates are no
    /// disagreement.
    pub fn is_consistent(&self) -> bool {
        self.differences() == 0
    }

    /// Returns the number of differences between bucket, index and records.
    pub fn differences(&self) -> u64 {
        let keys = self.unindexed.total + self.outdated.total + self.gone.total;
        keys + self.contradictions.total
    }

    /// Returns the listed keys at which bucket, index and records disagree, in order.
    pub fn keys_to_repair(&self) -> Vec<String> {
        let keys = [&self.unindexed, &self.outdated, &self.gone];
        let keys = keys.into_iter().flat_map(|listed| listed.items.iter());
        let recorded = self.contradictions.items.iter().map(|record| &record.key);
        let keys: BTreeSet<&String> = keys.chain(recorded).collect();
        keys.into_iter().cloned().collect()
    }

    /// Returns the report with at most `limit` items in every list, and `group_limit` images in a group.
    #[must_use]
    pub fn shortened(self, limit: usize, group_limit: usize) -> Self {
        let groups = |listed: Listed<AuditedGroup>| {
            let mut listed = listed.first(limit);
            for group in &mut listed.items {
                group.images.items.truncate(group_limit);
            }
            listed
        };
        let products = |listed: Listed<AuditedProduct>| {
            let mut listed = listed.first(limit);
            for product in &mut listed.items {
                product.images.items.truncate(group_limit);
            }
            listed
        };
        Self {
            products_of_several_folders: products(self.products_of_several_folders),
            duplicates: groups(self.duplicates),
            near_duplicates: groups(self.near_duplicates),
            misplaced: self.misplaced.first(limit),
            products_without_images: self.products_without_images.first(limit),
            images_without_product: self.images_without_product.first(limit),
            failed: self.failed.first(limit),
            unindexed: self.unindexed.first(limit),
            outdated: self.outdated.first(limit),
            gone: self.gone.first(limit),
            contradictions: self.contradictions.first(limit),
            ..self
        }
    }
}
