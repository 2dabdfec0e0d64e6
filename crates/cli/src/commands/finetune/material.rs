//! What fine-tuning starts from: labeled images, where to read them, and an encoder.

use std::path::Path;

use anyhow::{Context, Result};
use lookalike_training::dataset::Validation;
use lookalike_training::features::Pooling;
use lookalike_training::image_source::{ImageFiles, ImageSource};
use lookalike_training::label_table::LabelTable;
use lookalike_training::labeled::{LabeledFolder, Skipped};

use crate::args::FinetuneArguments;
use crate::target::Target;
use crate::training::{BaseEncoder, CatalogImages, ImageBound};

/// What fine-tuning starts from.
pub(super) struct Material {
    /// The images to train on.
    pub(super) folder: LabeledFolder,
    /// The images to validate with.
    pub(super) validation: Validation,
    /// Reads both.
    pub(super) source: Box<dyn ImageSource + Send>,
    /// The encoder to build on and to compare with.
    pub(super) base: BaseEncoder,
    /// Lines of the table of labels that cannot be used.
    pub(super) unused: Vec<Skipped>,
    /// Remarks about the images, a sentence each.
    pub(super) notes: Vec<String>,
}

impl Material {
    /// Reads the folder that the arguments name, otherwise the catalog.
    pub(super) async fn read(arguments: &FinetuneArguments) -> Result<Self> {
        match &arguments.images {
            Some(images) => Self::of_folder(arguments, images).await,
            None => Self::of_catalog(arguments).await,
        }
    }

    async fn of_folder(arguments: &FinetuneArguments, images: &Path) -> Result<Self> {
        let base = base_of_folder(arguments).await?;
        let table = arguments.table()?;
        let mut notes = Vec::new();
        let mut read = |path: &Path| read_bounded(path, table.as_ref(), arguments, &mut notes);
        let folder = read(images)?;
        let validation = match &arguments.validation {
            Some(path) => Validation::Folder(read(path)?),
            None => Validation::Share(arguments.validation_share),
        };
        let mut unused = Vec::new();
        if let Some(table) = &table {
            unused.extend_from_slice(table.bad_lines());
            unused.extend(match &validation {
                Validation::Folder(other) => table.missing(&[&folder, other]),
                Validation::Share(_) => table.missing(&[&folder]),
            });
        }
        Ok(Self {
            folder,
            validation,
            source: Box::new(ImageFiles),
            base,
            unused,
            notes,
        })
    }

    async fn of_catalog(arguments: &FinetuneArguments) -> Result<Self> {
        let target = Target::connect(&arguments.target)
            .await
            .context("finetune trains on a catalog, or on a folder of images with --images DIR")?;
        let bound = bound(arguments);
        let images = CatalogImages::read(&target, arguments.attribute(), &bound).await?;
        let base = BaseEncoder::serving(&target, arguments.backbone.as_deref()).await?;
        Ok(Self {
            folder: images.folder,
            validation: Validation::Share(arguments.validation_share),
            source: Box::new(images.source),
            base,
            unused: Vec::new(),
            notes: images.notes,
        })
    }
}

fn bound(arguments: &FinetuneArguments) -> ImageBound {
    ImageBound {
        max: arguments.max_images as usize,
        seed: arguments.seed,
        option: format!("--max-images {}", arguments.max_images),
    }
}

/// Reads a folder of images, and selects as many as the arguments allow.
pub(super) fn read_bounded(
    path: &Path,
    table: Option<&LabelTable>,
    arguments: &FinetuneArguments,
    notes: &mut Vec<String>,
) -> Result<LabeledFolder> {
    let mut folder = LabeledFolder::read(path, table)?;
    let place = folder.root.display().to_string();
    folder.images = bound(arguments).apply(folder.images, Some(&place), notes)?;
    Ok(folder)
}

/// Returns the encoder to build on without a catalog. If the result is for a catalog, it is compared
/// with the encoder that this one is searched with, and a system that cannot be reached is noticed
/// before training takes minutes.
async fn base_of_folder(arguments: &FinetuneArguments) -> Result<BaseEncoder> {
    let base = match &arguments.backbone {
        Some(path) => BaseEncoder::read(path)?,
        None => BaseEncoder::embedded()?,
    };
    if !arguments.reindex {
        return Ok(base);
    }
    let target = Target::connect(&arguments.target)
        .await
        .context("--reindex goes live in the catalog of a system")?;
    base.compared_with_serving(&target).await
}

/// Returns the same pooling for image files, wherever the images to train on are.
pub(super) fn of_files<'a>(pooling: &Pooling<'a>) -> Pooling<'a> {
    Pooling {
        source: &ImageFiles,
        ..pooling.clone()
    }
}
