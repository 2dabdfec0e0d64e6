//! Metrics and logs as CloudWatch reads them from standard output.

mod emf;
pub mod logging;

pub use emf::{DIMENSION, EmfMetrics, NAMESPACE};
