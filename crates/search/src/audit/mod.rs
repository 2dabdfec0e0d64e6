//! The audit of the catalog: duplicates, misplaced images, and differences between bucket, index and table.
//!
//! Bucket and table are read once, the index before and after them. A difference is reported only if it is there both
//! times, so changes during the audit are no differences. Of a vector base, every row is read each time.

mod contradiction;
mod differences;
mod findings;
mod reading;
mod report;
pub(crate) mod separation;

use std::sync::Arc;

use lookalike_core::model::ImageRecord;
use lookalike_index::{AuditSettings, ImageAudit, LiveRows};

pub use contradiction::{Contradiction, StaleRecord};
pub use report::{AuditReport, AuditedGroup, AuditedImage, AuditedProduct, Listed, MisplacedImage};

use crate::error::SearchError;
use crate::run_blocking::run_blocking;
use crate::searcher::Searcher;
use crate::snapshots::LoadedSnapshot;
use differences::Differences;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::time::Deadline;

/// Cosine similarity from which two images are nearly the same, if it was not measured on the catalog: 99 of 100 images
/// that were scaled or stored again are so similar to their originals.
const NEARLY_SAME: f32 = 0.985;

/// The limits of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditOptions {
    /// Time limit.
    pub until: Deadline,
    /// Maximum number of images in bucket and index, and a quarter of the maximum number of items in the table.
    pub max_images: u64,
}

/// The reason why an audit failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    /// The catalog is larger than the caller allows.
    #[error("the catalog is too large to be looked over here: more than {max} {what}")]
    TooLarge {
        /// The things that are too many.
        what: &'static str,
        /// The maximum number.
        max: u64,
    },
    /// It took longer than the caller allows.
    #[error("looking over the catalog takes longer than the time there is for it here")]
    Late,
    /// Index, bucket or table cannot be read.
    #[error(transparent)]
    Search(#[from] SearchError),
}

impl Searcher {
    /// Audits the whole catalog as it is now, and changes nothing.
    ///
    /// # Errors
    /// [`AuditError`].
    pub async fn audit(&self, options: AuditOptions) -> Result<AuditReport, AuditError> {
        let before = self.every_row(&options).await?;
        let before = self.as_one_base(before).await?;
        let match_thresholds = before.match_thresholds().await?;
        let settings = AuditSettings {
            same: match_thresholds.map_or(NEARLY_SAME, |scores| scores.same),
            similar: match_thresholds.map_or(-1.0, |scores| scores.similar),
        };
        let (images, stored, table, failed) = tokio::try_join!(
            image_audit(&before, settings, options.until),
            self.stored_images(&options),
            self.table_entries(&options),
            self.failed_images(&options)
        )?;
        let after = self.every_row(&options).await?;
        let view = after.snapshot.live_rows();
        let mut differences = Differences::of(view, &stored, &table.records, &failed);
        // A backfill adds rows without a new generation.
        let has_base = after.base_address().is_some();
        if before.manifest.generation != after.manifest.generation || has_base {
            let view = before.snapshot.live_rows();
            let earlier = Differences::of(view, &stored, &table.records, &failed);
            differences = differences.shared_with(&earlier);
        }
        let mut report = AuditReport {
            generation: before.manifest.generation,
            images: before.snapshot.images(),
            products: before.snapshot.products(),
            stored: stored.len() as u64,
            in_table: table.products.len() as u64,
            threshold: settings.same,
            calibrated: match_thresholds.is_some(),
            failed: Listed::of(not_found(failed, view)),
            ..AuditReport::default()
        };
        report.add_image_findings(before.snapshot.live_rows(), &images);
        report.add_product_findings(after.snapshot.live_rows(), &table.products);
        report.add_differences(differences);
        Ok(report)
    }

    /// Adds a link to every listed image, except failed ones.
    ///
    /// # Errors
    /// [`SearchError`] if a link cannot be signed.
    pub async fn add_image_links(&self, report: &mut AuditReport) -> Result<(), SearchError> {
        let groups = [&mut report.duplicates, &mut report.near_duplicates];
        let groups = groups.into_iter().flat_map(|listed| &mut listed.items);
        let images = groups.flat_map(|group| &mut group.images.items);
        for image in images.chain(&mut report.images_without_product.items) {
            image.url = Some(self.image_link(&image.key).await?);
        }
        for image in &mut report.misplaced.items {
            image.url = Some(self.image_link(&image.key).await?);
        }
        Ok(())
    }

    /// Returns a link to GET an image, which expires.
    ///
    /// # Errors
    /// [`SearchError`] if it cannot be signed.
    pub async fn image_link(&self, key: &str) -> Result<String, SearchError> {
        Ok(self.ports.links.fetch(key).await?)
    }

    /// Returns the newest index with all rows.
    async fn every_row(&self, options: &AuditOptions) -> Result<LoadedSnapshot, AuditError> {
        let newest = self.newest_for_certain().await?;
        let expect_few = |rows| options.expect_at_most(rows, "images in the index");
        expect_few(newest.state().images)?;
        let check = |rows| options.expect_in_time().and_then(|()| expect_few(rows));
        self.with_every_row(newest, check).await
    }

    /// Returns the newest index.
    ///
    /// # Errors
    /// [`SearchError`] if it cannot be read, even if an older one is loaded.
    pub(super) async fn newest_for_certain(&self) -> Result<LoadedSnapshot, SearchError> {
        let loaded = self.snapshots.newest().await?;
        match &loaded.stale {
            None => Ok(loaded),
            Some(reason) => {
                let operation = "read the newest index";
                let reason = reason.to_string();
                Err(StoreError::new(StoreErrorKind::Unavailable, operation, reason).into())
            }
        }
    }
}

impl AuditOptions {
    fn expect_at_most(&self, found: u64, what: &'static str) -> Result<(), AuditError> {
        let max = self.max_images;
        match found > max {
            true => Err(AuditError::TooLarge { what, max }),
            false => Ok(()),
        }
    }

    fn expect_in_time(&self) -> Result<(), AuditError> {
        match self.until.remaining().is_zero() {
            true => Err(AuditError::Late),
            false => Ok(()),
        }
    }
}

/// Returns the failed images that searches do not find. Of the others, an older version is still indexed.
fn not_found(failed: Vec<ImageRecord>, view: &LiveRows) -> impl Iterator<Item = ImageRecord> + '_ {
    let failed = failed.into_iter();
    failed.filter(|record| view.locate(&record.key).is_none())
}

async fn image_audit(
    loaded: &LoadedSnapshot,
    settings: AuditSettings,
    until: Deadline,
) -> Result<ImageAudit, AuditError> {
    let snapshot = Arc::clone(&loaded.snapshot);
    let is_late = move || until.remaining().is_zero();
    let audited = run_blocking(move || snapshot.audit(settings, &is_late)).await?;
    audited.map_err(SearchError::from)?.ok_or(AuditError::Late)
}
