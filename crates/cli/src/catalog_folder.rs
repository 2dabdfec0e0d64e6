//! Uploading a folder tree of pictures to the catalog.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::{StreamExt, stream};
use lookalike_aws::Cloud;
use lookalike_service::{CATALOG_PREFIX, product_id_of};
use lookalike_training::label_table::endings;
use lookalike_training::labeled::is_image;
use md5::{Digest, Md5};
use serde::Serialize;
use walkdir::WalkDir;

use crate::output;

/// Uploads in flight at once: a round trip to S3 takes longer than sending a picture.
const PARALLEL_UPLOADS: usize = 16;

/// A folder tree of pictures.
#[derive(Debug)]
pub(crate) struct CatalogFolder {
    root: PathBuf,
    /// Product ids of pictures whose file name is not the product id, by the end of their path.
    products: HashMap<String, String>,
}

/// What an upload did.
#[derive(Debug, Default, Serialize)]
pub(crate) struct UploadReport {
    /// New or changed pictures that were stored.
    pub(crate) uploaded: u64,
    /// Pictures that were there already.
    pub(crate) unchanged: u64,
    /// Files that are no pictures by name.
    pub(crate) skipped: u64,
    /// Files that could not be read or stored, with reasons.
    pub(crate) failed: Vec<String>,
}

struct Picture {
    path: PathBuf,
    key: String,
}

enum Stored {
    New,
    Same,
}

impl CatalogFolder {
    /// A folder; `products` maps picture paths, as in the `image` column of a CSV, to product ids. They
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

    /// Stores each new or changed picture, or every one with `force`.
    pub(crate) async fn upload(&self, cloud: &Cloud, force: bool) -> Result<UploadReport> {
        let mut report = UploadReport::default();
        let pictures = self.pictures(&mut report);
        let stored = if force {
            HashMap::new()
        } else {
            stored(cloud).await?
        };
        let bar = output::progress("uploading", pictures.len() as u64);
        let mut uploads = stream::iter(&pictures)
            .map(|picture| {
                let stored = &stored;
                async move { (picture, self.store(cloud, picture, stored).await) }
            })
            .buffer_unordered(PARALLEL_UPLOADS);
        while let Some((picture, result)) = uploads.next().await {
            match result {
                Ok(Stored::New) => report.uploaded += 1,
                Ok(Stored::Same) => report.unchanged += 1,
                Err(error) => report
                    .failed
                    .push(format!("{}: {error:#}", picture.path.display())),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(report)
    }

    fn pictures(&self, report: &mut UploadReport) -> Vec<Picture> {
        let mut pictures = Vec::new();
        let walk = WalkDir::new(&self.root)
            .follow_links(true)
            .sort_by_file_name();
        for entry in walk {
            match entry {
                Ok(entry) if !entry.file_type().is_file() => {}
                Ok(entry) if !is_image(entry.path()) => report.skipped += 1,
                Ok(entry) => match self.picture(entry.into_path()) {
                    Ok(picture) => pictures.push(picture),
                    Err(error) => report.failed.push(format!("{error:#}")),
                },
                Err(error) => report.failed.push(error.to_string()),
            }
        }
        pictures
    }

    fn picture(&self, path: PathBuf) -> Result<Picture> {
        let below = path.strip_prefix(&self.root).unwrap_or(&path);
        let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
        let below = parts
            .with_context(|| format!("{}: the name is not UTF-8", path.display()))?
            .join("/");
        Ok(Picture {
            key: format!("{CATALOG_PREFIX}{below}"),
            path,
        })
    }

    async fn store(
        &self,
        cloud: &Cloud,
        picture: &Picture,
        stored: &HashMap<String, String>,
    ) -> Result<Stored> {
        let body = Bytes::from(
            tokio::fs::read(&picture.path)
                .await
                .context("cannot read")?,
        );
        let metadata = self.metadata(picture);
        if let Some(etag) = stored.get(&picture.key)
            && *etag == md5_etag(&body)
            && says(cloud, &picture.key, &metadata).await?
        {
            return Ok(Stored::Same);
        }
        let media_type = match lookalike_encoder::sniff(&body) {
            Some(format) => format.media_type(),
            None => "application/octet-stream",
        };
        cloud
            .picture_writer
            .put(&picture.key, body, media_type, &metadata)
            .await?;
        Ok(Stored::New)
    }

    /// Names the product where the file name does not.
    fn metadata(&self, picture: &Picture) -> BTreeMap<String, String> {
        let none = BTreeMap::new();
        let path = picture.path.to_string_lossy();
        let product = endings(&path).find_map(|ending| self.products.get(ending));
        match product {
            Some(id) if *id != product_id_of(&picture.key, &none) => {
                BTreeMap::from([("product-id".to_owned(), id.clone())])
            }
            _ => none,
        }
    }
}

/// Whether the object at `key` says all of `metadata`: the CSV may name another product for a picture
/// that has not changed. An object is asked only where there is something to say.
async fn says(cloud: &Cloud, key: &str, metadata: &BTreeMap<String, String>) -> Result<bool> {
    if metadata.is_empty() {
        return Ok(true);
    }
    let head = cloud.pictures.head(key).await?;
    let said = head.map(|head| head.metadata).unwrap_or_default();
    Ok(metadata
        .iter()
        .all(|(name, value)| said.get(name) == Some(value)))
}

/// ETags of the pictures in the catalog, by key.
async fn stored(cloud: &Cloud) -> Result<HashMap<String, String>> {
    let mut stored = HashMap::new();
    let mut after = None;
    loop {
        let page = cloud
            .pictures
            .list(CATALOG_PREFIX, after.as_deref())
            .await?;
        stored.extend(page.items.into_iter().map(|p| (p.key, p.etag)));
        after = page.next;
        if after.is_none() {
            return Ok(stored);
        }
    }
}

/// The ETag that S3 gives an object that is stored in one piece.
fn md5_etag(body: &[u8]) -> String {
    let hex: String = Md5::digest(body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}\"")
}
