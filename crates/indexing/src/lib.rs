//! Keeps the index in line with the bucket.
//!
//! [`Indexer::index_keys`] takes the keys that events name. It reads the object that is at each key now,
//! embeds it, publishes one delta for the batch and then looks again: keys that changed meanwhile are done
//! again. So any order, any repetition and any crash end in the same index. [`Indexer::index_redelivered`] does
//! this for one key whose image may have ended an earlier try. [`Indexer::maintain`]
//! keeps the index small and fast, after the batch and only while there is time.
//!
//! Rows also keep the declared attributes of their products, which are in the table.
//! [`Indexer::index_products`] takes the products that events name, and gives their rows the attributes that the
//! table has now; embeddings stay as they are.
//!
//! While the encoder of a catalog is changed there are several indexes, each of its own encoder, and each is kept in
//! line: [`Indexer::begin_building`] adds one, [`Indexer::switch`] makes it the searched one.

#![forbid(unsafe_code)]

mod attributes_check;
mod backoff;
mod batch_run;
mod current;
mod embeddings;
mod encoder_collector;
mod encoder_identity;
mod encoder_migration;
mod error;
mod failed_images;
mod garbage_collector;
mod handler;
mod healing;
mod index_ports;
mod index_reader;
mod indexer;
mod inspect;
mod maintenance;
mod manifest_edit;
mod migration_error;
mod new_segment;
mod observation;
mod observe;
mod outdated;
mod product_attributes;
mod products;
mod publish;
mod rebuild;
mod rebuild_cost;
mod records;
mod redelivered;
mod relabeled;
mod report;
mod rollback;
mod segment_fetch;
mod targets;
mod time_budget;
mod uploads;
mod vector_base;
mod vector_base_error;
mod verify;

pub use encoder_migration::{Building, Coverage, Switched};
pub use error::IndexingError;
pub use garbage_collector::Collected;
pub use handler::{Handler, HandlerError};
pub use healing::Healed;
pub use index_ports::IndexPorts;
pub use indexer::{IndexSettings, Indexer};
pub use inspect::Difference;
pub use migration_error::MigrationError;
pub use outdated::{IndexedImage, Outdated};
pub use report::{BackfillReport, BatchReport, MaintenanceReport, Outcome, ProductsReport};
pub use rollback::RollbackError;
pub use vector_base::{BaseComparison, BaseMigration, RECALL_FLOOR, VectorBaseState};
pub use vector_base_error::VectorBaseError;
pub use verify::{StandbyReport, VerifyReport};
