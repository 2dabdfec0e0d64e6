//! How well an encoder finds neighbours of the right category, and where it does not.
//!
//! A [`Setting`] holds embedded pictures: a catalog, and queries or the catalog's own pictures, each
//! left out once. [`Evaluation::run`] measures every encoder on it: precision and recall, mean
//! average precision and reciprocal rank with intervals, over all queries and by category; which
//! categories are taken for which; whether the index finds what an exact search finds; and of two
//! encoders the difference, query by query. [`Evaluation::to_json`] and [`html::page`] tell it.

mod agreement;
mod comparison;
mod error;
pub mod html;
mod json;
mod report;

pub use agreement::Agreement;
pub use comparison::{Comparison, verdict};
pub use error::EvaluationError;
pub use report::{CategoryReport, EncoderReport, Measures, headings};

use std::collections::{BTreeSet, HashSet};

use lookalike_encoder::Encoder;

use crate::bootstrap::Bootstrap;
use crate::embedded_pictures::{ContentHash, EmbeddedPictures};
use crate::labelled::LabelledPicture;
use crate::retrieval::Labelled;

/// What is searched with what.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The pictures to find.
    pub catalog: EmbeddedPictures,
    /// The pictures to search with; without, those of the catalog, of which none finds itself or a
    /// file of the same content.
    pub queries: Option<EmbeddedPictures>,
    /// How many neighbours the measures at k look at.
    pub k: usize,
    /// How intervals are made.
    pub bootstrap: Bootstrap,
}

/// An encoder, and what a person calls it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// As it was named, such as `embedded` or a folder.
    pub name: &'a str,
    /// The encoder that made the vectors at the same place of [`EmbeddedPictures::vectors`].
    pub encoder: &'a Encoder,
}

/// Categories by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Categories {
    /// Every category of catalog and queries, in order.
    pub(crate) names: Vec<String>,
    /// The category of each catalog picture.
    pub(crate) catalog: Vec<u32>,
    /// The category of each query.
    pub(crate) queries: Vec<u32>,
}

/// What was measured.
#[derive(Debug)]
pub struct Evaluation {
    /// On what.
    pub setting: Setting,
    /// For each encoder, in the order given.
    pub encoders: Vec<EncoderReport>,
    /// The first encoder against the second, when there are two.
    pub comparison: Option<Comparison>,
    pub(crate) categories: Categories,
}

/// Whether pictures can be evaluated on, before the minutes of embedding them. Without `queries` the
/// catalog's own pictures are meant.
///
/// # Errors
/// When there are not two categories, no query that could be answered, or fewer pictures than `k`.
pub fn check(
    catalog: &[LabelledPicture],
    queries: Option<&[LabelledPicture]>,
    k: usize,
) -> Result<(), EvaluationError> {
    let labels = |pictures: &[LabelledPicture]| -> BTreeSet<String> {
        pictures.iter().map(|p| p.label.clone()).collect()
    };
    let known = labels(catalog);
    if known.len() < 2 {
        return Err(EvaluationError::OneCategory {
            pictures: catalog.len(),
            category: known.into_iter().next().unwrap_or_default(),
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

impl Setting {
    /// Whether the queries are the catalog's own pictures.
    pub fn leaves_one_out(&self) -> bool {
        self.queries.is_none()
    }

    /// The pictures that are searched with.
    pub fn queries(&self) -> &EmbeddedPictures {
        self.queries.as_ref().unwrap_or(&self.catalog)
    }

    /// How many queries are also, byte for byte, in a catalog of its own: they find themselves, and
    /// the measures are too good.
    pub fn queries_in_catalog(&self) -> usize {
        let Some(queries) = &self.queries else {
            return 0;
        };
        let known: HashSet<&ContentHash> = self.catalog.contents.iter().collect();
        let contents = queries.contents.iter();
        contents.filter(|content| known.contains(content)).count()
    }

    /// Whether a catalog row is the query's own picture, or a copy of it.
    pub(crate) fn is_itself(&self, query: usize, row: usize) -> bool {
        self.leaves_one_out() && self.catalog.contents[query] == self.catalog.contents[row]
    }

    /// The catalog and the queries as an encoder sees them.
    pub(crate) fn sides<'a>(
        &'a self,
        encoder: usize,
        dimensions: usize,
        categories: &'a Categories,
    ) -> (Labelled<'a>, Labelled<'a>) {
        let side = |pictures: &'a EmbeddedPictures, labels: &'a [u32]| Labelled {
            vectors: &pictures.vectors[encoder],
            dimensions,
            labels,
        };
        (
            side(&self.catalog, &categories.catalog),
            side(self.queries(), &categories.queries),
        )
    }
}

impl Categories {
    fn of(setting: &Setting) -> Self {
        let (catalog, queries) = (&setting.catalog.pictures, &setting.queries().pictures);
        let names: BTreeSet<&str> = catalog
            .iter()
            .chain(queries)
            .map(|picture| picture.label.as_str())
            .collect();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let number = |picture: &LabelledPicture| {
            let place = names.binary_search(&picture.label);
            place.expect("every label is among the names") as u32
        };
        Self {
            catalog: catalog.iter().map(number).collect(),
            queries: queries.iter().map(number).collect(),
            names,
        }
    }
}

impl Evaluation {
    /// Measures each of the encoders; the first two are compared.
    ///
    /// # Errors
    /// When the setting cannot be evaluated on, see [`check`], or the index refuses a vector.
    pub fn run(setting: Setting, subjects: &[Subject<'_>]) -> Result<Self, EvaluationError> {
        let queries = setting.queries.as_ref().map(|q| q.pictures.as_slice());
        check(&setting.catalog.pictures, queries, setting.k)?;
        let categories = Categories::of(&setting);
        let encoders: Vec<EncoderReport> = (0..)
            .zip(subjects)
            .map(|(place, subject)| EncoderReport::new(&setting, &categories, place, subject))
            .collect::<Result<_, _>>()?;
        let scored = encoders.first().map_or(0, |report| report.scored);
        if scored == 0 {
            return Err(EvaluationError::NoneScored {
                queries: categories.queries.len(),
            });
        }
        let comparison = match encoders.as_slice() {
            [ours, theirs, ..] => {
                Comparison::new(ours, theirs, &categories, setting.bootstrap, setting.k)
            }
            _ => None,
        };
        Ok(Self {
            setting,
            encoders,
            comparison,
            categories,
        })
    }

    /// Categories of queries for which there is nothing right to find, and how many queries; they
    /// do not count.
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
