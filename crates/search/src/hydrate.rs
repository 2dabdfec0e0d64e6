//! Joins results with metadata and links.

use lookalike_core::model::Metadata;
use lookalike_index::{Attributes, MatchThresholds};

use crate::answer::FoundProduct;
use crate::error::SearchError;
use crate::options::{GroupBy, SearchOptions};
use crate::searcher::Searcher;

impl Searcher {
    /// Adds match, metadata and links.
    pub(crate) async fn hydrate(
        &self,
        results: &mut [FoundProduct],
        match_thresholds: Option<MatchThresholds>,
        options: &SearchOptions,
    ) -> Result<(), SearchError> {
        if results.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = results.iter().map(|one| one.product_id.clone()).collect();
        let mut known = match &options.fields {
            Some(fields) if fields.is_empty() => Default::default(),
            _ => self.ports.products.get_many(&ids).await?,
        };
        for found in results {
            // Several images may show one product.
            let metadata = match options.group_by {
                GroupBy::Product => known.remove(&found.product_id),
                GroupBy::Image => known.get(&found.product_id).cloned(),
            };
            let attributes = std::mem::take(&mut found.metadata);
            found.metadata = with_attributes(metadata.unwrap_or_default(), attributes);
            if let Some(fields) = &options.fields {
                found.metadata.retain(|name, _| fields.contains(name));
            }
            found.class = match_thresholds.map(|scores| scores.classify(found.score));
            if options.links {
                self.add_links(found).await?;
            }
        }
        Ok(())
    }

    async fn add_links(&self, found: &mut FoundProduct) -> Result<(), SearchError> {
        let links = &self.ports.links;
        found.image.url = Some(links.fetch(&found.image.key).await?);
        for image in found.images.iter_mut().flatten() {
            image.url = Some(links.fetch(&image.key).await?);
        }
        Ok(())
    }
}

/// Adds the attributes of an image where the table has no such member.
pub(crate) fn with_attributes(mut metadata: Metadata, attributes: Attributes) -> Metadata {
    for (name, value) in attributes {
        metadata.entry(name).or_insert(value);
    }
    metadata
}
