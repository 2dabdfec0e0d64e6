//! The index through its public interface.
#![allow(clippy::unwrap_used, missing_docs)]

mod algebra;
mod attributes_update;
mod audit;
mod codec;
mod filter_model;
mod filtering;
mod golden;
mod graph_recall;
mod graph_search;
mod large_catalog;
mod matches;
mod memory;
mod policy;
mod search;
mod selections;
mod selective;
mod separation;
mod shop;
mod small_group;
mod standby;
mod support;
