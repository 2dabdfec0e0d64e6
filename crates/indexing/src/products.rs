//! Changed products: their rows get the attributes that the table has now, and keep their embeddings.
//!
//! No change can be missed: a writer of rows asks the table before, and asks it again after.
//! A change between the two is seen by the second look. A change after the second look has its own event
//! after it, whose look finds the row as it was written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures::{StreamExt, stream};
use lookalike_core::error::StoreError;
use lookalike_core::filterable::attributes;
use lookalike_core::keys::category_of;
use lookalike_core::model::ImageHead;
use lookalike_core::ports::Measurement;
use lookalike_core::time::Deadline;
use lookalike_index::{Attributes, CATEGORY, Fingerprint, Row, RowAddress};
use tracing::info;

use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::manifest_edit::{Batch, IndexEdit, ManifestEdit};
use crate::product_attributes::log_lasting;
use crate::publish::Commit;
use crate::report::ProductsReport;
use crate::targets::Usable;

/// The number of times that a product is done again within one batch because it changed meanwhile.
const MAX_ROUNDS: u32 = 5;
/// Images that are asked at once.
const PARALLEL_HEADS: usize = 16;

/// The result of one look at products.
#[derive(Default)]
struct Look {
    /// New rows for each index, the searched one first.
    outdated: Vec<(EncoderIdentity, Vec<Row>)>,
    /// Products that could not be compared completely, and why.
    unknown: BTreeMap<String, String>,
    /// The encoders of all indexes.
    known: Vec<Fingerprint>,
    generation: u64,
}

/// A live row of one of the products that are looked at.
struct ProductRow<'a> {
    place: usize,
    at: RowAddress,
    product_id: &'a str,
    key: &'a str,
}

type Heads = HashMap<String, Result<Option<ImageHead>, StoreError>>;

impl Indexer {
    /// Gives the rows of products the attributes that the table has now, in every index. Ids may
    /// repeat, and may name products without an image or without metadata. No image is read.
    ///
    /// Looks and publishes in turn, until a look finds nothing to publish.
    ///
    /// # Errors
    /// [`IndexingError`] when nothing of the batch could be done; all of it should be tried again.
    pub async fn index_products(
        &self,
        product_ids: &[String],
        deadline: Deadline,
    ) -> Result<ProductsReport, IndexingError> {
        let mut pending: BTreeSet<String> = product_ids.iter().cloned().collect();
        let mut updated: BTreeSet<String> = BTreeSet::new();
        let mut retry: BTreeMap<String, String> = BTreeMap::new();
        let mut report = ProductsReport::default();
        let mut reason = "the product keeps changing while its images are updated";
        for round in 1..=MAX_ROUNDS {
            if deadline.remaining() <= self.settings.publish_reserve {
                reason = "no time was left in this invocation";
                break;
            }
            let look = match self.look_at_products(&pending).await {
                // Replaced and removed since the manifest was read: there is a newer one.
                Err(error) if error.is_missing_segment() && round < MAX_ROUNDS => continue,
                look => look?,
            };
            report.generation = look.generation;
            retry.retain(|product, _| !pending.contains(product));
            retry.extend(look.unknown.clone());
            pending.clear();
            if look.outdated.is_empty() {
                break;
            }
            let commit = self.publish_attributes(&look, deadline).await?;
            report.conflicts += commit.conflicts;
            report.generation = commit.generation;
            for row in look.outdated.into_iter().flat_map(|(_, rows)| rows) {
                if commit.published {
                    updated.insert(row.key);
                }
                pending.insert(row.product_id);
            }
        }
        retry.extend(pending.into_iter().map(|id| (id, reason.to_owned())));
        report.updated = updated.len();
        report.retry = retry.into_iter().collect();
        self.measure_products(&report);
        Ok(report)
    }

