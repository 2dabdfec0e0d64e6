//! Embeddings as fixed-point numbers, and queries in the forms with which these are compared.

mod query;
mod rotation;
mod vector;

pub(crate) use query::{Query, QueryForms};
pub(crate) use vector::Basis;
pub use vector::QuantizedVector;
