//! Reading the stream of a table, as Lambda does.

use dynoxide::Database;
use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::storage::Storage;
use serde_json::Value;

/// Writes that a stream remembers, of all tables together. Where AWS keeps them for a day, dynoxide keeps
/// them for ever, and looks at all of them at each write to number the next.
const REMEMBERED: u32 = 20_000;

/// Lets the streams in a database file forget, and find the last record without looking at the others.
pub(super) fn keep_short(path: &str) -> Result<(), String> {
    let storage = Storage::new(path).map_err(|error| error.to_string())?;
    let statements = format!(
        "CREATE INDEX IF NOT EXISTS stream_records_in_order
             ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
         CREATE TRIGGER IF NOT EXISTS forget_stream_records
             AFTER INSERT ON _stream_records WHEN NEW.id % 256 = 0
             BEGIN DELETE FROM _stream_records WHERE id <= NEW.id - {REMEMBERED}; END;"
    );
    let done = storage.conn().execute_batch(&statements);
    done.map_err(|error| error.to_string())
}

/// One record of a stream.
#[derive(Debug, Clone)]
pub(crate) struct StreamRecord {
    /// Its place in the stream.
    pub(crate) sequence_number: String,
    /// The record as Lambda hands it to a function.
    pub(crate) event: Value,
}

impl StreamRecord {
    /// The text of an attribute of the item's key.
    pub(crate) fn key(&self, name: &str) -> Option<&str> {
        self.event["dynamodb"]["Keys"][name]["S"].as_str()
    }
}

/// Reads the stream of one table, from the moment on at which the reader was made. Every call blocks.
#[derive(Clone)]
pub(crate) struct StreamReader {
    database: Database,
    arn: String,
    next: String,
}

impl StreamReader {
    /// A reader of what will be written to `table`.
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

    /// The records that follow, at most `limit`; none when nothing was written since.
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
