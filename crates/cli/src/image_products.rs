//! Which product an image of the catalog shows: object metadata is the truth, tables name it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use lookalike_aws::Cloud;
use lookalike_core::{CATALOG_PREFIX, StoreError, StoreErrorKind, TableEntry, product_id_of};
use lookalike_indexing::{Indexer, IndexingError};
use lookalike_product_table::{IMAGE, ImageMatcher, UnmatchedEntry, image_entries};
use serde::Serialize;
use serde_json::Value;

use crate::catalog_listing::visit_catalog;
use crate::output;

/// The object metadata with the product.
const PRODUCT_ID: &str = "product-id";
/// Uploads of one image, each while its product is being changed, after which changing it fails.
const MAX_UPLOADS: usize = 5;
/// Images that are looked at at the same time.
const PARALLEL_IMAGES: usize = 32;
/// Products that are read from the table by one call.
const CHUNK_PRODUCTS: usize = 500;
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Time without progress after which waiting ends.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// What became of the image entries of a table.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Assignment {
    /// Images of the catalog that the entries name.
    pub(crate) matched: usize,
    /// Images that showed another product before.
    pub(crate) changed: usize,
    /// Entries that are written in another case than the keys of their images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) in_other_case: Vec<String>,
    /// Entries without an image in the catalog.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unmatched: Vec<UnmatchedEntry>,
    /// Entries that other products have too, so that they name no image.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ambiguous: Vec<UnmatchedEntry>,
    /// Products of the changed images, by key.
    #[serde(skip)]
    pub(crate) wanted: BTreeMap<String, String>,
}

/// Changes the object metadata of an image at `key` so that it shows a product. Returns false if it does already.
pub(crate) fn assign(key: &str, metadata: &mut BTreeMap<String, String>, product_id: &str) -> bool {
    if product_id_of(key, metadata) == product_id {
        return false;
    }
    metadata.remove(PRODUCT_ID);
    if product_id_of(key, metadata) != product_id {
        metadata.insert(PRODUCT_ID.to_owned(), product_id.to_owned());
    }
    true
}

/// Gives the images of the catalog the products that entries name; with `dry_run` only tells which would change.
pub(crate) async fn assign_all(
    cloud: &Cloud,
    mut matcher: ImageMatcher,
    dry_run: bool,
) -> Result<Assignment> {
    let mut assignment = Assignment::default();
    let mut matched = Vec::new();
    for key in catalog_keys(cloud).await? {
        let below = key.strip_prefix(CATALOG_PREFIX).unwrap_or(&key);
        if let Some(found) = matcher.find(below, below) {
            assignment.in_other_case.extend(found.in_other_case);
            matched.push((key, found.product_id));
        }
    }
    assignment.matched = matched.len();
    assignment.unmatched = matcher.unmatched();
    assignment.ambiguous = matcher.ambiguous();
    let bar = output::progress("images", matched.len() as u64);
    let stores = matched.into_iter().map(|(key, product_id)| {
        let bar = &bar;
        async move {
            let is_changed = store_product(cloud, &key, &product_id, dry_run).await?;
            bar.inc(1);
            Ok::<_, anyhow::Error>(is_changed.then_some((key, product_id)))
        }
    });
    let changed: Vec<Option<(String, String)>> = stream::iter(stores)
        .buffer_unordered(PARALLEL_IMAGES)
        .try_collect()
        .await?;
    bar.finish_and_clear();
    assignment.wanted = changed.into_iter().flatten().collect();
    assignment.changed = assignment.wanted.len();
    Ok(assignment)
}

