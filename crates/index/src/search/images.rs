//! All images of products that were found.

use super::context::Search;
use super::found::ScoredImage;
use super::request::SearchRequest;
use crate::error::IndexError;
use crate::snapshot::Snapshot;

impl Snapshot {
    /// Returns the images of each of these products that are selected and have at least
    /// `min_score`, best first, ties by key. Only vector, `min_score` and filter of the request
    /// matter.
    ///
    /// # Errors
    /// The errors of [`search`](Self::search).
    pub fn images_of_products(
        &self,
        request: SearchRequest<'_>,
        products: &[String],
    ) -> Result<Vec<Vec<ScoredImage>>, IndexError> {
        let search = Search::new(
            self,
            SearchRequest {
                without_products: &[],
                ..request
            },
        )?;
        let images = products
            .iter()
            .map(|product| search.images_of_product(product));
        Ok(images.collect())
    }
}

impl Search<'_> {
    fn images_of_product(&self, product: &str) -> Vec<ScoredImage> {
        let rows = self.snapshot.rows_of_product(product);
        let admitted =
            rows.filter(|address| self.row_filter.admits_row(address.segment, address.row));
        let mut images: Vec<ScoredImage> = admitted
            .map(|address| {
                let meta = self.snapshot.live_rows().meta(address);
                let scored = self.score(address.segment, meta.node_of(address.row));
                ScoredImage {
                    key: meta.key(address.row).to_owned(),
                    score: scored.score(),
                    address,
                }
            })
            .filter(|image| image.score >= self.request.min_score)
            .collect();
        images.sort_unstable_by(|a, b| {
            let by_score = b.score.total_cmp(&a.score);
            by_score.then_with(|| a.key.cmp(&b.key))
        });
        images
    }
}
