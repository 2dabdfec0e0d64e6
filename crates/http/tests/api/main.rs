//! The HTTP interface: every request goes through the real router, over stores in memory.

#![allow(clippy::unwrap_used)]

mod audit;
mod bad_images;
mod bad_input;
mod bad_queries;
mod caching;
mod contract;
mod cors;
mod crops;
mod documents;
mod drawings;
mod entity_tags;
mod envelope;
mod filters;
mod forms;
mod images;
mod index;
mod origin;
mod pages;
mod products;
mod queries;
mod results;
mod search;
mod stores;
mod support;
mod uploads;