/// Changes the product of the image at `key` if it shows another one, and returns true then. Its bytes stay, and
/// with them its ETag, so that nothing is embedded; unless it was uploaded in parts or is encrypted by KMS.
async fn store_product(cloud: &Cloud, key: &str, product_id: &str, dry_run: bool) -> Result<bool> {
    let mut uploads = 0;
    loop {
        let Some(mut head) = cloud.pictures.head(key).await? else {
            return Ok(false);
        };
        if !assign(key, &mut head.metadata, product_id) {
            return Ok(false);
        }
        if dry_run {
            return Ok(true);
        }
        let changed = (cloud.picture_writer)
            .set_metadata(key, &head.etag, &head.metadata)
            .await;
        match changed {
            Ok(()) => return Ok(true),
            Err(error) if error.kind == StoreErrorKind::NotFound => return Ok(false),
            // It was uploaded between the two calls, and is looked at again.
            Err(error) if error.kind == StoreErrorKind::Conflict && uploads < MAX_UPLOADS => {
                uploads += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Returns the media type of an image by its content.
pub(crate) fn media_type(body: &[u8]) -> &'static str {
    match lookalike_encoder::sniff(body) {
        Some(format) => format.media_type(),
        None => "application/octet-stream",
    }
}

async fn catalog_keys(cloud: &Cloud) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    visit_catalog(cloud, |image| keys.push(image.key)).await?;
    Ok(keys)
}

/// Waits until the index shows the changed images under their products, or stops changing. Returns the number of images
/// that it does not show so yet.
pub(crate) async fn wait(
    indexer: &Indexer,
    mut wanted: BTreeMap<String, String>,
) -> Result<usize, IndexingError> {
    let mut progressed = Instant::now();
    while !wanted.is_empty() && progressed.elapsed() < STALL_TIMEOUT {
        let before = wanted.len();
        let products: BTreeSet<&String> = wanted.values().collect();
        let products: Vec<String> = products.into_iter().cloned().collect();
        for image in indexer.images_of(&products).await? {
            if wanted.get(&image.key) == Some(&image.product_id) {
                wanted.remove(&image.key);
            }
        }
        if wanted.len() < before {
            progressed = Instant::now();
        } else {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
    Ok(wanted.len())
}

/// Returns a matcher of the image entries of all products in the table.
pub(crate) async fn stored_matcher(cloud: &Cloud) -> Result<ImageMatcher> {
    let spinner = output::spinner("reading which images show which products");
    let ids = product_ids(cloud).await;
    let mut ids = match ids {
        Err(error) if error.kind == StoreErrorKind::Denied => {
            eprintln!(
                "warning: new images get the product of their file name, because the products in the table may not be \
                 listed: {error}; --metadata FILE names others"
            );
            Vec::new()
        }
        ids => ids?,
    };
    // Products come in no particular order, but entries of equal worth are told apart by theirs.
    ids.sort_unstable();
    let mut entries = Vec::new();
    for chunk in ids.chunks(CHUNK_PRODUCTS) {
        let mut products: Vec<_> = cloud.products.latest(chunk).await?.into_iter().collect();
        products.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (id, metadata) in products {
            if let Some(cell) = metadata.get(IMAGE).and_then(Value::as_str) {
                entries.extend(image_entries(cell).map(|entry| (id.clone(), entry.to_owned())));
            }
        }
    }
    spinner.finish_and_clear();
    let entries = entries
        .iter()
        .map(|(id, entry)| (id.as_str(), entry.as_str()));
    Ok(ImageMatcher::new(entries))
}

/// Returns the ids of all products in the table.
async fn product_ids(cloud: &Cloud) -> Result<Vec<String>, StoreError> {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let page = cloud.table.scan(after.as_deref()).await?;
        ids.extend(page.items.into_iter().filter_map(|entry| match entry {
            TableEntry::Product(id) => Some(id),
            TableEntry::Image(_) => None,
        }));
        after = page.next;
        if after.is_none() {
            return Ok(ids);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_names_the_product_only_if_the_key_does_not() {
        let mut metadata = BTreeMap::from([("category".to_owned(), "hats".to_owned())]);
        assert!(!assign("catalog/a/1.jpg", &mut metadata, "1"));
        assert!(assign("catalog/a/1.jpg", &mut metadata, "p"));
        assert_eq!(metadata[PRODUCT_ID], "p");
        assert!(!assign("catalog/a/1.jpg", &mut metadata, "p"));
        assert!(assign("catalog/a/1.jpg", &mut metadata, "1"));
        assert_eq!(metadata.len(), 1);
    }
}
