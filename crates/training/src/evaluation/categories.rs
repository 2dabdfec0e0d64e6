use std::collections::BTreeSet;

use super::further_label::FurtherLabel;
use super::setting::Setting;
use crate::common_labels::CommonLabels;
use crate::embedded_images::EmbeddedImages;
use crate::image_labels::ImageLabels;
use crate::labeled::LabeledImage;
use crate::retrieval::Labeled;

/// Categories by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Categories {
    /// Every category of catalog and queries that counts, in order.
    pub(crate) names: Vec<String>,
    /// The categories of each catalog image.
    pub(crate) catalog: ImageLabels,
    /// The categories of each query.
    pub(crate) queries: ImageLabels,
    /// Categories that nearly all catalog images have, which do not count.
    pub(crate) common: CommonLabels,
}

impl Categories {
    /// Numbers the categories of a setting in the order of their names.
    pub(crate) fn of(setting: &Setting) -> Self {
        let (catalog, queries) = (&setting.catalog.images, &setting.queries().images);
        let common = CommonLabels::of(catalog);
        let names: BTreeSet<&str> = catalog
            .iter()
            .chain(queries)
            .flat_map(|image| common.others(image))
            .collect();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let number = |label: &str| {
            let place = names.binary_search_by(|name| name.as_str().cmp(label));
            place.expect("every label is among the names") as u32
        };
        let numbers = |images: &[LabeledImage]| {
            let of_image = |image| common.others(image).map(number);
            ImageLabels::new(images.iter().map(of_image))
        };
        Self {
            catalog: numbers(catalog),
            queries: numbers(queries),
            names,
            common,
        }
    }

    /// Returns the categories in the form of a further label.
    pub(crate) fn as_further(&self) -> FurtherLabel {
        let all = |labels: &ImageLabels| labels.iter().map(<[u32]>::to_vec).collect();
        FurtherLabel::category("category", all(&self.catalog), all(&self.queries))
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
