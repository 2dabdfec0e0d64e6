//! How rows lie in an engine: slots, and terms for their attributes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use twox_hash::XxHash3_64;

use crate::filter::Number;
use crate::row::Attributes;

/// Maximum number of fields: what one vector index of DynamoDB can filter by.
pub const MAX_FIELDS: usize = 18;
/// Maximum number of slots.
pub const MAX_SLOTS: u32 = 256;
/// Maximum bytes of a text that is a value as it is.
const MAX_TEXT: usize = 200;
/// Number of bands into which the numbers of an attribute are divided.
pub const BANDS: usize = 16;

/// The slots and fields of a vector base. They never change; another layout takes another base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VectorBaseLayout {
    /// Number of slots, a power of two. All images of a product are in one slot. A search asks all slots at once, and
    /// each returns a limited number of rows.
    pub slots: u32,
    /// What the engine can filter by; terms name fields by their position.
    pub fields: Vec<Field>,
}

/// No bound of a band is [`f64::NAN`], because JSON has no such number.
impl Eq for VectorBaseLayout {}

/// Something that an engine can filter by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The attribute.
    pub attribute: String,
    /// Without numbers here, the value of the attribute; otherwise its band: the count of these numbers, ascending, that
    /// are not greater than the value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<f64>,
}

/// The value of a field of a row, or the value that a search wants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// Position of the field.
    pub field: usize,
    /// Its value: a letter for the type, then the value as text; or [`Term::LIST`].
    pub value: String,
}

impl Term {
    /// The value that stands for all lists. Which texts are in a list is seen only once the row was read.
    pub const LIST: &'static str = "*";

    /// True if this stands for lists.
    pub fn is_list(&self) -> bool {
        self.value == Self::LIST
    }

    /// Long texts are told apart by their hash: an engine may limit values, and what it finds is compared again.
    pub(super) fn text(field: usize, text: &str) -> Self {
        let value = match text.len() {
            0..=MAX_TEXT => format!("s{text}"),
            _ => format!("h{:016x}", XxHash3_64::oneshot(text.as_bytes())),
        };
        Self { field, value }
    }

    pub(super) fn number(field: usize, number: Number) -> Self {
        let value = format!("n{}", number.get());
        Self { field, value }
    }

    pub(super) fn boolean(field: usize, boolean: bool) -> Self {
        let value = format!("b{boolean}");
        Self { field, value }
    }

    pub(super) fn band(field: usize, band: usize) -> Self {
        let value = band.to_string();
        Self { field, value }
    }

    pub(super) fn list(field: usize) -> Self {
        let value = Self::LIST.to_owned();
        Self { field, value }
    }
}

impl VectorBaseLayout {
    /// Returns the slot of a product's images.
    pub fn slot_of(&self, product_id: &str) -> u32 {
        let hash = XxHash3_64::oneshot(product_id.as_bytes());
        (hash % u64::from(self.slots)) as u32
    }

    /// Returns the terms of a row with these attributes, at most one of each field.
    pub fn terms_of(&self, attributes: &Attributes) -> Vec<Term> {
        let fields = self.fields.iter().enumerate();
        let terms = fields.filter_map(|(position, field)| {
            let value = attributes.get(&field.attribute)?;
            field.term(position, value)
        });
        terms.collect()
    }

    /// True if this is a layout that this release can use.
    pub(crate) fn is_possible(&self) -> bool {
        let ascends = |bands: &[f64]| bands.windows(2).all(|pair| pair[0] < pair[1]);
        let is_possible = |field: &Field| {
            field.bands.len() < BANDS
                && field.bands.iter().all(|bound| bound.is_finite())
                && ascends(&field.bands)
        };
        self.slots.is_power_of_two()
            && self.slots <= MAX_SLOTS
            && self.fields.len() <= MAX_FIELDS
            && self.fields.iter().all(is_possible)
    }
}

impl Field {
    /// Returns the term of a value; `None` if no search for this field can be meant to find it.
    fn term(&self, position: usize, value: &Value) -> Option<Term> {
        if !self.bands.is_empty() {
            let number = value.as_f64()?;
            return Some(Term::band(position, self.band_of(number)));
        }
        match value {
            Value::String(text) => Some(Term::text(position, text)),
            Value::Bool(boolean) => Some(Term::boolean(position, *boolean)),
            Value::Number(number) => {
                let number = number.as_f64().and_then(Number::new)?;
                Some(Term::number(position, number))
            }
            Value::Array(_) => Some(Term::list(position)),
            Value::Null | Value::Object(_) => None,
        }
    }

    /// Returns the band that a number is in.
    pub(super) fn band_of(&self, number: f64) -> usize {
        self.bands.partition_point(|bound| *bound <= number)
    }
}
