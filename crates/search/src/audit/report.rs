//! What looking over the catalog found.

use std::collections::BTreeSet;

use lookalike_core::model::ImageRecord;
use lookalike_index::{ImageAudit, ImageGroup, LiveRows, RowAddress, Snapshot};
use serde::Serialize;

/// The result of an audit.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct AuditReport {
    /// The generation of the index that was looked at.
    pub generation: u64,
    /// Images in the index.
    pub images: u64,
    /// Products in the index.
    pub products: u64,
    /// Images in the bucket.
    pub stored: u64,
    /// Products in the table.
    pub in_table: u64,
    /// Cosine from which two images were taken to be nearly the same.
    pub threshold: f32,
    /// True if that was measured on this catalog.
    pub calibrated: bool,
    /// Identical images; groups across products first.
    pub duplicates: Listed<AuditedGroup>,
    /// Images that are nearly the same; groups across products first.
    pub near_duplicates: Listed<AuditedGroup>,
    /// Images whose neighbours are of another category, the surest first.
    pub misplaced: Listed<MisplacedImage>,
    /// Products of the table that have no image in the index.
    #[serde(rename = "products_without_pictures")]
    pub products_without_images: Listed<String>,
    /// Images of the index whose product is not in the table.
    #[serde(rename = "pictures_without_product")]
    pub images_without_product: Listed<AuditedImage>,
    /// Images that could not be indexed, with reasons.
    pub failed: Listed<ImageRecord>,
    /// Images in the bucket that are neither indexed nor failed.
    pub unindexed: Listed<String>,
    /// Images that are indexed in another version than the bucket has.
    pub outdated: Listed<String>,
    /// Images that are indexed, but gone from the bucket.
    pub gone: Listed<String>,
    /// Records that contradict the index.
    pub contradictions: Listed<StaleRecord>,
}

/// The beginning of a list, and how long it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed<T> {
    /// How many entries there are in all.
    pub total: u64,
    /// The first of them.
    pub items: Vec<T>,
}

/// Images that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditedGroup {
    /// Distinct products that they show.
    pub products: u64,
    /// The weakest of the similarities that hold the group together, cosine; 1 of identical images.
    pub score: f32,
    /// The images, by key.
    #[serde(rename = "pictures")]
    pub images: Listed<AuditedImage>,
}

/// An image of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditedImage {
    /// The image key.
    pub key: String,
    /// The product it shows.
    pub product_id: String,
}

/// An image whose neighbours are of another category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MisplacedImage {
    /// The image key.
    pub key: String,
    /// The product it shows.
    pub product_id: String,
    /// Its category.
    pub category: String,
    /// That of most of its neighbours.
    pub suggested: String,
    /// Share of its nearest images of other products that are of that category, 0.5 to 1.
    pub confidence: f32,
    /// Mean cosine similarity to those.
    pub score: f32,
}

/// A record that contradicts the index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct StaleRecord {
    /// The image key.
    pub key: String,
    /// The product that it is recorded under, or should be.
    pub product_id: String,
    /// The contradiction.
    pub contradiction: Contradiction,
}

/// The ways in which a record contradicts the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contradiction {
    /// It tells of an image that is gone, from the bucket and from the index.
    Gone,
    /// It says that the image is indexed, which has failed.
    NotIndexed,
    /// It says that the image failed, which is indexed.
    NotFailed,
    /// The index has the image under another product.
    OtherProduct,
    /// The index has another version of the image.
    OtherVersion,
    /// There is none of an image that is indexed.
    Unrecorded,
}

impl Contradiction {
    /// True if the record is to go: it tells of something that is not so, and writing a true one may not replace
    /// it.
    pub fn is_false(self) -> bool {
        match self {
            Self::Gone | Self::NotIndexed | Self::NotFailed | Self::OtherProduct => true,
            Self::OtherVersion | Self::Unrecorded => false,
        }
    }

