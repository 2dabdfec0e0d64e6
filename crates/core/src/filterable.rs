//! The members of products' metadata that the index keeps for filters, and the form in which it
//! keeps them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use lookalike_index::{Attributes, CATEGORY};
use serde_json::{Number, Value};

use crate::model::Metadata;

/// Maximum number of names that can be declared.
const MAX_NAMES: usize = 32;
/// Maximum bytes of a name.
const MAX_NAME: usize = 128;
/// Maximum bytes of a text.
const MAX_TEXT: usize = 1024;
/// Maximum bytes of all texts of a list together.
const MAX_LIST: usize = 4096;
/// From here on, integers are not all distinct as 64-bit floating point numbers, which are what
/// filters compare.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Names with a meaning of their own in filters.
const RESERVED: [&str; 3] = ["and", "or", "not"];
/// Characters between a name and a value in a filter, or between two names.
const OPERATORS: [char; 5] = ['=', '!', '<', '>', ','];

/// The declared filterable attributes, by name. `category` is always among them.
///
/// ```
/// use lookalike_core::Filterable;
///
/// let filterable: Filterable = "price, brand".parse()?;
/// assert_eq!(filterable.to_string(), "brand,category,price");
/// # Ok::<(), lookalike_core::NotFilterable>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filterable(Arc<BTreeSet<String>>);

/// The reason why names cannot be declared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFilterable {
    /// A name that cannot be used in a filter.
    #[error(
        "{0:?} cannot be filterable: a name has 1 to {MAX_NAME} bytes, none of them a control character \
         or one of `= ! < > ,`, and is not `and`, `or` or `not`"
    )]
    Name(String),
    /// Too many names.
    #[error("{0} attributes are declared, at most {MAX_NAMES} can be")]
    TooMany(usize),
}

/// The reason why the index does not keep a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfilterable {
    /// A text over the limit.
    #[error("the text has {0} bytes, at most {MAX_TEXT} can be filtered by")]
    LongText(usize),
    /// A list whose texts together are over the limit.
    #[error("the list has {0} bytes of text, at most {MAX_LIST} can be filtered by")]
    LongList(usize),
    /// A list of something other than texts.
    #[error("only lists of texts can be filtered by")]
    NoTexts,
    /// A map.
    #[error("it has members of its own, which cannot be filtered by")]
    Nested,
}

impl Default for Filterable {
    /// Declares only `category`.
    fn default() -> Self {
        Self(Arc::new(BTreeSet::from([CATEGORY.to_owned()])))
    }
}

impl FromStr for Filterable {
    type Err = NotFilterable;

    /// Parses names separated by commas; an empty text declares only `category`.
    fn from_str(text: &str) -> Result<Self, NotFilterable> {
        let names = text.split(',').map(str::trim);
        let mut declared = BTreeSet::from([CATEGORY.to_owned()]);
        for name in names.filter(|name| !name.is_empty()) {
            if !is_name(name) {
                return Err(NotFilterable::Name(name.to_owned()));
            }
            declared.insert(name.to_owned());
        }
        match declared.len() {
            0..=MAX_NAMES => Ok(Self(Arc::new(declared))),
            many => Err(NotFilterable::TooMany(many)),
        }
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && !name.contains(OPERATORS)
        && !name.contains(char::is_control)
        && !RESERVED.contains(&name)
}

impl fmt::Display for Filterable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.names().collect();
        f.write_str(&names.join(","))
    }
}

impl Filterable {
    /// Returns the names, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Returns the declared values of a product that the index does not keep, each with the reason.
    pub fn unfilterable<'a>(
        &'a self,
        metadata: &'a Metadata,
    ) -> impl Iterator<Item = (&'a str, Unfilterable)> {
        self.names().filter_map(|name| {
            let refused = kept(metadata.get(name)?).err()?;
            Some((name, refused))
        })
    }

    /// Returns the part of a product's metadata that the index keeps.
    pub fn of_product(&self, metadata: &Metadata) -> Attributes {
        let declared = self.names().filter_map(|name| {
            let value = kept(metadata.get(name)?).ok().flatten()?;
            Some((name.to_owned(), value))
        });
        declared.collect()
    }
}

/// Returns the attributes that the index keeps of an image: those of its product, and the image's
/// own category if the product has none.
pub fn attributes(of_product: &Attributes, own_category: Option<String>) -> Attributes {
    let mut attributes = of_product.clone();
    let own = own_category.map(Value::from);
    if let Some(Ok(Some(category))) = own.as_ref().map(kept) {
        attributes.entry(CATEGORY.to_owned()).or_insert(category);
    }
    attributes
}

/// Returns the one form in which a value is kept; nothing for empty values.
fn kept(value: &Value) -> Result<Option<Value>, Unfilterable> {
    Ok(match value {
        Value::Null => None,
        Value::Bool(value) => Some(Value::Bool(*value)),
        Value::Number(value) => number(value).map(Value::Number),
        Value::String(text) if text.len() > MAX_TEXT => {
            return Err(Unfilterable::LongText(text.len()));
        }
        Value::String(text) => (!text.is_empty()).then(|| Value::String(text.clone())),
        Value::Array(values) => list(values)?,
        Value::Object(_) => return Err(Unfilterable::Nested),
    })
}

/// Returns a list of texts, each once and ascending: the order of a set in DynamoDB has no meaning.
fn list(values: &[Value]) -> Result<Option<Value>, Unfilterable> {
    let texts: Option<BTreeSet<&str>> = values.iter().map(Value::as_str).collect();
    let mut texts = texts.ok_or(Unfilterable::NoTexts)?;
    texts.remove("");
    if let Some(long) = texts.iter().find(|text| text.len() > MAX_TEXT) {
        return Err(Unfilterable::LongText(long.len()));
    }
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    if bytes > MAX_LIST {
        return Err(Unfilterable::LongList(bytes));
    }
    Ok((!texts.is_empty()).then(|| texts.into_iter().collect()))
}

/// Returns the one number that stands for all numbers that filters treat as equal, and that is read
/// from the index as it was written: 50.0 becomes 50. Parsing a number of 17 digits may return one
/// that differs in the last bit, so it is parsed until it stays the same.
fn number(value: &Number) -> Option<Number> {
    let mut value = value.as_f64().filter(|value| value.is_finite())?;
    for _ in 0..8 {
        if value.fract() == 0.0 && value.abs() < EXACT {
            return Some(Number::from(value as i64));
        }
        let written = Number::from_f64(value)?;
        let read: f64 = serde_json::from_str(&written.to_string()).ok()?;
        if read.to_bits() == value.to_bits() {
            return Some(written);
        }
        value = read;
    }
    None
}

#[cfg(test)]
mod tests;
