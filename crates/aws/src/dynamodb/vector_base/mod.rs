//! Vector bases in DynamoDB: a table of its own for each, with a vector index.
//!
//! An item of the table is a [row](row_item), or what is left of a removed one until it expires. Rows have what both
//! indexes ask for, so both hold them: the vector index `by-vector`, which searches one slot at a time, and the index
//! `by-product`. Removed rows are in neither. One item more [describes](description) the base: its encoder and layout.

mod admin;
mod description;
mod keys;
mod reader;
mod row_item;
mod schema;
mod search;
mod writer;

use std::fmt;
use std::sync::Arc;

use lookalike_core::host::Host;
use lookalike_index::BaseName;

use crate::clients::Clients;
use crate::dynamodb::table::Table;

/// Vector bases in tables whose names begin with a prefix.
#[derive(Clone)]
pub struct DynamoVectorBase {
    clients: Clients,
    prefix: String,
    host: Arc<dyn Host>,
}

impl DynamoVectorBase {
    /// Reaches the tables named `prefix`, followed by the name of the base. `host` dates what expires.
    pub fn new(clients: &Clients, prefix: impl Into<String>, host: Arc<dyn Host>) -> Self {
        Self {
            clients: clients.clone(),
            prefix: prefix.into(),
            host,
        }
    }

    fn table(&self, name: &BaseName) -> Table {
        self.table_named(name.as_str())
    }

    fn table_named(&self, name: &str) -> Table {
        Table::new(&self.clients, &format!("{}{name}", self.prefix))
    }
}

impl fmt::Debug for DynamoVectorBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("DynamoVectorBase");
        shown.field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
