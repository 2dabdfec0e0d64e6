//! Parts of a request that have no effect.

use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Maximum number of parts that a reply names.
const MAX_NAMED: usize = 16;

/// Maximum number of characters of a field's name that a reply repeats.
const MAX_SHOWN_NAME: usize = 40;
/// The characters of a name that would end the text of the header, or look like its end.
const UNSAFE: &AsciiSet = &CONTROLS.add(b'"').add(b'\'').add(b'\\').add(b'%');

/// The parts of a request that had no effect. A browser sends fields that a page needs for itself, and a program may
/// give an option twice: such a request is answered, but not without a word.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ignored(Vec<String>);

impl Ignored {
    /// Adds a form field with this name.
    pub(super) fn field(&mut self, name: &str) {
        let shown: String = name.chars().take(MAX_SHOWN_NAME).collect();
        let shown = utf8_percent_encode(&shown, UNSAFE);
        self.add(format!("field '{shown}'"));
    }

    /// Adds a part in words, which have neither quotes nor line breaks.
    pub(super) fn add(&mut self, part: String) {
        if self.0.len() < MAX_NAMED && !self.0.contains(&part) {
            self.0.push(part);
        }
    }

    /// Returns the value of the header `Warning`, RFC 9111 5.5; `None` if everything had an effect.
    pub(crate) fn warning(&self) -> Option<HeaderValue> {
        if self.0.is_empty() {
            return None;
        }
        HeaderValue::try_from(format!("199 - \"Ignored: {}\"", self.0.join(", "))).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn any_name_fits_into_a_header() {
        let mut ignored = Ignored::default();
        assert_eq!(ignored.warning(), None);
        for name in [
            "utm",
            "a\"b\r\nx: y",
            "grün \u{1f680}",
            &"x".repeat(10_000),
            "utm",
        ] {
            ignored.field(name);
        }
        let warning = ignored.warning().unwrap();
        let text = warning.to_str().unwrap();
        assert!(text.starts_with("199 - \"Ignored: field 'utm', "), "{text}");
        assert_eq!(
            (text.matches('"').count(), text.matches("utm").count()),
            (2, 1)
        );
        assert!(text.len() < 300, "{text}");
        (0..100).for_each(|number| ignored.field(&number.to_string()));
        assert!(ignored.warning().unwrap().len() < 1000);
    }
}
