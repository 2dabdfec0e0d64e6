use lookalike_index::Fingerprint;

/// The encoder that made an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EncoderIdentity {
    pub(crate) name: String,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) dimensions: usize,
}
