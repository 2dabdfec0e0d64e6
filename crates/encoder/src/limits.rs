/// The largest image file that is read, in bytes: 32 MiB.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The largest image that is decoded, in pixels: 64 million, which is what large phone cameras give.
pub const MAX_PIXELS: u64 = 64_000_000;

/// The longest side that is decoded, in pixels; also the longest that a JPEG can express.
pub const MAX_SIDE: u32 = 65_535;
