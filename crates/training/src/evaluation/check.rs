use std::collections::BTreeSet;

use super::error::EvaluationError;
use crate::common_labels::CommonLabels;
use crate::labeled::LabeledImage;

/// Checks that images can be evaluated, before embedding takes minutes. Without `queries`, the
/// catalog's own images are the queries.
///
/// # Errors
/// If there are not two categories, none that tells images apart, no query that could be answered, or fewer images than `k`.
pub fn check(
    catalog: &[LabeledImage],
    queries: Option<&[LabeledImage]>,
    k: usize,
) -> Result<(), EvaluationError> {
    let all: BTreeSet<&str> = catalog.iter().flat_map(LabeledImage::labels).collect();
    if all.len() < 2 {
        return Err(EvaluationError::OneCategory {
            images: catalog.len(),
            category: all.into_iter().map(str::to_owned).collect(),
        });
    }
    let common = CommonLabels::of(catalog);
    let labels = |images: &[LabeledImage]| -> BTreeSet<String> {
        let labels = images.iter().flat_map(|image| common.others(image));
        labels.map(str::to_owned).collect()
    };
    let known = labels(catalog);
    if known.is_empty() {
        return Err(EvaluationError::CommonCategories {
            images: catalog.len(),
            common: common.list(),
        });
    }
    if let Some(queries) = queries {
        let asked = labels(queries);
        if asked.is_disjoint(&known) {
            let join = |names: BTreeSet<String>| Vec::from_iter(names).join(", ");
            return Err(EvaluationError::NothingInCommon {
                catalog: join(known),
                queries: join(asked),
            });
        }
    }
    let found = catalog.len() - usize::from(queries.is_none());
    if k == 0 || k > found {
        return Err(EvaluationError::K { k, found });
    }
    Ok(())
}
