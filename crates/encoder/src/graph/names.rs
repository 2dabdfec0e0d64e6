/// The metadata entry that names the value of the pooled features.
pub(super) const FEATURES_KEY: &str = "lookalike.features";
/// Name of the value of the pooled features.
pub(super) const FEATURES_NAME: &str = "lookalike.pooled_features";
/// Prefix of the metadata entries of this program.
pub(super) const OURS: &str = "lookalike.";
