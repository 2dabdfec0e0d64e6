//! The search of one slot as a request.

use aws_sdk_dynamodb::operation::search_vectors::builders::SearchVectorsFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use lookalike_core::vector_base::{MAX_FOUND, SlotQuery};

use super::row_item::{ROW_ATTRIBUTES, SLOT, field_name, numbers};
use super::schema::BY_VECTOR;
use crate::dynamodb::projection::projection;
use crate::dynamodb::table::Table;

/// Returns the number of rows that a query asks DynamoDB for.
pub(super) fn top_of(query: &SlotQuery<'_>) -> usize {
    query.top.clamp(1, MAX_FOUND)
}

/// Makes the request for a query.
pub(super) fn request(table: &Table, query: &SlotQuery<'_>) -> SearchVectorsFluentBuilder {
    let (expression, names) = projection(&ROW_ATTRIBUTES);
    let slot = AttributeValue::N(query.slot.to_string());
    let mut conditions = vec!["#slot = :slot".to_owned()];
    let mut request = table
        .client()
        .search_vectors()
        .table_name(table.name())
        .index_name(BY_VECTOR)
        .set_search_vector(Some(numbers(query.vector)))
        .top_k(top_of(query) as i32)
        .projection_expression(expression)
        .set_expression_attribute_names(Some(names))
        .expression_attribute_names("#slot", SLOT)
        .expression_attribute_values(":slot", slot)
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    for (i, term) in query.terms.iter().enumerate() {
        conditions.push(format!("#term{i} = :term{i}"));
        let value = AttributeValue::S(term.value.clone());
        request = request
            .expression_attribute_names(format!("#term{i}"), field_name(term.field))
            .expression_attribute_values(format!(":term{i}"), value);
    }
    request.search_condition_expression(conditions.join(" AND "))
}
