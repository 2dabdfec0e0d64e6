//! Uploading a folder tree of images to the catalog.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::{StreamExt, stream};
use lookalike_aws::Cloud;
use lookalike_core::CATALOG_PREFIX;
use lookalike_product_table::{ImageMatcher, UnmatchedEntry};
use lookalike_training::labeled::is_image;
use md5::{Digest, Md5};
use serde::Serialize;
use walkdir::WalkDir;

use crate::args::ProductIdSource;
use crate::catalog_listing::visit_catalog;
use crate::fetch_images::forget_source;
use crate::image_products::{assign, media_type, stored_matcher};
use crate::output;
use crate::shared_names::{SharedName, SharedNames};

/// Maximum number of uploads at the same time: a round trip to S3 takes longer than sending an
/// image.
const PARALLEL_UPLOADS: usize = 16;

/// A folder tree of images.
#[derive(Debug)]
pub(crate) struct CatalogFolder {
    root: PathBuf,
}

/// How an upload finds products, and what it repeats.
#[derive(Debug, Default)]
pub(crate) struct UploadOptions {
    /// The image entries of a table; without one, those of the stored products count.
    pub(crate) entries: Option<ImageMatcher>,
    /// The product id of images that no entry names.
    pub(crate) product_id: Option<ProductIdSource>,
    /// True to upload unchanged images too.
    pub(crate) force: bool,
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
    /// Products that images of several folders show only because their file names are equal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) shared_names: Vec<SharedName>,
    /// Image entries that are written in another case than the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) in_other_case: Vec<String>,
    /// Image entries of the given table without a file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unmatched: Vec<UnmatchedEntry>,
    /// Image entries of the given table whose files other products name too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ambiguous: Vec<UnmatchedEntry>,
}

struct LocalImage {
    path: PathBuf,
    key: String,
    /// The product, if a table or an option names it.
    product_id: Option<String>,
}

enum Stored {
    New,
    Same,
}

impl CatalogFolder {
    /// Opens a folder.
    pub(crate) fn new(root: &Path) -> Result<Self> {
        if !root.is_dir() {
            bail!("{} is not a folder", root.display());
        }
        let root = root
            .canonicalize()
            .with_context(|| format!("cannot read {}", root.display()))?;
        Ok(Self { root })
    }

    /// Stores each new or changed image.
    pub(crate) async fn upload(
        &self,
        cloud: &Cloud,
        options: UploadOptions,
    ) -> Result<UploadReport> {
        let mut report = UploadReport::default();
        let mut images = self.images(&mut report);
        let stored = stored(cloud).await?;
        let has_new = images.iter().any(|image| !stored.contains_key(&image.key));
        let is_given = options.entries.is_some();
        let mut entries = match options.entries {
            Some(entries) => entries,
            // Images of the catalog keep their products.
            None if has_new => stored_matcher(cloud).await?,
            None => ImageMatcher::default(),
        };
        find_products(&mut images, &mut entries, options.product_id, &mut report);
        if is_given {
            report.unmatched = entries.unmatched();
            report.ambiguous = entries.ambiguous();
        }
        let bar = output::progress("uploading", images.len() as u64);
        let force = options.force;
        let mut uploads = stream::iter(&images)
            .map(|image| {
                let stored = stored.get(&image.key);
                async move { (image, store(cloud, image, stored, force).await) }
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
            .sort_by_file_name()
            .into_iter()
            // What a Mac adds to archives.
            .filter_entry(|entry| entry.file_name() != "__MACOSX");
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
            product_id: None,
        })
    }
}

impl LocalImage {
    /// Returns the path below the folder of the upload.
    fn below(&self) -> &str {
        &self.key[CATALOG_PREFIX.len()..]
    }
}

/// Sets the products that entries or an option name, and reports file names that join images of several folders.
fn find_products(
    images: &mut [LocalImage],
    entries: &mut ImageMatcher,
    source: Option<ProductIdSource>,
    report: &mut UploadReport,
) {
    let mut names = SharedNames::default();
    for image in images {
        if let Some(found) = entries.find(&image.path.to_string_lossy(), image.below()) {
            report.in_other_case.extend(found.in_other_case);
            image.product_id = Some(found.product_id);
        } else if let Some(source) = source {
            image.product_id = Some(source.id_of(image.below()));
        } else {
            names.add(&image.key);
        }
    }
    report.shared_names = names.found();
}

/// Stores an image, unless the catalog has the same one of the same product; `stored` is the ETag that it has there.
async fn store(
    cloud: &Cloud,
    image: &LocalImage,
    stored: Option<&String>,
    force: bool,
) -> Result<Stored> {
    let body = Bytes::from(tokio::fs::read(&image.path).await.context("cannot read")?);
    let is_same = !force && stored.is_some_and(|etag| *etag == md5_etag(&body));
    if is_same && image.product_id.is_none() {
        return Ok(Stored::Same);
    }
    let head = match stored {
        Some(_) => cloud.pictures.head(&image.key).await?,
        None => None,
    };
    // An image that changes keeps its product and its category. It is no longer what a fetch stored: the next fetch
    // would take it for up to date, and --prune would remove it.
    let mut metadata = head.map(|head| head.metadata).unwrap_or_default();
    forget_source(&mut metadata, &body);
    let is_assigned = match &image.product_id {
        Some(id) => assign(&image.key, &mut metadata, id),
        None => false,
    };
    if is_same && !is_assigned {
        return Ok(Stored::Same);
    }
    let media_type = media_type(&body);
    cloud
        .picture_writer
        .put(&image.key, body, media_type, &metadata)
        .await?;
    Ok(Stored::New)
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
