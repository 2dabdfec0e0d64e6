//! Creating tables that are missing.

use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::update_table::UpdateTableRequest;
use serde_json::{Value, json};

use crate::StartError;

/// Creates the table of a `CreateTable` request, unless there is one with its name; that one gets
/// the stream of the request, if any: tables of earlier releases have none.
pub(super) fn create(database: &Database, request: &Value) -> Result<(), StartError> {
    let table = request
        .get("TableName")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let fail = |reason: String| StartError::Table {
        table: table.clone(),
        reason,
    };
    let describe = DescribeTableRequest {
        table_name: table.clone(),
    };
    if let Ok(described) = database.describe_table(describe) {
        let has_stream = described.table.latest_stream_arn.is_some();
        let wanted = request.get("StreamSpecification");
        let Some(stream) = wanted.filter(|_| !has_stream) else {
            return Ok(());
        };
        let update = json!({"TableName": table, "StreamSpecification": stream});
        let update: UpdateTableRequest =
            serde_json::from_value(update).map_err(|error| fail(error.to_string()))?;
        let updated = database.update_table(update);
        return updated.map(drop).map_err(|error| fail(error.to_string()));
    }
    let request: CreateTableRequest =
        serde_json::from_value(request.clone()).map_err(|error| fail(error.to_string()))?;
    database
        .create_table(request)
        .map_err(|error| fail(error.to_string()))?;
    Ok(())
}
