//! The files of the built-in encoder.

pub(crate) const NAME: &str = "lite0-general";
pub(crate) static MODEL: &[u8] = include_bytes!("../../../models/lite0-general/model.onnx");
pub(crate) static CONFIG: &[u8] =
    include_bytes!("../../../models/lite0-general/preprocessor_config.json");
/// SHA-256 that the build script computed from exactly this file.
pub(crate) static SHA256: &[u8; 32] = include_bytes!(concat!(env!("OUT_DIR"), "/model.sha256"));
/// The network as the build script compiled it.
pub(crate) static NETWORK: &Aligned<[u8]> =
    &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/network.bin")));

/// Bytes aligned to a cache line, as the weights of a compiled network must be.
#[repr(align(64))]
pub(crate) struct Aligned<B: ?Sized>(pub(crate) B);
