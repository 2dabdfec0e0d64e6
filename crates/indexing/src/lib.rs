//! Keeping the index what the bucket says.
//!
//! [`Indexer::index_keys`] is handed the keys that events name. It reads what is at each key now,
//! embeds it, publishes one delta for the batch and then looks again: what changed meanwhile is done
//! again. So any order, any repetition and any crash end in the same index. [`Indexer::index_redelivered`] does
//! the same for one key whose image may be what ended an earlier try. [`Indexer::maintain`]
//! keeps the index small and fast, after the batch and only while there is time.
//!
//! Rows also keep the declared attributes of their products, which are in the table.
//! [`Indexer::index_products`] is handed the products that events name, and makes their rows say what the
//! table says now; embeddings stay as they are.
//!
//! While the encoder of a catalog is changed there are several indexes, each of its own encoder, and all
//! of this goes for each of them: [`Indexer::begin_building`] adds one, [`Indexer::switch`] has it
//! searched.

#![forbid(unsafe_code)]

mod batch;
mod batch_run;
mod compact;
mod compaction_commit;
mod current;
mod embeddings;
mod encoder_identity;
mod encoder_migration;
mod garbage_collector;
mod handler;
mod indexer;
mod inspect;
mod lease;
mod new_segment;
mod observe;
mod outdated;
mod product_attributes;
mod products;
mod proposal;
mod publish;
mod records;
mod redelivered;
mod report;
mod targets;
mod time_budget;
mod verify;

pub use encoder_migration::{Building, Coverage, MigrationError, Switched};
pub use handler::{Handler, HandlerError};
pub use indexer::{IndexPorts, IndexSettings, Indexer};
pub use inspect::Difference;
pub use outdated::{IndexedImage, Outdated};
pub use report::{BatchReport, IndexingError, MaintenanceReport, Outcome, ProductsReport};
pub use verify::{StandbyReport, VerifyReport};
