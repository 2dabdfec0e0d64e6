//! Measures how well an encoder finds neighbors of the right category.
//!
//! A [`Setting`] holds embedded images: a catalog, and queries or the catalog's own images, each
//! left out once. [`Evaluation::run`] measures every encoder on it: precision and recall, mean
//! average precision and reciprocal rank with intervals, over all queries and by category; which
//! categories are confused; whether the index finds what an exact search finds; and the difference
//! between two encoders, query by query. [`Evaluation::to_json`] and [`html::page`] present the
//! results.

mod agreement;
mod categories;
mod check;
mod comparison;
mod error;
mod further_label;
pub mod html;
mod json;
mod label_agreement;
mod measures;
mod notes;
mod query_rows;
mod report;
mod setting;

pub use agreement::Agreement;
pub use check::check;
pub use comparison::{Comparison, verdict};
pub use error::EvaluationError;
pub use further_label::FurtherLabel;
pub use label_agreement::LabelAgreement;
pub use measures::{Measures, headings};
pub use report::{CategoryReport, EncoderReport};
pub use setting::{Products, Setting, Subject};

use self::categories::Categories;

/// The results of an evaluation.
#[derive(Debug)]
pub struct Evaluation {
    /// The images that were searched.
    pub setting: Setting,
    /// Reports of the encoders, in the order given.
    pub encoders: Vec<EncoderReport>,
    /// The first encoder compared with the second, if there are two.
    pub comparison: Option<Comparison>,
    pub(crate) categories: Categories,
}

impl Evaluation {
    /// Measures each of the encoders; the first two are compared.
    ///
    /// # Errors
    /// If the setting cannot be evaluated, see [`check`], or the index rejects a vector.
    pub fn run(setting: Setting, subjects: &[Subject<'_>]) -> Result<Self, EvaluationError> {
        let queries = setting.queries.as_ref().map(|q| q.images.as_slice());
        check(&setting.catalog.images, queries, setting.k)?;
        let categories = Categories::of(&setting);
        let encoders: Vec<EncoderReport> = (0..)
            .zip(subjects)
            .map(|(place, subject)| EncoderReport::new(&setting, &categories, place, subject))
            .collect::<Result<_, _>>()?;
        let scored = encoders.first().map_or(0, |report| report.scored);
        if scored == 0 {
            return Err(EvaluationError::none_scored(&setting));
        }
        let comparison = match encoders.as_slice() {
            [ours, theirs, ..] => Comparison::new(ours, theirs, &categories, &setting),
            _ => None,
        };
        Ok(Self {
            setting,
            encoders,
            comparison,
            categories,
        })
    }

    /// Returns categories of queries for which there is nothing right to find, with the number of
    /// queries; they do not count.
    pub fn unanswerable(&self) -> Vec<(&str, usize)> {
        let Some(report) = self.encoders.first() else {
            return Vec::new();
        };
        let categories = report.categories.iter();
        categories
            .filter(|category| category.scored < category.queries)
            .map(|category| {
                let count = category.queries - category.scored;
                (category.category.as_str(), count)
            })
            .collect()
    }
}
