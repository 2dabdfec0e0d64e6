//! Names of buckets, tables and queues, for errors.

/// The bucket, table or queue of a call, and the variable that names it.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// `bucket`, `table` or `queue`.
    pub(crate) kind: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// The environment variable to correct if it is the wrong one.
    pub(crate) variable: &'static str,
}
