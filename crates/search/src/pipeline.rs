//! The steps from a query to an answer: check, embed while the index loads, narrow down, search, join with the products.

use std::sync::Arc;

use bytes::Bytes;
use lookalike_core::ports::Measurement;
use lookalike_core::start_up;
use lookalike_encoder::Area;
use lookalike_index::Row;
use tokio::time::Instant;

use crate::answer::{Answer, QueryTimings, milliseconds};
use crate::cursor::{Binding, Cursor};
use crate::embed::Embedded;
use crate::error::{SearchError, no_encoder};
use crate::job::{SearchJob, SearchOutcome, find};
use crate::options::{Images, SearchOptions};
use crate::query::{Query, QueryItem};
use crate::scope::Scope;
use crate::searcher::Searcher;
use crate::snapshots::LoadedSnapshot;
use crate::vector_base::{Reach, Unsupported};

impl Searcher {
    /// Returns the products that look most like an image.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub async fn search_image(
        &self,
        image: Bytes,
        options: SearchOptions,
    ) -> Result<Answer, SearchError> {
        let item = QueryItem::image(image, Area::default());
        self.search(&Query::new(vec![item])?, &options).await
    }

    /// Returns the products that look most like the image at `key`, under `uploads/` or `catalog/`.
    ///
    /// # Errors
    /// As [`search`](Self::search), among them [`SearchError::ForbiddenKey`] and [`SearchError::UnknownKey`].
    pub async fn search_key(
        &self,
        key: &str,
        options: SearchOptions,
    ) -> Result<Answer, SearchError> {
        let item = QueryItem::key(key, Area::default());
        self.search(&Query::new(vec![item])?, &options).await
    }

    /// Returns the products that look most like any image of `product_id`, without the product itself. The query
    /// vectors are stored embeddings, so nothing is embedded.
    ///
    /// # Errors
    /// As [`search`](Self::search), among them [`SearchError::UnknownProduct`].
    pub async fn similar(
        &self,
        product_id: &str,
        options: SearchOptions,
    ) -> Result<Answer, SearchError> {
        let query = Query::new(vec![QueryItem::product(product_id)])?;
        self.search(&query, &options).await
    }

    /// Returns the results that are most like a query.
    ///
    /// # Errors
    /// [`SearchError`]; the cause may be the query, the options, the index or a store.
    pub async fn search(
        &self,
        query: &Query,
        options: &SearchOptions,
    ) -> Result<Answer, SearchError> {
        options.check()?;
        query.check_keys()?;
        let cursor = options.cursor.as_deref().map(Cursor::decode).transpose()?;
        // On a cold start the index loads while images are embedded, with the encoder that the index
        // most likely has.
        let (guess, loaded) = tokio::join!(
            self.embed_guessing(query),
            self.generation_for(options, cursor.as_ref())
        );
        let loaded = match (&guess.vectors, loaded) {
            (_, Ok(loaded)) => loaded,
            // A bad image is refused whatever the index is.
            (Err(bad), Err(_)) if bad.is_about_image() => return Err(bad.clone()),
            (_, Err(error)) => return Err(error),
        };
        let binding = Binding::new(query, options, &loaded.manifest);
        if let Some(cursor) = &cursor {
            cursor.check(&binding, &loaded.snapshot)?;
        }
        let mut scope = Scope::new(query, options)?;
        let match_thresholds = loaded.match_thresholds().await?;
        let has_base = loaded.manifest.serving_base().is_some();
        if has_base && !options.facets.is_empty() {
            return Err(Unsupported::Facets.into());
        }
        if !has_base {
            // A bad filter is refused before anything is embedded.
            scope = self.within(scope, &loaded, options).await?;
        }
        let Embedded {
            vectors,
            embedding_ms,
            ..
        } = self.embedded(query, guess, &loaded).await?;
        let known = self
            .with_products(loaded.clone(), &query.products())
            .await?;
        let mut wanted = self.combine(query, vectors?, &known).await?;
        if has_base {
            // Rows that were read have other addresses in the next snapshot.
            wanted.iter_mut().for_each(|one| one.stored = None);
        }
        let work = SearchJob {
            loaded,
            wanted,
            scope,
            reach: Reach::default(),
            match_thresholds,
            cursor,
            binding,
            embedding_ms,
        };
        match has_base {
            true => self.answer_from_base(work, options).await,
            false => self.answer(work, options).await,
        }
    }

    /// Returns the scope within the images of a snapshot.
    async fn within(
        &self,
        scope: Scope,
        loaded: &LoadedSnapshot,
        options: &SearchOptions,
    ) -> Result<Scope, SearchError> {
        let match_thresholds = loaded.match_thresholds().await?;
        let (snapshot, facets) = (&loaded.snapshot, &options.facets);
        let within = scope.within(snapshot, match_thresholds, facets, &self.filterable);
        within.await
    }

    /// Answers a search of an index with a vector base.
    async fn answer_from_base(
        &self,
        work: SearchJob,
        options: &SearchOptions,
    ) -> Result<Answer, SearchError> {
        let begun = Instant::now();
        let near = self.nearest(&work.loaded, &work.wanted, work.scope.filter());
        let (rows, reach) = near.await?;
        let again = (options.images == Images::All).then(|| rows.clone());
        let mut found = self.find_in_rows(&work, rows, &reach, options).await?;
        if let Some(mut rows) = again {
            // All images of a product need not be near to the query.
            let products = found.page.results.into_iter().map(|one| one.product_id);
            let products: Vec<String> = products.collect();
            rows.extend(self.rows_of_products(&work.loaded, &products).await?);
            found = self.find_in_rows(&work, rows, &reach, options).await?;
        }
        self.completed(&work, found, begun, options).await
    }

    /// Searches the deltas and these rows of the vector base.
    async fn find_in_rows(
        &self,
        work: &SearchJob,
        rows: Vec<Row>,
        reach: &Reach,
        options: &SearchOptions,
    ) -> Result<SearchOutcome, SearchError> {
        let loaded = work.loaded.clone().with_rows(rows).await?;
        let scope = self.within(work.scope.clone(), &loaded, options).await?;
        let job = SearchJob {
            loaded,
            scope,
            reach: reach.clone(),
            ..work.clone()
        };
        find(Arc::new(job), options).await
    }

    /// Returns the vectors of the query's images by the encoder of the index.
    async fn embedded(
        &self,
        query: &Query,
        guess: Embedded,
        loaded: &LoadedSnapshot,
    ) -> Result<Embedded, SearchError> {
        let made_by = loaded.manifest.fingerprint;
        let published = loaded.manifest.generation > 0;
        if !published || !query.has_images() || guess.tried == Some(made_by) {
            return Ok(guess);
        }
        let embedder = self.ports.encoders.of(made_by).await;
        let embedded = self.embed_with(embedder.map_err(no_encoder)?, query);
        let embedded = embedded.await;
        match embedded.tried {
            Some(tried) if tried != made_by => Err(SearchError::OtherEncoder {
                expected: tried,
                found: made_by,
            }),
            _ => Ok(embedded),
        }
    }

    /// Returns the generation to search: that of the cursor, otherwise the current one, which has to be new enough.
    async fn generation_for(
        &self,
        options: &SearchOptions,
        cursor: Option<&Cursor>,
    ) -> Result<LoadedSnapshot, SearchError> {
        let mut loaded = self.snapshots.current().await?;
        let least = options.min_generation.unwrap_or(0);
        let paged = cursor.map_or(0, |cursor| cursor.generation);
        if loaded.manifest.generation < least.max(paged) {
            loaded = self.snapshots.newest().await?;
        }
        let current = loaded.manifest.generation;
        if let Some(&Cursor { generation, .. }) = cursor
            && generation != current
        {
            let expired = SearchError::CursorExpired {
                generation,
                current,
            };
            loaded = self.snapshots.replaced(generation).await?.ok_or(expired)?;
        }
        let current = loaded.manifest.generation;
        if least > current {
            return Err(SearchError::NotYetIndexed {
                current,
                wanted: least,
            });
        }
        Ok(loaded)
    }

    async fn answer(
        &self,
        work: SearchJob,
        options: &SearchOptions,
    ) -> Result<Answer, SearchError> {
        let begun = Instant::now();
        let work = Arc::new(work);
        let found = find(Arc::clone(&work), options).await?;
        self.completed(&work, found, begun, options).await
    }

    /// Joins what was found with the products.
    async fn completed(
        &self,
        work: &SearchJob,
        found: SearchOutcome,
        begun: Instant,
        options: &SearchOptions,
    ) -> Result<Answer, SearchError> {
        let index = work.loaded.state();
        let (embedding_ms, match_thresholds) = (work.embedding_ms, work.match_thresholds);
        let SearchOutcome {
            page,
            facets,
            next_cursor,
            complete,
        } = found;
        let timings = QueryTimings {
            embedding_ms,
            search_ms: milliseconds(begun),
        };
        let time = Measurement::milliseconds;
        let mut times = vec![time("SearchTime", timings.search_ms)];
        // A search from stored embeddings embeds nothing: a zero would drag the mean down.
        if timings.embedding_ms > 0.0 {
            times.push(time("QueryEmbedTime", timings.embedding_ms));
        }
        self.ports.metrics.emit(&times);
        let mut results = page.results;
        self.hydrate(&mut results, match_thresholds, options)
            .await?;
        start_up::answered();
        Ok(Answer {
            results,
            exact: page.exact && work.loaded.manifest.serving_base().is_none(),
            complete,
            facets,
            next_cursor,
            index,
            timings,
        })
    }
}
