//! An item of the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// One item: attribute name to value.
pub(crate) type Item = HashMap<String, AttributeValue>;
