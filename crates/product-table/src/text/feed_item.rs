//! One item of a feed: its elements, and the text of each.

use crate::limits::{MAX_COLUMNS, MAX_METADATA_BYTES, MAX_NAME_BYTES};

/// Elements of HTML that stand within a text.
const INLINE: [&str; 16] = [
    "a", "b", "big", "br", "div", "em", "font", "i", "li", "p", "small", "span", "strong", "sub",
    "sup", "u",
];
/// Those among them that separate words.
const BREAKS: [&str; 4] = ["br", "div", "li", "p"];

/// An item of a feed that is being read.
#[derive(Debug)]
pub(super) struct FeedItem {
    /// The line that it begins at.
    pub(super) line: u64,
    /// Length of the path to its elements.
    pub(super) depth: usize,
    /// Its elements in the order of the file.
    pub(super) fields: Vec<Field>,
    /// The reason why it cannot be used.
    pub(super) fault: Option<String>,
    open: Vec<OpenField>,
    bytes: usize,
}

/// An element of an item.
#[derive(Debug)]
pub(super) struct Field {
    /// The names of the elements around it and its own, joined by `_`.
    pub(super) name: String,
    /// True if its name has a prefix: `g:id` goes before the `id` of Atom.
    pub(super) is_prefixed: bool,
    /// Its text.
    pub(super) text: String,
}

/// An element that has not ended.
#[derive(Debug)]
struct OpenField {
    /// The position of its field.
    field: usize,
    is_inline: bool,
    /// True if the elements in it are part of its text: it has text beside them, or they are those of HTML.
    is_mixed: bool,
    /// Its text with that of the elements in it.
    whole: String,
    separates_words: bool,
}

impl FeedItem {
    pub(super) fn new(line: u64, depth: usize) -> Self {
        Self {
            line,
            depth,
            fields: Vec::new(),
            fault: None,
            open: Vec::new(),
            bytes: 0,
        }
    }

    /// Begins an element; `path` has the names of those around it and its own.
    pub(super) fn open(&mut self, path: &[String], is_prefixed: bool, text: String) {
        let own = path.last().map_or("", String::as_str);
        let is_html = |names: &[&str]| !is_prefixed && names.contains(&own);
        let name_bytes: usize = path.iter().map(|name| name.len() + 1).sum();
        if name_bytes > MAX_NAME_BYTES {
            self.refuse(format!(
                "the name of an element has more than {MAX_NAME_BYTES} bytes: shorten it"
            ));
        }
        self.count(name_bytes + text.len());
        if self.fault.is_some() {
            return;
        }
        let name = path.join("_");
        self.open.push(OpenField {
            field: self.fields.len(),
            is_inline: path.len() > 1 && is_html(&INLINE),
            is_mixed: false,
            whole: String::new(),
            separates_words: is_html(&BREAKS),
        });
        self.fields.push(Field {
            name,
            is_prefixed,
            text,
        });
    }

    /// Adds text to the element that is open; text between elements of the item belongs to none.
    pub(super) fn add_text(&mut self, text: &str) {
        self.count(text.len());
        if let Some(open) = self.open.last_mut() {
            open.is_mixed |= !text.trim().is_empty();
            open.whole.push_str(text);
            self.fields[open.field].text.push_str(text);
        }
    }

    /// Ends the element that is open.
    pub(super) fn close(&mut self) {
        let Some(mut open) = self.open.pop() else {
            return;
        };
        if open.is_mixed && self.fields.len() > open.field + 1 {
            self.fields.truncate(open.field + 1);
            self.fields[open.field].text.clone_from(&open.whole);
        }
        if open.separates_words {
            open.whole.push(' ');
        }
        if let Some(parent) = self.open.last_mut() {
            parent.is_mixed |= open.is_inline;
            parent.whole.push_str(&open.whole);
        }
    }

    /// Notes that the item cannot be used; the first reason counts.
    pub(super) fn refuse(&mut self, reason: String) {
        self.fault.get_or_insert(reason);
        self.fields.clear();
        self.open.clear();
    }

    fn count(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes > MAX_METADATA_BYTES || self.fields.len() > MAX_COLUMNS {
            self.refuse(format!(
                "the item has more than {MAX_METADATA_BYTES} bytes or {MAX_COLUMNS} elements: make it smaller"
            ));
        }
    }
}
