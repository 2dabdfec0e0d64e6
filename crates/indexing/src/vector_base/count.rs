//! Counting the rows of an index with a vector base: those that a backfill writes come without a generation, so that the
//! number in the manifest does not follow them.

use lookalike_core::time::Deadline;

use crate::current::Current;
use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::manifest_edit::VectorBaseEdit;

impl Indexer {
    /// Counts the images of an index with a vector base, page by page, and corrects the number in its manifest. Returns
    /// the number; `None` if the index has no vector base.
    ///
    /// # Errors
    /// [`IndexingError`] when the index or its vector base cannot be read, or the manifest cannot be written.
    pub async fn recount(&self, deadline: Deadline) -> Result<Option<u64>, IndexingError> {
        let indexes = self.publisher.reader.read_all().await?.readable()?;
        let Some(searched) = indexes
            .first()
            .filter(|index| index.manifest.serving_base().is_some())
        else {
            return Ok(None);
        };
        let mut parts = self.publisher.reader.parts(std::slice::from_ref(searched));
        let mut counted = 0;
        while let Some(part) = parts.next().await? {
            counted += part.iter().map(|index| index.view.images()).sum::<u64>();
        }
        self.note_count(searched, counted, deadline).await?;
        Ok(Some(counted))
    }

    /// Corrects the number of images in the manifest of an index with a vector base, of which so many were counted.
    pub(crate) async fn note_count(
        &self,
        index: &Current,
        counted: u64,
        deadline: Deadline,
    ) -> Result<(), IndexingError> {
        let encoders = self.publisher.reader.published().await?.encoders();
        let encoder = encoders.iter().find(|encoder| index.is_of(encoder));
        let (Some(encoder), Some(entry)) = (encoder, index.manifest.serving_base()) else {
            return Ok(());
        };
        if entry.images == counted {
            return Ok(());
        }
        let edit = VectorBaseEdit::Recount {
            name: entry.name.clone(),
            generation: index.manifest.generation,
            named: entry.images,
            counted,
        };
        self.edit_base(encoder, edit, deadline).await.map(|_| ())
    }
}
