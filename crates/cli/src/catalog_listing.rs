//! Listing the images of the catalog.

use lookalike_aws::Cloud;
use lookalike_core::{CATALOG_PREFIX, ListedImage, StoreError};

/// Calls `visit` with every image of the catalog, in key order, one page after the other.
pub(crate) async fn visit_catalog(
    cloud: &Cloud,
    mut visit: impl FnMut(ListedImage),
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = cloud
            .pictures
            .list(CATALOG_PREFIX, after.as_deref())
            .await?;
        page.items.into_iter().for_each(&mut visit);
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}
