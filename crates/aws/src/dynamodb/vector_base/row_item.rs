//! A row of a vector base as an item of its table and back.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use lookalike_core::vector_base::{BaseAddress, KeyState, WriterNumber};
use lookalike_index::{Attributes, QuantizedVector, Row};

use super::keys::{DESCRIPTION_KEY, KEY, MAX_KEY_BYTES, is_key, key_of, primary_key};
use crate::dynamodb::item::Item;
use crate::dynamodb::keys::{MAX_PRODUCT_ID_BYTES, is_product_id};

/// The hash key of the index by product.
pub(super) const PRODUCT_ID: &str = "product_id";
/// The vector, which only the vector index reads.
pub(super) const VECTOR: &str = "vector";
/// The slot, the hash attribute of the vector index.
pub(super) const SLOT: &str = "slot";
/// The number of the process that wrote the item.
pub(super) const WRITER: &str = "writer";
/// Seconds since 1970 after which DynamoDB drops the item of a removed row.
pub(super) const EXPIRES: &str = "expires";
const ETAG: &str = "etag";
const ATTRIBUTES: &str = "attributes";
const CODE: &str = "code";

/// The attributes of an item that make a row: neither the vector, whose code is shorter, nor what a search asks for.
pub(super) const ROW_ATTRIBUTES: [&str; 6] = [KEY, PRODUCT_ID, ETAG, ATTRIBUTES, CODE, WRITER];

/// Why a row cannot be stored.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum BadRow {
    #[error("a key has 1 to {MAX_KEY_BYTES} bytes and is not {DESCRIPTION_KEY:?}")]
    Key,
    #[error("a product id has 1 to {MAX_PRODUCT_ID_BYTES} bytes, but that of this image has {0}")]
    ProductId(usize),
    #[error("its vector has {found} components, but those of this base have {expected}")]
    Dimensions { found: usize, expected: usize },
    #[error("its attributes cannot be written as JSON: {0}")]
    Attributes(String),
}

/// Why an item is no entry of a vector base.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum BadItem {
    #[error("its attribute {0:?} is missing or of another type")]
    Attribute(&'static str),
    #[error("its code is not that of a vector with {0} components")]
    Code(usize),
}

/// Returns the name of the attribute for a field of the layout.
pub(super) fn field_name(position: usize) -> String {
    format!("f{position}")
}

/// Returns the numbers of a vector, each in the shortest form that names it.
pub(super) fn numbers(vector: &[f32]) -> Vec<AttributeValue> {
    let numbers = vector.iter().map(|x| AttributeValue::N(format!("{x:?}")));
    numbers.collect()
}

/// Converts a row to an item.
pub(super) fn of_row(base: &BaseAddress, row: &Row, writer: WriterNumber) -> Result<Item, BadRow> {
    if !is_key(&row.key) {
        return Err(BadRow::Key);
    }
    if !is_product_id(&row.product_id) {
        return Err(BadRow::ProductId(row.product_id.len()));
    }
    let (found, expected) = (row.embedding.dimensions(), base.dimensions);
    if found != expected {
        return Err(BadRow::Dimensions { found, expected });
    }
    let attributes = serde_json::to_string(&row.attributes);
    let attributes = attributes.map_err(|error| BadRow::Attributes(error.to_string()))?;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let slot = base.layout.slot_of(&row.product_id);
    let code = Blob::new(row.embedding.to_bytes());
    let mut item: Item = [
        (KEY, text(&row.key)),
        (PRODUCT_ID, text(&row.product_id)),
        (ETAG, text(&row.etag)),
        (ATTRIBUTES, AttributeValue::S(attributes)),
        (CODE, AttributeValue::B(code)),
        (VECTOR, AttributeValue::L(numbers(&row.embedding.to_f32()))),
        (SLOT, AttributeValue::N(slot.to_string())),
        (WRITER, AttributeValue::N(writer.to_string())),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    for term in base.layout.terms_of(&row.attributes) {
        item.insert(field_name(term.field), AttributeValue::S(term.value));
    }
    Ok(item)
}

/// Returns the item that a removed row leaves behind: no index has it, and it expires.
pub(super) fn of_removed(key: &str, writer: WriterNumber, expires: u64) -> Result<Item, BadRow> {
    if !is_key(key) {
        return Err(BadRow::Key);
    }
    let mut item = primary_key(key);
    item.insert(WRITER.to_owned(), AttributeValue::N(writer.to_string()));
    item.insert(EXPIRES.to_owned(), AttributeValue::N(expires.to_string()));
    Ok(item)
}

/// Converts an item, as far as it was read, to key and state.
pub(super) fn to_state(mut item: Item, dimensions: usize) -> Result<(String, KeyState), BadItem> {
    let key = text(&mut item, KEY)?;
    let writer = match item.remove(WRITER) {
        Some(AttributeValue::N(writer)) => writer.parse().ok(),
        _ => None,
    };
    let writer = writer.ok_or(BadItem::Attribute(WRITER))?;
    let is_removed = !item.contains_key(PRODUCT_ID) && !item.contains_key(CODE);
    let row = match is_removed {
        true => None,
        false => Some(row_of(key.clone(), item, dimensions)?),
    };
    Ok((key, KeyState { row, writer }))
}

/// Converts the items of a page or an answer, but for those that are no entries: a damaged item must not fail a search.
pub(super) fn to_states(
    table: &str,
    items: impl IntoIterator<Item = Item>,
    dimensions: usize,
) -> impl Iterator<Item = (String, KeyState)> {
    items.into_iter().filter_map(move |item| {
        let key = key_of(&item).cloned();
        if key.as_deref() == Some(DESCRIPTION_KEY) {
            return None;
        }
        to_state(item, dimensions)
            .inspect_err(|reason| tracing::warn!(table, key, %reason, "an item is no entry of the vector base"))
            .ok()
    })
}

/// Returns the rows among the entries.
pub(super) fn rows(states: impl Iterator<Item = (String, KeyState)>) -> Vec<Row> {
    states.filter_map(|(_, state)| state.row).collect()
}

fn row_of(key: String, mut item: Item, dimensions: usize) -> Result<Row, BadItem> {
    let attributes = text(&mut item, ATTRIBUTES)?;
    let attributes: Attributes =
        serde_json::from_str(&attributes).map_err(|_| BadItem::Attribute(ATTRIBUTES))?;
    let Some(AttributeValue::B(code)) = item.remove(CODE) else {
        return Err(BadItem::Attribute(CODE));
    };
    let embedding = QuantizedVector::from_bytes(code.as_ref(), dimensions);
    Ok(Row {
        key,
        product_id: text(&mut item, PRODUCT_ID)?,
        etag: text(&mut item, ETAG)?,
        attributes,
        embedding: embedding.ok_or(BadItem::Code(dimensions))?,
    })
}

fn text(item: &mut Item, name: &'static str) -> Result<String, BadItem> {
    match item.remove(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(BadItem::Attribute(name)),
    }
}

#[cfg(test)]
mod tests;
