//! Finding the product that an image shows, by the image entries of a table.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::image_path::{decoded, endings, folded, normalized};

/// The image entries of a table.
///
/// An entry and the path of an image match if one of them is the end of the other: `train/hat/1.jpg` and `1.jpg` both
/// name the image `hat/1.jpg`. The longest entry counts, and one in the same case goes before others. Of several
/// products that name the whole path, the last one counts; if they name only its end, none does.
///
/// The time of finding a product does not depend on the number of entries.
#[derive(Debug, Default)]
pub struct ImageMatcher {
    /// The products, each once if its entries follow each other.
    products: Vec<String>,
    entries: Vec<Entry>,
    /// Entries by the hash of their path, or of its end.
    groups: HashMap<u64, Group>,
}

#[derive(Debug)]
struct Entry {
    product: usize,
    written: String,
}

/// The entries of one path, or of one end of paths.
#[derive(Debug)]
struct Group {
    /// The last entry.
    last: usize,
    has_several_products: bool,
    /// True if an image got the product of the last entry.
    is_matched: bool,
    /// True if an image got no product, because several name it.
    is_ambiguous: bool,
}

/// The part of a path that entries have in common.
#[derive(Debug, Clone, Copy, Hash)]
enum Part {
    Whole,
    /// The whole path in lower case.
    WholeInAnyCase,
    /// The path without its first folders, in lower case.
    End,
}

/// The product of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageMatch {
    /// The product.
    pub product_id: String,
    /// The entry, as written, if it has another case than the path of the image.
    pub in_other_case: Option<String>,
}

/// An entry that gave no image its product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct UnmatchedEntry {
    /// The product.
    pub product_id: String,
    /// The entry, as written.
    pub entry: String,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Matched,
    Ambiguous,
    Unmatched,
}

impl ImageMatcher {
    /// Makes a matcher of products and entries.
    pub fn new<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut matcher = Self::default();
        for (product_id, written) in entries {
            matcher.add(product_id, written);
        }
        matcher
    }

    /// True if there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn add(&mut self, product_id: &str, written: &str) {
        if self.products.last().is_none_or(|last| last != product_id) {
            self.products.push(product_id.to_owned());
        }
        let number = self.entries.len();
        self.entries.push(Entry {
            product: self.products.len() - 1,
            written: written.to_owned(),
        });
        for key in keys(written) {
            let group = self.groups.entry(key).or_insert(Group {
                last: number,
                has_several_products: false,
                is_matched: false,
                is_ambiguous: false,
            });
            let last = &self.products[self.entries[group.last].product];
            group.has_several_products |= last != product_id;
            group.last = number;
        }
    }

    /// Finds the product of an image by its path, and by the part of the path that is below the folder of all images.
    pub fn find(&mut self, path: &str, below: &str) -> Option<ImageMatch> {
        let (path, below) = (normalized(path), normalized(below));
        for ending in endings(&path) {
            let is_whole = ending.len() >= below.len();
            let exact = key(Part::Whole, ending);
            let in_any_case = key(Part::WholeInAnyCase, &folded(ending));
            if self.groups.contains_key(&exact) {
                let entry = self.use_group(exact, is_whole)?;
                // Other spellings by the same product have done their part.
                if let Some(group) = self.groups.get_mut(&in_any_case) {
                    group.is_matched |= !group.has_several_products;
                }
                return Some(self.found(entry, false));
            }
            if self.groups.contains_key(&in_any_case) {
                let entry = self.use_group(in_any_case, is_whole)?;
                return Some(self.found(entry, true));
            }
        }
        let entry = self.use_group(key(Part::End, &folded(&below)), false)?;
        let mut paths = paths(&self.entries[entry].written);
        let in_other_case = !paths.any(|path| path.ends_with(&below));
        Some(self.found(entry, in_other_case))
    }

    /// Returns the last entry of a group, if its product can be told.
    fn use_group(&mut self, key: u64, last_counts: bool) -> Option<usize> {
        let group = self.groups.get_mut(&key)?;
        if group.has_several_products && !last_counts {
            group.is_ambiguous = true;
            return None;
        }
        group.is_matched = true;
        Some(group.last)
    }

    fn found(&self, entry: usize, in_other_case: bool) -> ImageMatch {
        let entry = &self.entries[entry];
        ImageMatch {
            product_id: self.products[entry.product].clone(),
            in_other_case: in_other_case.then(|| entry.written.clone()),
        }
    }

    /// Returns the entries without an image among those that were looked for, in order.
    pub fn unmatched(&self) -> Vec<UnmatchedEntry> {
        self.with_outcome(Outcome::Unmatched)
    }

    /// Returns the entries whose image other products name too, and which shows none of them or another one, in order.
    pub fn ambiguous(&self) -> Vec<UnmatchedEntry> {
        self.with_outcome(Outcome::Ambiguous)
    }

    fn with_outcome(&self, outcome: Outcome) -> Vec<UnmatchedEntry> {
        let entries = self.entries.iter();
        let mut found: Vec<UnmatchedEntry> = entries
            .filter(|entry| self.outcome(entry) == outcome)
            .map(|entry| UnmatchedEntry {
                product_id: self.products[entry.product].clone(),
                entry: entry.written.clone(),
            })
            .collect();
        found.sort_unstable();
        found
    }

    fn outcome(&self, entry: &Entry) -> Outcome {
        let mut outcome = Outcome::Unmatched;
        for group in keys(&entry.written).filter_map(|key| self.groups.get(&key)) {
            let last = self.entries[group.last].product;
            if group.is_matched && self.products[last] == self.products[entry.product] {
                return Outcome::Matched;
            }
            if group.is_matched || group.is_ambiguous {
                outcome = Outcome::Ambiguous;
            }
        }
        outcome
    }
}

/// Returns the keys of the groups of an entry.
fn keys(written: &str) -> impl Iterator<Item = u64> {
    paths(written).flat_map(|path| {
        let folded = folded(&path);
        let whole = [key(Part::Whole, &path), key(Part::WholeInAnyCase, &folded)];
        let ends = endings(&folded).skip(1);
        let ends: Vec<u64> = ends.map(|ending| key(Part::End, ending)).collect();
        whole.into_iter().chain(ends)
    })
}

/// Returns the path that an entry stands for, and that without percent encoding.
fn paths(written: &str) -> impl Iterator<Item = String> {
    let decoded = decoded(written).map(|path| normalized(&path));
    std::iter::once(normalized(written)).chain(decoded)
}

/// Returns a hash of 64 bits: two of ten million paths share one with a probability of 1 in 400,000.
fn key(part: Part, path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (part, path).hash(&mut hasher);
    hasher.finish()
}
