//! Adds the findings of an audit to its report.

use std::collections::{BTreeMap, BTreeSet};

use lookalike_core::keys::product_id_of;
use lookalike_index::{ImageAudit, ImageGroup, LiveRows, RowAddress};

use super::differences::Differences;
use super::report::{
    AuditReport, AuditedGroup, AuditedImage, AuditedProduct, Listed, MisplacedImage,
};

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
        self.products_of_several_folders = Listed::of(of_several_folders(&unknown));
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

/// Returns the products that images of several folders show only because their file names are equal; `images` are in
/// key order.
fn of_several_folders(images: &[AuditedImage]) -> Vec<AuditedProduct> {
    let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let by_name =
        |image: &&AuditedImage| product_id_of(&image.key, &BTreeMap::new()) == image.product_id;
    for image in images.iter().filter(by_name) {
        keys.entry(&image.product_id).or_default().push(&image.key);
    }
    let is_of_several = |keys: &[&str]| {
        let mut folders = keys
            .iter()
            .map(|key| key.rsplit_once('/').map(|(folder, _)| folder));
        let first = folders.next();
        folders.any(|folder| Some(folder) != first)
    };
    let shared = keys.into_iter().filter(|(_, keys)| is_of_several(keys));
    let products = shared.map(|(product_id, keys)| AuditedProduct {
        product_id: product_id.to_owned(),
        images: Listed::of(keys.into_iter().map(str::to_owned)),
    });
    products.collect()
}

fn audited_image(view: &LiveRows, at: RowAddress) -> AuditedImage {
    let meta = view.meta(at);
    AuditedImage {
        key: meta.key(at.row).to_owned(),
        product_id: meta.product_id(at.row).to_owned(),
        url: None,
    }
}
