use std::collections::BTreeSet;

use super::setting::Setting;
use crate::embedded_images::EmbeddedImages;
use crate::labeled::LabeledImage;
use crate::retrieval::Labeled;

/// Categories by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Categories {
    /// Every category of catalog and queries, in order.
    pub(crate) names: Vec<String>,
    /// The category of each catalog image.
    pub(crate) catalog: Vec<u32>,
    /// The category of each query.
    pub(crate) queries: Vec<u32>,
}

impl Categories {
    /// Numbers the categories of a setting in the order of their names.
    pub(crate) fn of(setting: &Setting) -> Self {
        let (catalog, queries) = (&setting.catalog.images, &setting.queries().images);
        let names: BTreeSet<&str> = catalog
            .iter()
            .chain(queries)
            .map(|image| image.label.as_str())
            .collect();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let number = |image: &LabeledImage| {
            let place = names.binary_search(&image.label);
            place.expect("every label is among the names") as u32
        };
        Self {
            catalog: catalog.iter().map(number).collect(),
            queries: queries.iter().map(number).collect(),
            names,
        }
    }

    /// The catalog and the queries as an encoder sees them.
    pub(crate) fn sides<'a>(
        &'a self,
        setting: &'a Setting,
        encoder: usize,
        dimensions: usize,
    ) -> (Labeled<'a>, Labeled<'a>) {
        let side = |images: &'a EmbeddedImages, labels: &'a [u32]| Labeled {
            vectors: &images.vectors[encoder],
            dimensions,
            labels,
        };
        (
            side(&setting.catalog, &self.catalog),
            side(setting.queries(), &self.queries),
        )
    }
}
