//! Comparing a table with what is stored.

use std::collections::HashMap;

use anyhow::Result;
use lookalike_aws::Cloud;
use lookalike_core::{Filterable, Metadata, StoreErrorKind, TableEntry, same_metadata};
use lookalike_product_table::{ProductTable, TableProduct};

use crate::import_report::{self, TypeChange};
use crate::output;

/// Number of products that are read or stored by one call of the port.
pub(crate) const CHUNK_PRODUCTS: usize = 500;

/// A table compared with the stored products.
#[derive(Default)]
pub(crate) struct Compared<'t> {
    /// The products whose metadata differs or is missing.
    pub(crate) changed: Vec<&'t TableProduct>,
    /// Declared attributes whose type differs.
    pub(crate) type_changes: Vec<TypeChange>,
}

/// Compares a table with the stored products.
pub(crate) async fn compare<'t>(
    cloud: &Cloud,
    table: &'t ProductTable,
    filterable: &Filterable,
) -> Result<Compared<'t>> {
    let bar = output::progress("comparing", table.products.len() as u64);
    let mut compared = Compared::default();
    let mut is_sampled = false;
    for chunk in table.products.chunks(CHUNK_PRODUCTS) {
        let ids: Vec<String> = chunk.iter().map(|p| p.product_id.clone()).collect();
        let stored = cloud.products.latest(&ids).await?;
        if compared.type_changes.is_empty() {
            compared.type_changes = import_report::type_changes(table, filterable, stored.iter());
        }
        // Products that the file leaves out have types too.
        if !is_sampled && compared.type_changes.is_empty() && filterable.names().count() > 1 {
            is_sampled = true;
            let sample = sample(cloud).await?;
            compared.type_changes = import_report::type_changes(table, filterable, sample.iter());
        }
        compared.changed.extend(chunk.iter().filter(|product| {
            let stored = stored.get(&product.product_id);
            !stored.is_some_and(|stored| same_metadata(stored, &product.metadata))
        }));
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok(compared)
}

/// Returns some of the stored products; none if they may not be listed.
async fn sample(cloud: &Cloud) -> Result<HashMap<String, Metadata>> {
    let page = match cloud.table.scan(None).await {
        Err(error) if error.kind == StoreErrorKind::Denied => {
            eprintln!(
                "warning: types are only compared with products of the file, because others may not be listed: {error}"
            );
            return Ok(HashMap::new());
        }
        page => page?,
    };
    let products = page.items.into_iter().filter_map(|entry| match entry {
        TableEntry::Product(id) => Some(id),
        TableEntry::Image(_) => None,
    });
    let ids: Vec<String> = products.take(CHUNK_PRODUCTS).collect();
    Ok(cloud.products.latest(&ids).await?)
}
