//! The reply of `GET /audit`: the report, with a reason in words for each failed image and each contradiction.

use std::borrow::Cow;

use lookalike_search::{
    AuditReport, AuditedGroup, AuditedImage, AuditedProduct, FailedImage, Listed, MisplacedImage,
    StaleRecord,
};
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

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
    duplicates: Listed<AuditedGroup>,
    /// Images that are nearly the same; groups across products first.
    near_duplicates: Listed<AuditedGroup>,
    /// Images whose neighbors have another category, the surest first.
    misplaced: Listed<MisplacedImage>,
    /// Products of the table that have no image in the index.
    products_without_pictures: Listed<String>,
    /// Images of the index whose product is not in the table.
    pictures_without_product: Listed<AuditedImage>,
    /// Products that are not in the table and that images of several folders show only because their file names are
    /// equal.
    products_of_several_folders: Listed<AuditedProduct>,
    /// Images that could not be indexed, with reasons.
    #[schema(value_type = Listed<AuditFailure>)]
    failed: Listed<FailedImage>,
    /// Keys in the bucket that are neither indexed nor failed.
    unindexed: Listed<String>,
    /// Keys whose indexed version is not that of the bucket.
    outdated: Listed<String>,
    /// Keys that are indexed, but no longer in the bucket.
    gone: Listed<String>,
    /// Records that contradict the index.
    contradictions: Listed<AuditRecord>,
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

/// The name that a [`FailedImage`] has in the schema of the audit.
struct AuditFailure;

impl PartialSchema for AuditFailure {
    fn schema() -> RefOr<Schema> {
        FailedImage::schema()
    }
}

impl ToSchema for AuditFailure {
    fn name() -> Cow<'static, str> {
        "AuditFailure".into()
    }
}

impl From<AuditReport> for AuditResponse {
    fn from(report: AuditReport) -> Self {
        Self {
            consistent: report.is_consistent(),
            generation: report.generation,
            images: report.images,
            products: report.products,
            stored: report.stored,
            in_table: report.in_table,
            threshold: report.threshold,
            calibrated: report.calibrated,
            duplicates: report.duplicates,
            near_duplicates: report.near_duplicates,
            misplaced: report.misplaced,
            products_without_pictures: report.products_without_images,
            pictures_without_product: report.images_without_product,
            products_of_several_folders: report.products_of_several_folders,
            failed: convert(report.failed, FailedImage::of),
            unindexed: report.unindexed,
            outdated: report.outdated,
            gone: report.gone,
            contradictions: convert(report.contradictions, |record| Some(record.into())),
        }
    }
}

fn convert<T, U>(listed: Listed<T>, convert: impl FnMut(T) -> Option<U>) -> Listed<U> {
    Listed {
        total: listed.total,
        items: listed.items.into_iter().filter_map(convert).collect(),
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