    /// Returns the fault, as it follows on "recorded under product p: ".
    pub fn explained(self) -> &'static str {
        match self {
            Self::Gone => "the image is gone, from the bucket and from the index",
            Self::NotIndexed => "recorded as indexed, but it has failed",
            Self::NotFailed => "recorded as failed, but it is indexed",
            Self::OtherProduct => "the index has it under another product",
            Self::OtherVersion => "the index has another version of it",
            Self::Unrecorded => "it is indexed, and nothing is recorded",
        }
    }
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

impl<T> Listed<T> {
    /// All of them.
    pub(super) fn of(items: impl IntoIterator<Item = T>) -> Self {
        let items: Vec<T> = items.into_iter().collect();
        Self {
            total: items.len() as u64,
            items,
        }
    }

    /// Only the first of them.
    #[must_use]
    pub fn first(mut self, limit: usize) -> Self {
        self.items.truncate(limit);
        self
    }

    /// The number of entries that are not listed.
    pub fn left_out(&self) -> u64 {
        self.total - self.items.len() as u64
    }
}

impl AuditReport {
    /// True if bucket, index and records agree. Failed images, duplicates and the like are no disagreement.
    pub fn is_consistent(&self) -> bool {
        self.differences() == 0
    }

    /// Returns the number of differences between bucket, index and records.
    pub fn differences(&self) -> u64 {
        let keys = self.unindexed.total + self.outdated.total + self.gone.total;
        keys + self.contradictions.total
    }

    /// The listed keys at which bucket, index and records disagree, in order.
    pub fn keys_to_repair(&self) -> Vec<String> {
        let keys = [&self.unindexed, &self.outdated, &self.gone];
        let keys = keys.into_iter().flat_map(|listed| listed.items.iter());
        let recorded = self.contradictions.items.iter().map(|record| &record.key);
        let keys: BTreeSet<&String> = keys.chain(recorded).collect();
        keys.into_iter().cloned().collect()
    }

    /// Returns the report with at most so many entries in every list, and so many images in a group.
    #[must_use]
    pub fn shortened(self, limit: usize, of_group: usize) -> Self {
        let groups = |listed: Listed<AuditedGroup>| {
            let mut listed = listed.first(limit);
            for group in &mut listed.items {
                group.images.items.truncate(of_group);
            }
            listed
        };
        Self {
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

    pub(super) fn tell_images(&mut self, snapshot: &Snapshot, found: &ImageAudit) {
        let image = |at: &RowAddress| {
            let meta = snapshot.live_rows().meta(*at);
            AuditedImage {
                key: meta.key(at.row).to_owned(),
                product_id: meta.product_id(at.row).to_owned(),
            }
        };
        let group = |group: &ImageGroup| AuditedGroup {
            products: group.products as u64,
            score: group.score,
            images: Listed::of(group.images.iter().map(image)),
        };
        self.duplicates = Listed::of(found.duplicates.iter().map(group));
        self.near_duplicates = Listed::of(found.near_duplicates.iter().map(group));
        self.misplaced = Listed::of(found.misplaced.iter().map(|found| {
            let AuditedImage { key, product_id } = image(&found.address);
            MisplacedImage {
                key,
                product_id,
                category: found.category.clone(),
                suggested: found.suggested.clone(),
                confidence: found.votes as f32 / found.neighbors as f32,
                score: found.score,
            }
        }));
    }

    pub(super) fn tell_products(&mut self, view: &LiveRows, known: &BTreeSet<String>) {
        let row = |at: RowAddress| {
            let meta = view.meta(at);
            (meta.key(at.row), meta.product_id(at.row))
        };
        let shown: BTreeSet<&str> = view.addresses().map(|at| row(at).1).collect();
        let bare = known.iter().filter(|id| !shown.contains(id.as_str()));
        self.products_without_images = Listed::of(bare.cloned());
        let mut unknown: Vec<AuditedImage> = view
            .addresses()
            .map(row)
            .filter(|(_, product_id)| !known.contains(*product_id))
            .map(|(key, product_id)| AuditedImage {
                key: key.to_owned(),
                product_id: product_id.to_owned(),
            })
            .collect();
        unknown.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        self.images_without_product = Listed::of(unknown);
    }
}
