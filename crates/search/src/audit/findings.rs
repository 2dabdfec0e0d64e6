//! Adds the findings of an audit to its report.

use std::collections::BTreeSet;

use lookalike_index::{ImageAudit, ImageGroup, LiveRows, RowAddress};

use super::differences::Differences;
use super::report::{AuditReport, AuditedGroup, AuditedImage, Listed, MisplacedImage};

impl AuditReport {
    /// Adds duplicates and misplaced images.
    pub(super) fn add_image_findings(&mut self, view: &LiveRows, found: &ImageAudit) {
        let image = |address: &RowAddress| audited_image(view, *address);
        let group = |group: &ImageGroup| AuditedGroup {
            products: group.products as u64,
            score: group.score,
            images: Listed::of(group.images.iter().map(image)),
        };
        self.duplicates = Listed::of(found.duplicates.iter().map(group));
        self.near_duplicates = Listed::of(found.near_duplicates.iter().map(group));
        self.misplaced = Listed::of(found.misplaced.iter().map(|found| {
            let AuditedImage {
                key,
                product_id,
                url,
            } = image(&found.address);
            MisplacedImage {
                key,
                product_id,
                url,
                category: found.category.clone(),
                suggested: found.suggested.clone(),
                confidence: found.votes as f32 / found.neighbors as f32,
                score: found.score,
            }
        }));
    }

    /// Adds products without images and images without product; `known` are the products of the table.
    pub(super) fn add_product_findings(&mut self, view: &LiveRows, known: &BTreeSet<String>) {
        let product = |at: RowAddress| view.meta(at).product_id(at.row);
        let shown: BTreeSet<&str> = view.addresses().map(product).collect();
        let without_images = known.iter().filter(|id| !shown.contains(id.as_str()));
        self.products_without_images = Listed::of(without_images.cloned());
        let unknown = view.addresses().filter(|at| !known.contains(product(*at)));
        let mut unknown: Vec<AuditedImage> = unknown.map(|at| audited_image(view, at)).collect();
        unknown.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        self.images_without_product = Listed::of(unknown);
    }

    /// Adds the differences between bucket, index and records.
    pub(super) fn add_differences(&mut self, found: Differences) {
        self.unindexed = Listed::of(found.unindexed);
        self.outdated = Listed::of(found.outdated);
        self.gone = Listed::of(found.gone);
        self.contradictions = Listed::of(found.contradictions);
    }
}

fn audited_image(view: &LiveRows, at: RowAddress) -> AuditedImage {
    let meta = view.meta(at);
    AuditedImage {
        key: meta.key(at.row).to_owned(),
        product_id: meta.product_id(at.row).to_owned(),
        url: None,
    }
}
