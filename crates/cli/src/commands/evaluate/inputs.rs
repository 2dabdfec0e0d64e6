//! Labeled images, checked as far as is possible without embedding them.

use anyhow::{Result, bail};
use lookalike_training::bootstrap::Bootstrap;
use lookalike_training::embedded_images::EmbeddedImages;
use lookalike_training::evaluation::{self, FurtherLabel, Products, Setting};
use lookalike_training::label_table::LabelTable;
use lookalike_training::labeled::{LabeledFolder, LabeledImage, Skipped};

use super::encoders::Encoders;
use crate::args::{CountedBy, EvaluateArguments};
use crate::output;

/// The columns that name the product of an image; the first one that exists is used.
const PRODUCT_COLUMNS: [&str; 2] = ["product_id", "id"];

/// The folders and the table that an evaluation reads.
pub(super) struct Inputs {
    table: Option<LabelTable>,
    catalog: LabeledFolder,
    /// `None` if the catalog is searched with its own images.
    queries: Option<LabeledFolder>,
    pub(super) skipped: Vec<Skipped>,
}

impl Inputs {
    pub(super) fn read(arguments: &EvaluateArguments) -> Result<Self> {
        let table = arguments.labels.table()?;
        if let Some(table) = &table {
            let columns = arguments.agree.iter();
            columns
                .map(|column| table.expect_column(column))
                .collect::<Result<Vec<()>, _>>()?;
        }
        let mut catalog = LabeledFolder::read(&arguments.catalog, table.as_ref())?;
        let mut queries = LabeledFolder::read(&arguments.queries, table.as_ref())?;
        let mut skipped = Vec::new();
        if let Some(table) = &table {
            skipped.extend(table.bad_lines().to_vec());
            skipped.extend(table.missing(&[&catalog, &queries]));
        }
        skipped.append(&mut catalog.skipped);
        let queries = (catalog.root != queries.root).then(|| {
            skipped.append(&mut queries.skipped);
            queries
        });
        let images = queries.as_ref().map(|queries| queries.images.as_slice());
        evaluation::check(&catalog.images, images, arguments.k as usize)?;
        Ok(Self {
            table,
            catalog,
            queries,
            skipped,
        })
    }

    /// Embeds everything; also returns what could not be embedded.
    pub(super) fn embed(
        &self,
        arguments: &EvaluateArguments,
        encoders: &Encoders,
    ) -> Result<(Setting, Vec<Skipped>)> {
        let queries = self.queries.as_ref().map(|queries| &queries.images);
        let count = self.catalog.images.len() + queries.map_or(0, Vec::len);
        let bar = output::progress("embedding", count as u64);
        let networks = encoders.networks();
        let embed = |images: &Vec<LabeledImage>| {
            let embedded = EmbeddedImages::embed(&networks, images, || bar.inc(1));
            match embedded.skipped.first() {
                Some(first) if embedded.images.is_empty() => {
                    bail!(
                        "none of {} images can be embedded, such as {}: {}",
                        images.len(),
                        first.what,
                        first.reason
                    )
                }
                _ => Ok(embedded),
            }
        };
        let mut catalog = embed(&self.catalog.images)?;
        let mut queries = queries.map(embed).transpose()?;
        bar.finish_and_clear();
        let mut skipped = std::mem::take(&mut catalog.skipped);
        if let Some(queries) = &mut queries {
            skipped.append(&mut queries.skipped);
        }
        let mut setting = Setting {
            catalog,
            queries,
            k: arguments.k as usize,
            bootstrap: Bootstrap {
                seed: arguments.seed,
                ..Bootstrap::default()
            },
            products: None,
            further: Vec::new(),
        };
        setting.products = self.products(&setting, arguments);
        let columns = arguments.agree.iter();
        setting.further = columns
            .map(|column| self.further(&setting, column))
            .collect();
        Ok((setting, skipped))
    }

    fn products(&self, setting: &Setting, arguments: &EvaluateArguments) -> Option<Products> {
        let CountedBy::Product = arguments.by else {
            return None;
        };
        let source = arguments.product_id.unwrap_or_default();
        let ids = |folder: &LabeledFolder, images: &EmbeddedImages| -> Vec<String> {
            let id = |image: &LabeledImage| {
                let mut columns = PRODUCT_COLUMNS.into_iter();
                let named = columns.find_map(|column| self.value(folder, image, column));
                named.map_or_else(|| source.id_of(&image.name), str::to_owned)
            };
            images.images.iter().map(id).collect()
        };
        let (catalog, queries) = self.folders();
        Some(Products::new(
            &ids(catalog, &setting.catalog),
            &ids(queries, setting.queries()),
        ))
    }

    fn further(&self, setting: &Setting, column: &str) -> FurtherLabel {
        let values = |folder: &LabeledFolder, images: &EmbeddedImages| -> Vec<Option<String>> {
            let images = images.images.iter();
            let value = |image| self.value(folder, image, column).map(str::to_owned);
            images.map(value).collect()
        };
        let (catalog, queries) = self.folders();
        let label = FurtherLabel::new(
            column,
            &values(catalog, &setting.catalog),
            &values(queries, setting.queries()),
        );
        let table = self.table.as_ref();
        match table.is_some_and(|table| table.is_label(column)) {
            true => label.as_category(),
            false => label,
        }
    }

    /// Returns the folders of the catalog and of the queries.
    fn folders(&self) -> (&LabeledFolder, &LabeledFolder) {
        (
            &self.catalog,
            self.queries.as_ref().unwrap_or(&self.catalog),
        )
    }

    fn value(&self, folder: &LabeledFolder, image: &LabeledImage, column: &str) -> Option<&str> {
        self.table
            .as_ref()?
            .value(&folder.root, &image.name, column)
    }
}
