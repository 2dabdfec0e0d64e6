//! The interface from outside: every request goes through the real router, over stores in memory.

#![allow(clippy::unwrap_used)]

mod audit;
mod bad_input;
mod caching;
mod contract;
mod documents;
mod envelope;
mod filters;
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
