//! `lookalike draw`: writes the sample catalog to files.

use std::path::Path;

use anyhow::{Context, Result};
use lookalike_sample_catalog::{DrawOptions, DrawnCatalog};

use crate::args::DrawArguments;
use crate::output::{self, CommandOutcome};

pub(crate) async fn run(arguments: DrawArguments) -> Result<CommandOutcome> {
    let drawn = draw(
        &arguments.folder,
        arguments.products as usize,
        arguments.seed,
    )
    .await?;
    println!(
        "{} images in {}, metadata in {}",
        drawn.images.len(),
        drawn.folder.display(),
        drawn.table.display()
    );
    Ok(CommandOutcome::Complete)
}

/// Draws a catalog into a folder.
pub(crate) async fn draw(folder: &Path, products: usize, seed: u64) -> Result<DrawnCatalog> {
    let folder = folder.to_owned();
    let bar = output::progress("drawing", products as u64);
    let drawing = bar.clone();
    let drawn = tokio::task::spawn_blocking(move || {
        let options = DrawOptions { products, seed };
        lookalike_sample_catalog::draw(&folder, options, |done| drawing.set_position(done as u64))
    })
    .await?
    .context("the sample catalog cannot be drawn")?;
    bar.finish_and_clear();
    Ok(drawn)
}
