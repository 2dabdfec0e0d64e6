//! All pictures of products that were found.

use super::{ScoredPicture, Search, SearchRequest};
use crate::error::IndexError;
use crate::scored::Scored;
use crate::snapshot::Snapshot;

impl Snapshot {
    /// The pictures of each of these products that are selected and have at least `min_score`, best first,
    /// ties by key. Of the request nothing but vector, `min_score` and filter counts.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn pictures(
        &self,
        request: SearchRequest<'_>,
        products: &[String],
    ) -> Result<Vec<Vec<ScoredPicture>>, IndexError> {
        let search = Search::new(
            self,
            SearchRequest {
                without_products: &[],
                ..request
            },
        )?;
        let pictures = products.iter().map(|product| search.pictures(product));
        Ok(pictures.collect())
    }
}

impl Search<'_> {
    fn pictures(&self, product: &str) -> Vec<ScoredPicture> {
        let rows = self.snapshot.rows_of_product(product);
        let rows = rows.filter(|at| self.admission.admits_row(at.segment, at.row));
        let mut pictures: Vec<ScoredPicture> = rows
            .map(|at| {
                let meta = self.snapshot.view().meta(at);
                let scored = self.score(at.segment, meta.node_of(at.row));
                ScoredPicture {
                    key: meta.key(at.row).to_owned(),
                    score: scored.score(),
                    at,
                }
            })
            .filter(|picture| picture.score >= self.request.min_score)
            .collect();
        let order = |a: &ScoredPicture, b: &ScoredPicture| {
            let scores = b.score.total_cmp(&a.score);
            scores.then_with(|| a.key.cmp(&b.key))
        };
        pictures.sort_unstable_by(order);
        pictures
    }

    /// A node in full precision.
    pub(super) fn score(&self, place: usize, node: u32) -> Scored {
        let body = self.snapshot.segments()[place].body();
        let score = body.score(self.query.along(body.axes()), node);
        Scored::new(score, node)
    }
}
