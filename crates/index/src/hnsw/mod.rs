//! The neighbor graph over the vectors of a base (HNSW, Malkov and Yashunin 2016): building, searching and measuring
//! it.
//!
//! [`builder`] decides the order of insertion, calls [`instant_distance`] to build, and completes
//! the links with [`connectivity`]. The segment stores the links of the bottom layer, on which
//! [`search`] walks. [`ef_tuning`] measures how many candidates a walk needs for the required
//! recall.

mod beam;
mod builder;
mod connectivity;
pub(crate) mod cost_model;
mod ef_tuning;
mod insertion_order;
mod instant_distance;
mod links;
mod parameters;
pub(crate) mod search;

pub(crate) use beam::BeamLimits;
pub(crate) use builder::{BuiltGraph, build};
pub(crate) use ef_tuning::{EfTuning, is_worthwhile, required_recall, tune_ef};
pub(crate) use links::Links;
pub use parameters::GraphParameters;
