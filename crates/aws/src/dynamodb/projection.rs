//! The attributes of items that a read returns.

use std::collections::HashMap;

/// Returns a projection expression for these attributes, and the names that it uses: some of them are reserved words of
/// DynamoDB.
pub(crate) fn projection(attributes: &[&str]) -> (String, HashMap<String, String>) {
    let places = (0..attributes.len()).map(|i| format!("#f{i}"));
    let names = places
        .clone()
        .zip(attributes.iter().map(|&name| name.to_owned()));
    let expression = places.clone().collect::<Vec<_>>().join(", ");
    (expression, names.collect())
}