    async fn look_at_products(&self, products: &BTreeSet<String>) -> Result<Look, IndexingError> {
        let Usable {
            indexes,
            retry_reason,
            known,
            generation,
        } = self.indexes(products).await?;
        let mut look = Look {
            known,
            generation,
            ..Look::default()
        };
        if let Some(retry_reason) = retry_reason {
            let all = products.iter();
            look.unknown
                .extend(all.map(|id| (id.clone(), retry_reason.clone())));
        }
        let rows = rows_of(&indexes, products);
        let product_attributes = self
            .product_attributes(rows.iter().map(|row| row.product_id))
            .await?;
        let silent = rows
            .iter()
            .filter(|row| !product_attributes.of(row.product_id).contains_key(CATEGORY));
        let heads = self.heads(silent.map(|row| row.key)).await;
        let mut outdated: Vec<Vec<(ProductRow<'_>, Attributes)>> = Vec::new();
        outdated.resize_with(indexes.len(), Vec::new);
        for row in rows {
            let own = match heads.get(row.key) {
                None => None,
                Some(Ok(Some(head))) => category_of(row.key, &head.metadata),
                // Gone: its own event removes the row.
                Some(Ok(None)) => continue,
                Some(Err(error)) => {
                    let unknown = &mut look.unknown;
                    unknown.insert(row.product_id.to_owned(), error.to_string());
                    continue;
                }
            };
            let wanted = attributes(product_attributes.of(row.product_id), own);
            let (_, current) = &indexes[row.place];
            if !current.matches(row.at, row.product_id, &wanted) {
                outdated[row.place].push((row, wanted));
            }
        }
        for (place, ((encoder, current), outdated)) in indexes.iter().zip(outdated).enumerate() {
            match self.new_rows(current, outdated).await {
                Ok(rows) if rows.is_empty() => {}
                Ok(rows) => look.outdated.push((encoder.clone(), rows)),
                Err(error) if place > 0 && error.is_lasting() => log_lasting(encoder, &error),
                Err(error) => return Err(error),
            }
        }
        Ok(look)
    }

    /// Returns the rows that take the place of outdated ones.
    async fn new_rows(
        &self,
        current: &Current,
        outdated: Vec<(ProductRow<'_>, Attributes)>,
    ) -> Result<Vec<Row>, IndexingError> {
        let at: Vec<RowAddress> = outdated.iter().map(|(row, _)| row.at).collect();
        let embeddings = self.publisher.reader.embeddings(current, &at).await?;
        let rows = outdated.into_iter().zip(embeddings);
        let rows = rows.map(|((row, attributes), embedding)| Row {
            key: row.key.to_owned(),
            product_id: row.product_id.to_owned(),
            etag: current.view.meta(row.at).etag(row.at.row).to_owned(),
            attributes,
            embedding,
        });
        Ok(rows.collect())
    }

    /// Reads the heads of images from the bucket, as they are now.
    pub(crate) async fn heads<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Heads {
        let keys: BTreeSet<String> = keys.into_iter().map(str::to_owned).collect();
        stream::iter(keys)
            .map(|key| async move {
                let head = self.ports.images.head(&key).await;
                (key, head)
            })
            .buffer_unordered(PARALLEL_HEADS)
            .collect()
            .await
    }

    async fn publish_attributes(
        &self,
        look: &Look,
        deadline: Deadline,
    ) -> Result<Commit, IndexingError> {
        let edits = look
            .outdated
            .iter()
            .map(|(encoder, rows)| ManifestEdit::Index {
                encoder: encoder.clone(),
                edit: IndexEdit::WriteBatch(Batch {
                    attribute_updates: rows.clone(),
                    ..Batch::default()
                }),
                // Any index may be given up meanwhile; the searched one too, once another is searched.
                may_be_gone: true,
            });
        let edits: Vec<ManifestEdit> = edits.collect();
        let known = Some(&look.known[..]);
        self.publisher.commit_to(known, deadline, &edits).await
    }

    fn measure_products(&self, report: &ProductsReport) {
        info!(
            updated = report.updated,
            retry = report.retry.len(),
            generation = report.generation,
            conflicts = report.conflicts,
            "products done"
        );
        self.ports.metrics.emit(&[
            Measurement::count("AttributesUpdated", report.updated as f64),
            Measurement::count("PublishConflicts", report.conflicts as f64),
            Measurement::count("Generation", report.generation as f64),
        ]);
    }
}

/// Returns the live rows of products in every index.
fn rows_of<'a>(
    indexes: &'a [(EncoderIdentity, Arc<Current>)],
    products: &'a BTreeSet<String>,
) -> Vec<ProductRow<'a>> {
    let mut rows = Vec::new();
    for (place, (_, current)) in indexes.iter().enumerate() {
        for product_id in products {
            let view = &current.view;
            rows.extend(view.rows_of_product(product_id).map(|at| ProductRow {
                place,
                at,
                product_id,
                key: view.meta(at).key(at.row),
            }));
        }
    }
    rows
}
