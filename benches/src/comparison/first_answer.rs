//! The time from the start of a process to its first answer, as in the search function.

use std::io::{Read, Write};
use std::path::PathBuf;

use clap::Args;
use lookalike_search::SearchOptions;
use serde_json::json;

use crate::AnyError;
use crate::folder::Folder;
use crate::shop::Shop;
use crate::vectors::at;

/// The query and the index of a first answer.
#[derive(Args)]
pub(crate) struct FirstAnswer {
    /// Index folder.
    folder: PathBuf,
    /// The image to search with.
    picture: PathBuf,
}

impl FirstAnswer {
    /// Prints the answer, then waits for the input to end, so that the harness can look at the memory.
    pub(crate) fn run(self) -> Result<(), AnyError> {
        let runtime = tokio::runtime::Runtime::new()?;
        let answer = runtime.block_on(async {
            let picture = std::fs::read(&self.picture).map_err(|e| at(&self.picture, e))?;
            let searcher = Folder::at(&self.folder).searcher(Shop::default());
            let answer = searcher
                .search_image(picture.into(), SearchOptions::default())
                .await?;
            Ok::<_, AnyError>(answer)
        })?;
        let products: Vec<&str> = (answer.results.iter())
            .map(|found| found.product_id.as_str())
            .collect();
        let mut output = std::io::stdout().lock();
        writeln!(output, "{}", json!({"products": products}))?;
        output.flush()?;
        std::io::stdin().read_to_end(&mut Vec::new())?;
        Ok(())
    }
}
