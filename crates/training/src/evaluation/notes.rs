//! Remarks about an evaluation: what was asked for or is labeled, and has no figure.

use super::Evaluation;
use super::further_label::FurtherLabel;

impl Evaluation {
    /// Returns what does not count and what is not measured, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        let (common, further) = (&self.categories.common, &self.setting.further);
        let common = common.counts().iter();
        let common = common.map(|(category, &with)| self.common(category, with));
        let further = further.iter().filter_map(|label| self.further(label));
        common.chain(further).collect()
    }

    fn common(&self, category: &str, with: usize) -> String {
        let images = self.categories.common.images();
        let queries = &self.categories.queries;
        let alone = queries.iter().filter(|labels| labels.is_empty()).count();
        let alone = match alone {
            0 => String::new(),
            1 => "; 1 query has no other".to_owned(),
            _ => format!("; {alone} queries have no other"),
        };
        format!(
            "category {category:?} does not count: {with} of {images} catalog images have it, so it tells nothing \
             apart{alone}"
        )
    }

    fn further(&self, label: &FurtherLabel) -> Option<String> {
        let name = &label.name;
        if label.is_category {
            return Some(format!(
                "column {name:?} is the category itself, which is in the row category"
            ));
        }
        let encoders = self.encoders.iter();
        let without: Vec<&str> = encoders
            .filter(|report| report.unmeasured.contains(name))
            .map(|report| report.name.as_str())
            .collect();
        let with = match without.len() {
            0 => return None,
            count if count == self.encoders.len() => String::new(),
            _ => format!(" with {}", without.join(" and ")),
        };
        let (catalog, queries) = label.known();
        let setting = &self.setting;
        Some(format!(
            "column {name:?} is not measured{with}: {catalog} of {} catalog images and {queries} of {} queries have a \
             value, and no query with one has such an image among its {} nearest",
            setting.catalog.images.len(),
            setting.queries().images.len(),
            setting.k
        ))
    }
}
