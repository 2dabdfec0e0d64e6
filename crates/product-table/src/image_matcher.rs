//! Finding the product that an image shows, by the image entries of a table.

use std::collections::{BTreeSet, HashMap};

use crate::image_path::{decoded, endings, folded, normalized};

/// The image entries of a table.
///
/// An entry and the path of an image match if one of them is the end of the other: `train/hat/1.jpg` and `1.jpg` both
/// name the image `hat/1.jpg`. The longest entry counts, and one in the same case goes before others.
#[derive(Debug, Default)]
pub struct ImageMatcher {
    entries: Vec<Entry>,
    /// Entries by their whole path, in lower case.
    whole: HashMap<String, Vec<usize>>,
    /// Entries by the ends of their path, in lower case.
    ends: HashMap<String, Vec<usize>>,
}

#[derive(Debug)]
struct Entry {
    product_id: String,
    written: String,
    /// Its path, and that without percent encoding.
    paths: Vec<String>,
    is_matched: bool,
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

impl ImageMatcher {
    /// Makes a matcher of products and entries; if two products name the same image, the last one counts.
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
        let number = self.entries.len();
        let mut paths = vec![normalized(written)];
        paths.extend(decoded(written).map(|path| normalized(&path)));
        for path in &paths {
            let path = folded(path);
            for (folders, ending) in endings(&path).enumerate() {
                let known = if folders == 0 {
                    &mut self.whole
                } else {
                    &mut self.ends
                };
                known.entry(ending.to_owned()).or_default().push(number);
            }
        }
        self.entries.push(Entry {
            product_id: product_id.to_owned(),
            written: written.to_owned(),
            paths,
            is_matched: false,
        });
    }

    /// Finds the product of an image by its path, and by the part of the path that is below the folder of all images.
    pub fn find(&mut self, path: &str, below: &str) -> Option<ImageMatch> {
        let (path, below) = (normalized(path), normalized(below));
        let whole = endings(&path).find_map(|ending| {
            let numbers = self.whole.get(&folded(ending))?;
            Some((numbers, ending))
        });
        let (numbers, ending) = match whole {
            Some(found) => found,
            None => {
                let numbers = self.ends.get(&folded(&below))?;
                let products: BTreeSet<&str> = numbers
                    .iter()
                    .map(|n| self.entries[*n].product_id.as_str())
                    .collect();
                if products.len() > 1 {
                    return None;
                }
                (numbers, below.as_str())
            }
        };
        let is_exact = |number: &&usize| {
            self.entries[**number]
                .paths
                .iter()
                .any(|path| path.ends_with(ending))
        };
        let exact = numbers.iter().rfind(is_exact);
        let chosen = *exact.or(numbers.last())?;
        let in_other_case = exact.is_none();
        let product_id = self.entries[chosen].product_id.clone();
        for number in numbers {
            let entry = &mut self.entries[*number];
            entry.is_matched |= entry.product_id == product_id;
        }
        Some(ImageMatch {
            product_id,
            in_other_case: in_other_case.then(|| self.entries[chosen].written.clone()),
        })
    }

    /// Returns the entries that no call of [`find`](Self::find) used, in order.
    pub fn unmatched(&self) -> Vec<UnmatchedEntry> {
        let unmatched = self.entries.iter().filter(|entry| !entry.is_matched);
        let mut unmatched: Vec<UnmatchedEntry> = unmatched
            .map(|entry| UnmatchedEntry {
                product_id: entry.product_id.clone(),
                entry: entry.written.clone(),
            })
            .collect();
        unmatched.sort_unstable();
        unmatched
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn product(matcher: &mut ImageMatcher, path: &str) -> Option<String> {
        matcher.find(path, path).map(|found| found.product_id)
    }

    #[test]
    fn entries_match_however_they_are_written() {
        let mut matcher = ImageMatcher::new([
            ("dot", "./shoes/a.jpg"),
            ("windows", ".\\win\\d.jpg"),
            ("percent", "shoes/my%20shoe.jpg"),
            ("literal", "shoes/100%20.jpg"),
            ("unicode", "Mu\u{308}tze.jpg"),
            ("outer", "imgs/hats/h.jpg"),
            ("absolute", "/data/imgs/hats/i.jpg"),
        ]);
        for (path, expected) in [
            ("shoes/a.jpg", Some("dot")),
            ("win/d.jpg", Some("windows")),
            ("shoes/my shoe.jpg", Some("percent")),
            ("shoes/100%20.jpg", Some("literal")),
            ("caps/M\u{fc}tze.jpg", Some("unicode")),
            ("hats/h.jpg", Some("outer")),
            ("i.jpg", Some("absolute")),
            ("b.jpg", None),
        ] {
            assert_eq!(product(&mut matcher, path).as_deref(), expected, "{path}");
        }
        assert_eq!(matcher.unmatched(), []);
    }

    #[test]
    fn another_case_is_said_and_goes_last() {
        let mut matcher = ImageMatcher::new([
            ("upper", "SHOES/F.JPG"),
            ("same", "a/B.jpg"),
            ("other", "a/b.jpg"),
        ]);
        let found = matcher.find("shoes/f.jpg", "shoes/f.jpg").unwrap();
        assert_eq!(found.product_id, "upper");
        assert_eq!(found.in_other_case.as_deref(), Some("SHOES/F.JPG"));
        let found = matcher.find("a/B.jpg", "a/B.jpg").unwrap();
        assert_eq!(
            (found.product_id.as_str(), found.in_other_case),
            ("same", None)
        );
    }

    #[test]
    fn the_longest_entry_counts_and_the_others_are_listed() {
        let mut matcher = ImageMatcher::new([
            ("short", "1.jpg"),
            ("long", "train/a/1.jpg"),
            ("lost", "none.jpg"),
            ("left", "x/2.jpg"),
            ("right", "y/2.jpg"),
            ("first", "3.jpg"),
            ("last", "3.jpg"),
        ]);
        assert_eq!(
            matcher
                .find("/data/train/a/1.jpg", "a/1.jpg")
                .unwrap()
                .product_id,
            "long"
        );
        assert_eq!(product(&mut matcher, "c/1.jpg").as_deref(), Some("short"));
        assert_eq!(product(&mut matcher, "3.jpg").as_deref(), Some("last"));
        // Two products name an image that ends so: neither is chosen.
        assert_eq!(product(&mut matcher, "2.jpg"), None);
        let left: Vec<String> = matcher
            .unmatched()
            .into_iter()
            .map(|entry| entry.product_id)
            .collect();
        assert_eq!(left, ["first", "left", "lost", "right"]);
    }
}
