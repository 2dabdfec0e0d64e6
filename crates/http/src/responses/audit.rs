//! The reply of `GET /audit`.

use lookalike_core::ImageRecord;
use lookalike_search::{
    AuditReport, AuditedGroup, AuditedImage, Listed, MisplacedImage, SearchError, Searcher,
    StaleRecord,
};
use serde::Serialize;
use utoipa::ToSchema;

/// The findings of a catalog audit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Audit)]
pub(crate) struct AuditResponse {
    /// The generation of the audited index.
    generation: u64,
    /// Images in the index.
    images: u64,
    /// Products in the index.
    products: u64,
    /// Images in the bucket.
    stored: u64,
    /// Products in the table.
    in_table: u64,
    /// Cosine similarity from which two images count as nearly the same.
    threshold: f32,
    /// True if the threshold was measured on this catalog.
    calibrated: bool,
    /// True if bucket, index and records agree: the last four lists are empty.
    consistent: bool,
    /// Identical images; groups across products first.
    duplicates: AuditList<AuditGroup>,
    /// Images that are nearly the same; groups across products first.
    near_duplicates: AuditList<AuditGroup>,
    /// Images whose neighbors have another category, the surest first.
    misplaced: AuditList<AuditMisplaced>,
    /// Products of the table that have no image in the index.
    products_without_pictures: AuditList<String>,
    /// Images of the index whose product is not in the table.
    pictures_without_product: AuditList<AuditImage>,
    /// Images that could not be indexed, with reasons.
    failed: AuditList<AuditFailure>,
    /// Keys in the bucket that are neither indexed nor failed.
    unindexed: AuditList<String>,
    /// Keys whose indexed version is not that of the bucket.
    outdated: AuditList<String>,
    /// Keys that are indexed, but no longer in the bucket.
    gone: AuditList<String>,
    /// Records that contradict the index.
    contradictions: AuditList<AuditRecord>,
}

/// The first items of a list, and its length.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditList<T> {
    /// Length of the whole list.
    total: u64,
    /// The first items.
    items: Vec<T>,
}

/// Images that are the same, or nearly so.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditGroup {
    /// Number of distinct products.
    products: u64,
    /// The weakest similarity within the group; 1 for identical images.
    score: f32,
    /// The images, by key.
    pictures: AuditList<AuditImage>,
}

/// An image of the index.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditPicture)]
pub(crate) struct AuditImage {
    /// Key of the object.
    key: String,
    /// The product it shows.
    product_id: String,
    /// A signed link to GET the image, which expires.
    url: String,
}

/// An image whose neighbors have another category.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditMisplaced {
    /// Key of the object.
    key: String,
    /// The product it shows.
    product_id: String,
    /// A signed link to GET the image, which expires.
    url: String,
    /// Its category.
    category: String,
    /// The category of most of its neighbors.
    suggested: String,
    /// Share of that category among its nearest images of other products, 0.5 to 1.
    confidence: f32,
    /// Mean cosine similarity to them.
    score: f32,
}

/// An image that could not be indexed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditFailure {
    /// Key of the object.
    key: String,
    /// The product it shows.
    product_id: String,
    /// The reason as a word for programs.
    code: String,
    /// The reason, and what to do about it.
    reason: String,
    /// Time of the failure, RFC 3339 in UTC.
    at: String,
}

/// A record that contradicts the index.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRecord {
    /// Key of the object.
    key: String,
    /// The product in the record, or the one that should be.
    product_id: String,
    /// The contradiction, in a sentence.
    problem: &'static str,
}

impl AuditResponse {
    /// Adds a link to every listed image.
    pub(crate) async fn new(report: AuditReport, searcher: &Searcher) -> Result<Self, SearchError> {
        Ok(Self {
            consistent: report.is_consistent(),
            generation: report.generation,
            images: report.images,
            products: report.products,
            stored: report.stored,
            in_table: report.in_table,
            threshold: report.threshold,
            calibrated: report.calibrated,
            duplicates: groups(report.duplicates, searcher).await?,
            near_duplicates: groups(report.near_duplicates, searcher).await?,
            misplaced: misplaced(report.misplaced, searcher).await?,
            products_without_pictures: list(report.products_without_images, |id| id),
            pictures_without_product: images(report.images_without_product, searcher).await?,
            failed: list(report.failed, AuditFailure::from),
            unindexed: list(report.unindexed, |key| key),
            outdated: list(report.outdated, |key| key),
            gone: list(report.gone, |key| key),
            contradictions: list(report.contradictions, AuditRecord::from),
        })
    }
}

fn list<T, U>(listed: Listed<T>, convert: impl FnMut(T) -> U) -> AuditList<U> {
    AuditList {
        total: listed.total,
        items: listed.items.into_iter().map(convert).collect(),
    }
}

async fn groups(
    listed: Listed<AuditedGroup>,
    searcher: &Searcher,
) -> Result<AuditList<AuditGroup>, SearchError> {
    let mut items = Vec::with_capacity(listed.items.len());
    for group in listed.items {
        items.push(AuditGroup {
            products: group.products,
            score: group.score,
            pictures: images(group.images, searcher).await?,
        });
    }
    let total = listed.total;
    Ok(AuditList { total, items })
}

async fn images(
    listed: Listed<AuditedImage>,
    searcher: &Searcher,
) -> Result<AuditList<AuditImage>, SearchError> {
    let mut items = Vec::with_capacity(listed.items.len());
    for image in listed.items {
        items.push(AuditImage {
            url: searcher.image_link(&image.key).await?,
            key: image.key,
            product_id: image.product_id,
        });
    }
    let total = listed.total;
    Ok(AuditList { total, items })
}

async fn misplaced(
    listed: Listed<MisplacedImage>,
    searcher: &Searcher,
) -> Result<AuditList<AuditMisplaced>, SearchError> {
    let mut items = Vec::with_capacity(listed.items.len());
    for image in listed.items {
        items.push(AuditMisplaced {
            url: searcher.image_link(&image.key).await?,
            key: image.key,
            product_id: image.product_id,
            category: image.category,
            suggested: image.suggested,
            confidence: image.confidence,
            score: image.score,
        });
    }
    let total = listed.total;
    Ok(AuditList { total, items })
}

impl From<ImageRecord> for AuditFailure {
    fn from(record: ImageRecord) -> Self {
        let (code, reason) = match record.failure {
            Some(failure) => (failure.code, failure.reason),
            None => Default::default(),
        };
        Self {
            key: record.key,
            product_id: record.product_id,
            code,
            reason,
            at: record.at,
        }
    }
}

impl From<StaleRecord> for AuditRecord {
    fn from(record: StaleRecord) -> Self {
        Self {
            problem: record.contradiction.explained(),
            key: record.key,
            product_id: record.product_id,
        }
    }
}
