//! The files of the encoder that is part of the binary.

pub(crate) const NAME: &str = "lite0-clothing";
pub(crate) static MODEL: &[u8] = include_bytes!("../../../models/lite0-clothing/model.onnx");
pub(crate) static CONFIG: &[u8] =
    include_bytes!("../../../models/lite0-clothing/preprocessor_config.json");
/// Computed by the build script from the very file above.
pub(crate) static SHA256: &[u8; 32] = include_bytes!(concat!(env!("OUT_DIR"), "/model.sha256"));
/// The network as the build script compiled it.
pub(crate) static NETWORK: &Aligned<[u8]> =
    &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/network.bin")));

/// Bytes that begin a line of the cache, as the weights of a compiled network have to.
#[repr(align(64))]
pub(crate) struct Aligned<B: ?Sized>(pub(crate) B);
