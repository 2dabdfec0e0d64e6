//! What `GET /audit` answers.

use lookalike_core::ImageRecord;
use lookalike_search::{
    AuditReport, AuditedGroup, AuditedImage, Listed, MisplacedImage, SearchError, Searcher,
    StaleRecord,
};
use serde::Serialize;
use utoipa::ToSchema;

/// What looking over the catalog found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Audit)]
pub(crate) struct AuditReply {
    /// The generation of the index that was looked at.
    generation: u64,
    /// Pictures in the index.
    images: u64,
    /// Products in the index.
    products: u64,
    /// Pictures in the bucket.
    stored: u64,
    /// Products in the table.
    in_table: u64,
    /// Cosine from which two pictures were taken to be nearly the same.
    threshold: f32,
    /// Whether that was measured on this catalog.
    calibrated: bool,
    /// Whether bucket, index and records agree: the last four lists are empty.
    consistent: bool,
    /// Identical pictures; groups across products first.
    duplicates: AuditList<AuditGroup>,
    /// Pictures that are nearly the same; groups across products first.
    near_duplicates: AuditList<AuditGroup>,
    /// Pictures whose neighbours are of another category, the surest first.
    misplaced: AuditList<AuditMisplaced>,
    /// Products of the table that have no picture in the index.
    products_without_pictures: AuditList<String>,
    /// Pictures of the index whose product is not in the table.
    pictures_without_product: AuditList<AuditPicture>,
    /// Pictures that could not be indexed, with reasons.
    failed: AuditList<AuditFailure>,
    /// Keys in the bucket that are neither indexed nor failed.
    unindexed: AuditList<String>,
    /// Keys that are indexed in another version than the bucket has.
    outdated: AuditList<String>,
    /// Keys that are indexed, but gone from the bucket.
    gone: AuditList<String>,
    /// Records that contradict the index.
    contradictions: AuditList<AuditRecord>,
}

/// The beginning of a list, and how long it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditList<T> {
    /// How many there are.
    total: u64,
    /// The first of them.
    items: Vec<T>,
}

/// Pictures that belong together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditGroup {
    /// Distinct products that they show.
    products: u64,
    /// The weakest of the similarities that hold the group together; 1 of identical pictures.
    score: f32,
    /// The pictures, by key.
    pictures: AuditList<AuditPicture>,
}

/// A picture of the index.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPicture {
    /// Key of the object.
    key: String,
    /// The product it shows.
    product_id: String,
    /// A signed link that answers GET with the picture for a while.
    url: String,
}

/// A picture whose neighbours are of another category.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditMisplaced {
    /// Key of the object.
    key: String,
    /// The product it shows.
    product_id: String,
    /// A signed link that answers GET with the picture for a while.
    url: String,
    /// Its category.
    category: String,
    /// That of most of its neighbours.
    suggested: String,
    /// Share of its nearest pictures of other products that are of that category, 0.5 to 1.
    confidence: f32,
    /// Mean cosine similarity to those.
    score: f32,
}

/// A picture that could not be indexed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditFailure {
    /// Key of the object.
    key: String,
    /// The product it shows.
    product_id: String,
    /// Why, in a word for programs.
    code: String,
    /// Why, and what to do about it.
    reason: String,
    /// When, as RFC 3339 in UTC.
    at: String,
}

/// A record that contradicts the index.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRecord {
    /// Key of the object.
    key: String,
    /// The product that it is recorded under, or should be.
    product_id: String,
    /// What is wrong, in a sentence.
    problem: &'static str,
}

impl AuditReply {
    /// The reply, with a link for every listed picture.
    pub(crate) async fn of(report: AuditReport, searcher: &Searcher) -> Result<Self, SearchError> {
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
            pictures_without_product: pictures(report.images_without_product, searcher).await?,
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
            pictures: pictures(group.images, searcher).await?,
        });
    }
    let total = listed.total;
    Ok(AuditList { total, items })
}

async fn pictures(
    listed: Listed<AuditedImage>,
    searcher: &Searcher,
) -> Result<AuditList<AuditPicture>, SearchError> {
    let mut items = Vec::with_capacity(listed.items.len());
    for picture in listed.items {
        items.push(AuditPicture {
            url: searcher.image_link(&picture.key).await?,
            key: picture.key,
            product_id: picture.product_id,
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
    for picture in listed.items {
        items.push(AuditMisplaced {
            url: searcher.image_link(&picture.key).await?,
            key: picture.key,
            product_id: picture.product_id,
            category: picture.category,
            suggested: picture.suggested,
            confidence: picture.confidence,
            score: picture.score,
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
