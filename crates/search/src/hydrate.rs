//! What callers get of what was found: metadata and links are added.

use lookalike_core::model::Metadata;
use lookalike_index::{Attributes, MatchThresholds};

use crate::answer::{FoundImage, FoundProduct};
use crate::error::SearchError;
use crate::options::{GroupBy, Images, SearchOptions};
use crate::scope::Found;
use crate::searcher::Searcher;

impl Searcher {
    /// Adds metadata and links.
    pub(crate) async fn hydrate(
        &self,
        found: Vec<Found>,
        match_thresholds: Option<MatchThresholds>,
        options: &SearchOptions,
    ) -> Result<Vec<FoundProduct>, SearchError> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = found.iter().map(|one| one.product_id.clone()).collect();
        let mut known = match &options.fields {
            Some(fields) if fields.is_empty() => Default::default(),
            _ => self.ports.products.get_many(&ids).await?,
        };
        let once = options.group_by == GroupBy::Product;
        let mut results = Vec::with_capacity(found.len());
        for one in found {
            // Several images may show one product.
            let metadata = match once {
                true => known.remove(&one.product_id),
                false => known.get(&one.product_id).cloned(),
            };
            let mut metadata = with_attributes(metadata.unwrap_or_default(), one.attributes);
            if let Some(fields) = &options.fields {
                metadata.retain(|name, _| fields.contains(name));
            }
            let images = match options.images == Images::All && once {
                true => Some(self.images(one.images, options).await?),
                false => None,
            };
            results.push(FoundProduct {
                image_url: self.link(&one.key, options).await?,
                image_key: one.key,
                score: one.score,
                class: match_thresholds.map(|scores| scores.classify(one.score)),
                images,
                collapsed: options.collapse.then_some(one.collapsed),
                metadata,
                product_id: one.product_id,
            });
        }
        Ok(results)
    }

    async fn images(
        &self,
        found: Vec<(String, f32)>,
        options: &SearchOptions,
    ) -> Result<Vec<FoundImage>, SearchError> {
        let mut images = Vec::with_capacity(found.len());
        for (key, score) in found {
            let url = self.link(&key, options).await?;
            images.push(FoundImage { key, url, score });
        }
        Ok(images)
    }

    async fn link(
        &self,
        key: &str,
        options: &SearchOptions,
    ) -> Result<Option<String>, SearchError> {
        match options.links {
            true => Ok(Some(self.ports.links.fetch(key).await?)),
            false => Ok(None),
        }
    }
}

/// What the image itself says, wherever the table says nothing.
pub(crate) fn with_attributes(mut metadata: Metadata, attributes: Attributes) -> Metadata {
    for (name, value) in attributes {
        metadata.entry(name).or_insert(value);
    }
    metadata
}
