use std::collections::BTreeSet;

use super::further_label::FurtherLabel;
use super::setting::Setting;
use crate::embedded_images::EmbeddedImages;
use crate::image_labels::ImageLabels;
use crate::labeled::LabeledImage;
use crate::retrieval::Labeled;

/// Categories by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Categories {
    /// Every category of catalog and queries, in order.
    pub(crate) names: Vec<String>,
    /// The categories of each catalog image.
    pub(crate) catalog: ImageLabels,
    /// The categories of each query.
    pub(crate) queries: ImageLabels,
}

impl Categories {
    /// Numbers the categories of a setting in the order of their names.
    pub(crate) fn of(setting: &Setting) -> Self {
        let (catalog, queries) = (&setting.catalog.images, &setting.queries().images);
        let names: BTreeSet<&str> = catalog
            .iter()
            .chain(queries)
            .flat_map(LabeledImage::labels)
            .collect();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let number = |label: &str| {
            let place = names.binary_search_by(|name| name.as_str().cmp(label));
            place.expect("every label is among the names") as u32
        };
        let numbers = |images: &[LabeledImage]| {
            let of_image = |image: &LabeledImage| image.labels().map(number).collect();
            ImageLabels::new(images.iter().map(of_image))
        };
        Self {
            catalog: numbers(catalog),
            queries: numbers(queries),
            names,
        }
    }

    /// Returns the categories in the form of a further label.
    pub(crate) fn as_further(&self) -> FurtherLabel {
        let all = |labels: &ImageLabels| -> Vec<Vec<u32>> {
            let images = 0..labels.len();
            images.map(|image| labels.of(image).collect()).collect()
        };
        FurtherLabel::numbered("category", all(&self.catalog), all(&self.queries))
    }

    /// The catalog and the queries as an encoder sees them.
    pub(crate) fn sides<'a>(
        &'a self,
        setting: &'a Setting,
        encoder: usize,
        dimensions: usize,
    ) -> (Labeled<'a>, Labeled<'a>) {
        let side = |images: &'a EmbeddedImages, labels: &'a ImageLabels| Labeled {
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
