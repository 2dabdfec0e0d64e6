//! Reading the stream of a table, as Lambda does.

use dynoxide::Database;
use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::storage::Storage;
use serde_json::Value;

/// Maximum number of writes that a stream keeps, of all tables together. AWS keeps them for a day;
/// dynoxide keeps them forever, and reads all of them at each write to number the next.
const MAX_REMEMBERED_WRITES: u32 = 20_000;

/// Makes the streams of a database file drop old records, and find the last one without reading the
/// others.
pub(super) fn keep_short(path: &str) -> Result<(), String> {
    let storage = Storage::new(path).map_err(|error| error.to_string())?;
    let statements = format!(
        "CREATE INDEX IF NOT EXISTS stream_records_in_order
             ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
         CREATE TRIGGER IF NOT EXISTS forget_stream_records
             AFTER INSERT ON _stream_records WHEN NEW.id % 256 = 0
             BEGIN DELETE FROM _stream_records WHERE id <= NEW.id - {MAX_REMEMBERED_WRITES}; END;"
    );
    let done = storage.conn().execute_batch(&statements);
    done.map_err(|error| error.to_string())
}

/// One record of a stream.
#[derive(Debug, Clone)]
pub(crate) struct StreamRecord {
    /// Its position in the stream.
    pub(crate) sequence_number: String,
    /// The record as Lambda passes it to a function.
    pub(crate) event: Value,
}

impl StreamRecord {
    /// Returns the text of an attribute of the item's key.
    pub(crate) fn key(&self, name: &str) -> Option<&str> {
        self.event["dynamodb"]["Keys"][name]["S"].as_str()
    }
}

/// Reads the stream of one table, starting when the reader is made. Every call blocks.
#[derive(Clone)]
pub(crate) struct StreamReader {
    database: Database,
    arn: String,
    next: String,
}

impl StreamReader {
    /// Makes a reader of all later writes to `table`.
    pub(crate) fn latest(database: Database, table: &str) -> Result<Self, String> {
        let describe = DescribeTableRequest {
            table_name: table.to_owned(),
        };
        let described = database.describe_table(describe).map_err(text)?;
        let arn = described.table.latest_stream_arn;
        let arn = arn.ok_or_else(|| format!("table {table} has no stream"))?;
        let describe = DescribeStreamRequest {
            stream_arn: arn.clone(),
            ..DescribeStreamRequest::default()
        };
        let stream = database.describe_stream(describe).map_err(text)?;
        let shards = stream.stream_description.shards;
        let shard = shards.last().ok_or("the stream has no shard")?;
        let request = GetShardIteratorRequest {
            stream_arn: arn.clone(),
            shard_id: shard.shard_id.clone(),
            shard_iterator_type: "LATEST".to_owned(),
            sequence_number: None,
        };
        let reply = database.get_shard_iterator(request).map_err(text)?;
        let next = reply.shard_iterator.ok_or("the shard has ended")?;
        Ok(Self {
            database,
            arn,
            next,
        })
    }

    /// Returns the next records, at most `limit`; none if nothing was written since.
    pub(crate) fn read(&mut self, limit: usize) -> Result<Vec<StreamRecord>, String> {
        let request = GetRecordsRequest {
            shard_iterator: self.next.clone(),
            limit: Some(limit),
        };
        let reply = self.database.get_records(request).map_err(text)?;
        if let Some(next) = reply.next_shard_iterator {
            self.next = next;
        }
        let records = reply.records.into_iter().map(|record| {
            let sequence_number = record.dynamodb.sequence_number.clone();
            let mut event = serde_json::to_value(record).map_err(text)?;
            event["eventSourceARN"] = self.arn.clone().into();
            Ok(StreamRecord {
                sequence_number,
                event,
            })
        });
        records.collect()
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_stream_drops_old_records_and_finds_its_end_without_a_scan() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tables.sqlite");
        let path = path.to_string_lossy();
        keep_short(&path).unwrap();
        keep_short(&path).unwrap();
        let storage = Storage::new(&path).unwrap();
        let connection = storage.conn();
        let writes =
            "WITH RECURSIVE writes(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM writes LIMIT 50000)
            INSERT INTO _stream_records
                (table_name, event_name, keys_json, sequence_number, shard_id, created_at)
            SELECT 't', 'INSERT', '{}', n, 's', 0 FROM writes";
        connection.execute_batch(writes).unwrap();
        let count = "SELECT COUNT(*) FROM _stream_records";
        let kept: u32 = connection.query_row(count, [], |row| row.get(0)).unwrap();
        assert!(
            (MAX_REMEMBERED_WRITES..MAX_REMEMBERED_WRITES + 256).contains(&kept),
            "{kept}"
        );
        for statement in [
            "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = 't'",
            "SELECT keys_json FROM _stream_records
             WHERE table_name = 't' AND shard_id = 's' AND CAST(sequence_number AS INTEGER) > 49990
             ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT 10",
        ] {
            let explain = format!("EXPLAIN QUERY PLAN {statement}");
            let plan: String = connection
                .query_row(&explain, [], |row| row.get(3))
                .unwrap();
            assert!(
                plan.contains("SEARCH") && plan.contains("stream_records_in_order"),
                "{plan}"
            );
        }
    }
}
