//! The images that a cell names.

use std::collections::HashSet;

use crate::limits::MAX_IMAGES;

/// The member of the metadata that keeps the image entries of a product, whichever columns have them.
pub const IMAGE: &str = "image";

/// Splits a cell into image entries: at `|`, and at commas that a link follows.
pub(crate) fn split_images(cell: &str) -> impl Iterator<Item = &str> {
    let entries = cell.split('|').flat_map(split_links);
    entries.map(str::trim).filter(|entry| !entry.is_empty())
}

/// Returns the paths of images that a cell names, at most 100; links are left out.
pub fn image_entries(cell: &str) -> impl Iterator<Item = &str> {
    let entries = split_images(cell).filter(|entry| !is_link(entry));
    entries.take(MAX_IMAGES)
}

/// Returns a cell with the entries that it does not name yet, or `None` if it names all.
pub(crate) fn with_entries(cell: Option<&str>, entries: &[String]) -> Option<String> {
    let known: HashSet<&str> = image_entries(cell.unwrap_or_default()).collect();
    let new = entries.iter().map(String::as_str);
    let new: Vec<&str> = new.filter(|entry| !known.contains(entry)).collect();
    let all: Vec<&str> = cell.into_iter().chain(new.iter().copied()).collect();
    (!new.is_empty()).then(|| all.join("|"))
}

/// True if an entry is an `http` or `https` link.
pub(crate) fn is_link(entry: &str) -> bool {
    let starts_with = |scheme: &str| {
        let start = entry.as_bytes().get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    starts_with("http://") || starts_with("https://")
}

/// Splits at commas that a link follows: other commas are part of a link or of a file's name.
fn split_links(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (position, _) in text.match_indices(',') {
        if is_link(text[position + 1..].trim_start()) {
            parts.push(&text[start..position]);
            start = position + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_name_several_images() {
        let split = |cell| split_images(cell).collect::<Vec<_>>();
        assert_eq!(split(" a,b.jpg | c.jpg ||"), ["a,b.jpg", "c.jpg"]);
        assert_eq!(
            split("https://x/a.jpg?w=1,2, HTTP://x/b.jpg,https://x/c"),
            ["https://x/a.jpg?w=1,2", "HTTP://x/b.jpg", "https://x/c"]
        );
        assert!(split("").is_empty());
    }
}
