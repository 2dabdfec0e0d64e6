/// Values in a [`CacheLine`].
pub(crate) const LINE: usize = 16;

/// 64 bytes, aligned to a cache line: weights are stored in these, so that no register is loaded
/// from two lines.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct CacheLine(pub(crate) [f32; LINE]);

// Safety: sixteen `f32` fill its 64 bytes; every bit pattern is a valid value, including all zeros.
unsafe impl bytemuck::Zeroable for CacheLine {}
// Safety: as above; it is `Copy`, has no padding and holds no pointer.
unsafe impl bytemuck::Pod for CacheLine {}

impl CacheLine {
    /// Zeros.
    pub(crate) const ZERO: CacheLine = CacheLine([0.0; LINE]);
}
