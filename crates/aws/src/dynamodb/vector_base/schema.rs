//! The definition of a vector base's table.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, IndexStatus, KeySchemaElement, KeyType,
    Projection, ProjectionType, ScalarAttributeType, SearchSchemaElement, SearchSchemaElementType,
    TableDescription, TableStatus, VectorAttributeDefinition, VectorDistanceFunction, VectorIndex,
    VectorIndexDescription,
};
use lookalike_core::vector_base::BaseAddress;

use super::keys::KEY;
use super::row_item::{PRODUCT_ID, ROW_ATTRIBUTES, SLOT, VECTOR, field_name};

/// The index of keys by product.
pub(super) const BY_PRODUCT: &str = "by-product";
/// The vector index.
pub(super) const BY_VECTOR: &str = "by-vector";

/// Adds the definition of a base's table to a request.
pub(super) fn define(
    request: CreateTableFluentBuilder,
    base: &BaseAddress,
) -> Result<CreateTableFluentBuilder, BuildError> {
    let mut request = request
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key(KEY, KeyType::Hash)?)
        .attribute_definitions(attribute(KEY, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(PRODUCT_ID, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(SLOT, ScalarAttributeType::N)?);
    for name in field_names(base) {
        request = request.attribute_definitions(attribute(&name, ScalarAttributeType::S)?);
    }
    let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly);
    let by_product = GlobalSecondaryIndex::builder()
        .index_name(BY_PRODUCT)
        .key_schema(key(PRODUCT_ID, KeyType::Hash)?)
        .key_schema(key(KEY, KeyType::Range)?)
        .projection(keys_only.build())
        .build()?;
    let request = request.global_secondary_indexes(by_product);
    Ok(request.vector_indexes(vector_index(base)?))
}

fn vector_index(base: &BaseAddress) -> Result<VectorIndex, BuildError> {
    // The key is projected into every index.
    let projected = ROW_ATTRIBUTES.iter().filter(|name| **name != KEY);
    let projection = Projection::builder()
        .projection_type(ProjectionType::Include)
        .set_non_key_attributes(Some(projected.map(|&name| name.to_owned()).collect()));
    let vector = VectorAttributeDefinition::builder().attribute_name(VECTOR);
    let mut index = VectorIndex::builder()
        .index_name(BY_VECTOR)
        .vector_attribute(vector.build()?)
        .dimensions(base.dimensions as i64)
        .distance_function(VectorDistanceFunction::Cosine)
        .projection(projection.build())
        .search_schema(searched(SLOT, SearchSchemaElementType::Hash)?);
    for name in field_names(base) {
        index = index.search_schema(searched(&name, SearchSchemaElementType::InlineFilter)?);
    }
    index.build()
}

/// True if the table is one of a vector base, of any layout.
pub(super) fn is_vector_base(table: &TableDescription) -> bool {
    let keys = table
        .key_schema()
        .iter()
        .map(KeySchemaElement::attribute_name);
    keys.eq([KEY]) && by_vector(table).is_some()
}

/// True if the table is one of a base with as many dimensions and fields.
pub(super) fn fits(table: &TableDescription, base: &BaseAddress) -> bool {
    let searched: BTreeSet<String> = [SLOT.to_owned()]
        .into_iter()
        .chain(field_names(base))
        .collect();
    let has_schema = |index: &VectorIndexDescription| {
        let found = index.search_schema().iter();
        let found = found.map(|element| element.attribute_name().to_owned());
        index.dimensions() == Some(base.dimensions as i64)
            && found.collect::<BTreeSet<_>>() == searched
    };
    let has_index = |name| {
        let mut indexes = table.global_secondary_indexes().iter();
        indexes.any(|index| index.index_name() == Some(name))
    };
    is_vector_base(table) && by_vector(table).is_some_and(has_schema) && has_index(BY_PRODUCT)
}

/// True if table and vector index are ready.
pub(super) fn is_active(table: &TableDescription) -> bool {
    let status = by_vector(table).and_then(VectorIndexDescription::index_status);
    table.table_status() == Some(&TableStatus::Active) && status == Some(&IndexStatus::Active)
}

fn by_vector(table: &TableDescription) -> Option<&VectorIndexDescription> {
    let mut indexes = table.vector_indexes().iter();
    indexes.find(|index| index.index_name() == Some(BY_VECTOR))
}

fn field_names(base: &BaseAddress) -> impl Iterator<Item = String> {
    (0..base.layout.fields.len()).map(field_name)
}

fn attribute(name: &str, kind: ScalarAttributeType) -> Result<AttributeDefinition, BuildError> {
    let definition = AttributeDefinition::builder().attribute_name(name);
    definition.attribute_type(kind).build()
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, BuildError> {
    let element = KeySchemaElement::builder().attribute_name(name);
    element.key_type(kind).build()
}

fn searched(name: &str, kind: SearchSchemaElementType) -> Result<SearchSchemaElement, BuildError> {
    let element = SearchSchemaElement::builder().attribute_name(name);
    element.search_schema_element_type(kind).build()
}
