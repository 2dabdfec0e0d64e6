//! The index through its public interface.
#![allow(clippy::unwrap_used, missing_docs)]

mod algebra;
mod audit;
mod codec;
mod filters;
mod golden;
mod large;
mod memory;
mod policy;
mod relabel;
mod search;
mod selective;
mod shop;
mod sides;
mod support;
