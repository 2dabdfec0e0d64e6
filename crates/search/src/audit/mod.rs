//! Looking over the catalog: what is there twice or filed wrongly, and where bucket, index and table disagree.
//!
//! Bucket and table are read once, the index before and after: of what others change meanwhile, only what both
//! generations have wrong is reported.

mod differences;
mod reading;
mod report;

use std::sync::Arc;

use lookalike_index::{AuditSettings, ImageAudit};

pub use report::{
    AuditReport, AuditedGroup, AuditedImage, Contradiction, Listed, MisplacedImage, StaleRecord,
};

use crate::error::SearchError;
use crate::run_blocking::run_blocking;
use crate::searcher::Searcher;
use crate::snapshots::LoadedSnapshot;
use differences::Differences;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::time::Deadline;

/// Cosine from which two images are nearly the same one where that was not measured: 99 of 100 images that were
/// scaled or stored again are so similar to their originals.
const NEARLY_SAME: f32 = 0.985;

/// The limits of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditOptions {
    /// When it must have ended.
    pub until: Deadline,
    /// Images that bucket and index may have at most, and a quarter of what the table may have.
    pub most_images: u64,
}

/// Why the catalog could not be looked over.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    /// There is more than the caller allows.
    #[error("the catalog is too large to be looked over here: more than {most} {what}")]
    TooLarge {
        /// The kind of thing that there is too much of.
        what: &'static str,
        /// The most that may be there.
        most: u64,
    },
    /// It took longer than the caller allows.
    #[error("looking over the catalog takes longer than the time there is for it here")]
    Late,
    /// Index, bucket or table cannot be read.
    #[error(transparent)]
    Search(#[from] SearchError),
}

impl Searcher {
    /// Looks over the whole catalog, as it is now. Nothing is changed.
    ///
    /// # Errors
    /// [`AuditError`].
    pub async fn audit(&self, options: AuditOptions) -> Result<AuditReport, AuditError> {
        let before = self.newest_for_certain().await?;
        options.expect_at_most(before.snapshot.images(), "images in the index")?;
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
        let after = self.newest_for_certain().await?;
        let view = after.snapshot.live_rows();
        let mut differences = Differences::of(view, &stored, &table.records, &failed);
        if before.manifest.generation != after.manifest.generation {
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
            failed: Listed::of(failed),
            ..AuditReport::default()
        };
        report.tell_images(&before.snapshot, &images);
        report.tell_products(after.snapshot.live_rows(), &table.products);
        report.tell_differences(differences);
        Ok(report)
    }

    /// A link that answers `GET` with an image for a while.
    ///
    /// # Errors
    /// [`SearchError`] when it cannot be signed.
    pub async fn image_link(&self, key: &str) -> Result<String, SearchError> {
        Ok(self.ports.links.fetch(key).await?)
    }

    /// The newest index, and not an older one where that cannot be read.
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
        let most = self.most_images;
        match found > most {
            true => Err(AuditError::TooLarge { what, most }),
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
