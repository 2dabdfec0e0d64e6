//! Columns that identify something, by their names.

use crate::sheet::plain_name;

/// Parts of names of columns that identify something.
const IDENTIFIERS: [&str; 25] = [
    "id",
    "ids",
    "ean",
    "ean13",
    "gtin",
    "gtin8",
    "gtin12",
    "gtin13",
    "gtin14",
    "upc",
    "isbn",
    "sku",
    "mpn",
    "asin",
    "barcode",
    "zip",
    "zipcode",
    "postcode",
    "postal",
    "plz",
    "phone",
    "telephone",
    "tel",
    "fax",
    "handle",
];

/// True if the name of a column is that of an identifier.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut words = String::with_capacity(name.len());
    let mut previous = ' ';
    for character in name.chars() {
        // productId is two words.
        if previous.is_lowercase() && character.is_uppercase() {
            words.push('_');
        }
        words.push(character);
        previous = character;
    }
    let words = plain_name(&words);
    words
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| IDENTIFIERS.contains(&word))
}
