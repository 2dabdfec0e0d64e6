//! Uploading a folder tree of images to the catalog.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::{StreamExt, stream};
use lookalike_aws::Cloud;
use lookalike_core::{CATALOG_PREFIX, product_id_of};
use lookalike_training::label_table::endings;
use lookalike_training::labeled::is_image;
use md5::{Digest, Md5};
use serde::Serialize;
use walkdir::WalkDir;

use crate::catalog_listing::visit_catalog;
use crate::output;

/// Maximum number of uploads at the same time: a round trip to S3 takes longer than sending an
/// image.
const PARALLEL_UPLOADS: usize = 16;

/// A folder tree of images.
#[derive(Debug)]
pub(crate) struct CatalogFolder {
    root: PathBuf,
    /// Product ids of images whose file name is not the product id, by the end of their path.
    products: HashMap<String, String>,
}

/// The numbers of an upload.
#[derive(Debug, Default, Serialize)]
pub(crate) struct UploadReport {
    /// New or changed images that were stored.
    pub(crate) uploaded: u64,
    /// Images that were in the catalog already.
    pub(crate) unchanged: u64,
    /// Files without an image extension.
    pub(crate) skipped: u64,
    /// Files that could not be read or stored, with reasons.
    pub(crate) failed: Vec<String>,
}

struct LocalImage {
    path: PathBuf,
    key: String,
}

enum Stored {
    New,
    Same,
}

impl CatalogFolder {
    /// Opens a folder; `products` maps image paths, as in the `image` column of a CSV, to product ids. They
    /// may begin at any folder, within the root or around it.
    pub(crate) fn new(root: &Path, products: HashMap<String, String>) -> Result<Self> {
        if !root.is_dir() {
            bail!("{} is not a folder", root.display());
        }
        let root = root
            .canonicalize()
            .with_context(|| format!("cannot read {}", root.display()))?;
        Ok(Self { root, products })
    }

    /// Stores each new or changed image, or every one with `force`.
    pub(crate) async fn upload(&self, cloud: &Cloud, force: bool) -> Result<UploadReport> {
        let mut report = UploadReport::default();
        let images = self.images(&mut report);
        let stored = if force {
            HashMap::new()
        } else {
            stored(cloud).await?
        };
        let bar = output::progress("uploading", images.len() as u64);
        let mut uploads = stream::iter(&images)
            .map(|image| {
                let stored = &stored;
                async move { (image, self.store(cloud, image, stored).await) }
            })
            .buffer_unordered(PARALLEL_UPLOADS);
        while let Some((image, result)) = uploads.next().await {
            match result {
                Ok(Stored::New) => report.uploaded += 1,
                Ok(Stored::Same) => report.unchanged += 1,
                Err(error) => report
                    .failed
                    .push(format!("{}: {error:#}", image.path.display())),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(report)
    }

    fn images(&self, report: &mut UploadReport) -> Vec<LocalImage> {
        let mut images = Vec::new();
        let walk = WalkDir::new(&self.root)
            .follow_links(true)
            .sort_by_file_name();
        for entry in walk {
            match entry {
                Ok(entry) if !entry.file_type().is_file() => {}
                Ok(entry) if !is_image(entry.path()) => report.skipped += 1,
                Ok(entry) => match self.image(entry.into_path()) {
                    Ok(image) => images.push(image),
                    Err(error) => report.failed.push(format!("{error:#}")),
                },
                Err(error) => report.failed.push(error.to_string()),
            }
        }
        images
    }

    fn image(&self, path: PathBuf) -> Result<LocalImage> {
        let below = path.strip_prefix(&self.root).unwrap_or(&path);
        let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
        let below = parts
            .with_context(|| format!("{}: the name is not UTF-8", path.display()))?
            .join("/");
        Ok(LocalImage {
            key: format!("{CATALOG_PREFIX}{below}"),
            path,
        })
    }

    async fn store(
        &self,
        cloud: &Cloud,
        image: &LocalImage,
        stored: &HashMap<String, String>,
    ) -> Result<Stored> {
        let body = Bytes::from(tokio::fs::read(&image.path).await.context("cannot read")?);
        let metadata = self.metadata(image);
        if let Some(etag) = stored.get(&image.key)
            && *etag == md5_etag(&body)
            && has_metadata(cloud, &image.key, &metadata).await?
        {
            return Ok(Stored::Same);
        }
        let media_type = match lookalike_encoder::sniff(&body) {
            Some(format) => format.media_type(),
            None => "application/octet-stream",
        };
        cloud
            .picture_writer
            .put(&image.key, body, media_type, &metadata)
            .await?;
        Ok(Stored::New)
    }

    /// Returns metadata with the product if the file name does not name it.
    fn metadata(&self, image: &LocalImage) -> BTreeMap<String, String> {
        let none = BTreeMap::new();
        let path = image.path.to_string_lossy();
        let product = endings(&path).find_map(|ending| self.products.get(ending));
        match product {
            Some(id) if *id != product_id_of(&image.key, &none) => {
                BTreeMap::from([("product-id".to_owned(), id.clone())])
            }
            _ => none,
        }
    }
}

/// True if the object at `key` has all of `metadata`: the CSV may name another product for an image that has not
/// changed. The object is read only if there is metadata.
async fn has_metadata(
    cloud: &Cloud,
    key: &str,
    metadata: &BTreeMap<String, String>,
) -> Result<bool> {
    if metadata.is_empty() {
        return Ok(true);
    }
    let head = cloud.pictures.head(key).await?;
    let stored = head.map(|head| head.metadata).unwrap_or_default();
    Ok(metadata
        .iter()
        .all(|(name, value)| stored.get(name) == Some(value)))
}

/// Returns the ETags of the images in the catalog, by key.
async fn stored(cloud: &Cloud) -> Result<HashMap<String, String>> {
    let mut stored = HashMap::new();
    visit_catalog(cloud, |image| {
        stored.insert(image.key, image.etag);
    })
    .await?;
    Ok(stored)
}

/// Returns the ETag that S3 gives an object that is stored in one piece.
fn md5_etag(body: &[u8]) -> String {
    format!("\"{}\"", hex::encode(Md5::digest(body)))
}
