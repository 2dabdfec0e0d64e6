//! The use cases through the public API, on a cloud in memory.
#![allow(clippy::unwrap_used)]

mod audits;
mod backfill;
mod batches;
mod conformance;
mod convergence;
mod cost;
mod crashes;
mod damage;
mod differences;
mod encoders;
mod expectations;
mod failing_loads;
mod fence;
mod generations;
mod history;
mod limits;
mod maintenance;
mod products;
mod products_meanwhile;
mod queries;
mod query_images;
mod redelivered;
mod schedules;
mod searching;
mod slow_loads;
mod snapshots;
mod standby_indexes;
mod twins;
mod vector_bases;
mod world;
