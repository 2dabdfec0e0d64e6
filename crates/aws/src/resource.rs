//! The bucket, table or queue that a call goes to.

/// The bucket, table or queue that a call goes to, and the variable that chose it.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// `bucket`, `table` or `queue`.
    pub(crate) kind: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// The environment variable to look at when it is the wrong one.
    pub(crate) variable: &'static str,
}
