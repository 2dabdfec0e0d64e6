//! The handlers.

pub(crate) mod audit;
mod cache_policy;
pub(crate) mod health;
pub(crate) mod images;
pub(crate) mod index;
mod json;
pub(crate) mod page;
pub(crate) mod products;
pub(crate) mod search;
pub(crate) mod uploads;
