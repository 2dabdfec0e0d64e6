//! The images of a catalog as training data.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::Result;
use lookalike_aws::Cloud;
use lookalike_core::{ImageRecord, TableEntry, is_catalog_key};
use lookalike_training::common_labels::CommonLabels;
use lookalike_training::labeled::{LabeledFolder, LabeledImage, Skipped};

use super::catalog_error::{Attributes, CatalogError};
use super::catalog_labels::CatalogLabels;
use super::catalog_source::CatalogSource;
use super::image_bound::ImageBound;
use crate::catalog_listing::visit_catalog;
use crate::output;
use crate::target::Target;

/// Minimum number of labeled images to train on: fewer give figures that mean nothing.
const MIN_IMAGES: usize = 20;

/// The labeled images of a catalog.
pub(crate) struct CatalogImages {
    /// The images to train on, and those that cannot be used.
    pub(crate) folder: LabeledFolder,
    /// Number of images with a label, before some were selected.
    pub(crate) labeled: usize,
    /// Reads the images.
    pub(crate) source: CatalogSource,
    /// Remarks about the images, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// What bucket and table say about the images.
struct Listed {
    /// Key and product of each indexed image.
    indexed: Vec<(String, String)>,
    etags: HashMap<String, String>,
    skipped: Vec<Skipped>,
}

impl CatalogImages {
    /// Lists the images of a catalog with their labels, and selects as many as the bound allows. No
    /// image is read yet.
    pub(crate) async fn read(target: &Target, column: &str, bound: &ImageBound) -> Result<Self> {
        let spinner = output::spinner("reading the catalog");
        let listed = list(&target.cloud).await?;
        let CatalogLabels { labels, attributes } =
            CatalogLabels::read(&target.cloud, &listed.indexed, column).await?;
        spinner.finish_and_clear();
        let Listed {
            indexed,
            etags,
            skipped,
        } = listed;
        let (mut images, mut unlabeled) = (Vec::new(), Vec::new());
        for (key, product) in indexed {
            match labels.get(&key) {
                Some(label) => images.push(LabeledImage {
                    path: key.clone().into(),
                    name: key,
                    label: label.clone(),
                    product: Some(product),
                }),
                None => unlabeled.push(key),
            }
        }
        check(&images, unlabeled.len(), column, attributes)?;
        let mut notes = Vec::new();
        if let Some(first) = unlabeled.first() {
            let count = unlabeled.len();
            notes.push(format!(
                "{count} images have no {column}, such as {first}: they are left out"
            ));
        }
        let labeled = images.len();
        let images = bound.apply(images, None, &mut notes)?;
        let bucket = &target.settings.catalog_bucket;
        Ok(Self {
            folder: LabeledFolder::of_images(Path::new(bucket), images, skipped),
            labeled,
            source: CatalogSource::new(target.cloud.pictures.clone(), bucket, etags),
            notes,
        })
    }
}

async fn list(cloud: &Cloud) -> Result<Listed> {
    let mut etags = HashMap::new();
    visit_catalog(cloud, |image| {
        if is_catalog_key(&image.key) {
            etags.insert(image.key, image.etag);
        }
    })
    .await?;
    if etags.is_empty() {
        return Err(CatalogError::Empty.into());
    }
    let mut records = records(cloud).await?;
    let (mut indexed, mut skipped) = (Vec::new(), Vec::new());
    let keys: BTreeSet<&String> = etags.keys().collect();
    for key in keys {
        let reason = match records.remove(key) {
            Some(ImageRecord {
                failure: Some(failure),
                ..
            }) => failure.reason,
            Some(record) => {
                indexed.push((key.clone(), record.product_id));
                continue;
            }
            None => "it is not indexed yet".to_owned(),
        };
        skipped.push(Skipped {
            what: key.clone(),
            reason,
        });
    }
    if indexed.is_empty() {
        return Err(CatalogError::NoneIndexed {
            images: skipped.len(),
            first: format!("{}: {}", skipped[0].what, skipped[0].reason),
        }
        .into());
    }
    Ok(Listed {
        indexed,
        etags,
        skipped,
    })
}

/// Returns the record of each key. A key that was filed under another product before may have an
/// outdated record, so the latest counts.
async fn records(cloud: &Cloud) -> Result<HashMap<String, ImageRecord>> {
    let mut records: HashMap<String, ImageRecord> = HashMap::new();
    let mut after = None;
    loop {
        let page = cloud.table.scan(after.as_deref()).await?;
        for entry in page.items {
            if let TableEntry::Image(record) = entry
                && records
                    .get(&record.key)
                    .is_none_or(|known| known.at < record.at)
            {
                records.insert(record.key.clone(), record);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(records);
        }
    }
}

/// Refuses a catalog from which nothing could be learned.
fn check(
    images: &[LabeledImage],
    unlabeled: usize,
    column: &str,
    attributes: Attributes,
) -> Result<(), CatalogError> {
    let column = column.to_owned();
    let Some(first) = images.first() else {
        return Err(CatalogError::NoLabels {
            column,
            images: unlabeled,
            attributes,
        });
    };
    let labels: BTreeSet<&str> = images.iter().flat_map(LabeledImage::labels).collect();
    if labels.len() < 2 {
        return Err(CatalogError::OneLabel {
            column,
            label: first.first_label().to_owned(),
            images: images.len(),
            attributes,
        });
    }
    let common = CommonLabels::of(images);
    if labels.len() < common.counts().len() + 2 {
        return Err(CatalogError::CommonLabels {
            column,
            common: common.list(),
            images: images.len(),
            attributes,
        });
    }
    if images.len() < MIN_IMAGES {
        return Err(CatalogError::TooFew {
            column,
            images: images.len(),
            min: MIN_IMAGES,
            attributes,
        });
    }
    let mut products: HashMap<&str, &str> = HashMap::new();
    let shared = images.iter().any(|image| {
        let product = image.product.as_deref().unwrap_or(&image.name);
        let mut labels = common.others(image);
        labels.any(|label| *products.entry(label).or_insert(product) != product)
    });
    match shared {
        true => Ok(()),
        false => Err(CatalogError::LonelyLabels { column, attributes }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(images: &[(&str, &str)], unlabeled: usize) -> Option<String> {
        let images: Vec<LabeledImage> = images
            .iter()
            .enumerate()
            .map(|(number, (label, product))| LabeledImage {
                path: number.to_string().into(),
                name: number.to_string(),
                label: (*label).to_owned(),
                product: Some((*product).to_owned()),
            })
            .collect();
        let attributes = Attributes::from([("brand".to_owned(), 3), ("kind".to_owned(), 9)]);
        let refused = check(&images, unlabeled, "kind", attributes).err()?;
        Some(refused.to_string())
    }

    #[test]
    fn catalogs_without_anything_to_learn_are_refused_with_advice() {
        let many = |images: &[(&'static str, &'static str)]| images.repeat(MIN_IMAGES);
        for (images, expected) in [
            (Vec::new(), "none of the 7 images"),
            (
                many(&[("a", "p"), ("a", "q")]),
                "all 40 images have the kind \"a\"",
            ),
            (
                many(&[("a|c", "p"), ("c", "q"), ("c|a", "r")]),
                "nearly all of the 60 images have the kind \"c\"",
            ),
            (vec![("a", "p"), ("a", "q"), ("b", "r")], "only 3 images"),
            (
                many(&[("a", "p"), ("a|a", "q")]),
                "all 40 images have the kind \"a\"",
            ),
            (
                many(&[("a|c", "p"), ("b|c", "q")]),
                "each kind belongs to one product",
            ),
        ] {
            let error = refused(&images, 7).unwrap_or_default();
            assert!(error.contains(expected), "{error}");
            assert!(
                error.contains("--label-column; they have kind, brand"),
                "{error}"
            );
        }
        assert_eq!(
            refused(&many(&[("a", "p"), ("a", "q"), ("b", "r")]), 0),
            None
        );
        let shared = [("a|b", "p"), ("b", "q"), ("a", "q")];
        assert_eq!(refused(&many(&shared), 0), None);
    }
}
