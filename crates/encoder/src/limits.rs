/// Maximum size of an image file, in bytes: 32 MiB.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Maximum number of pixels of an image: 64 million, as large phone cameras take.
pub const MAX_PIXELS: u64 = 64_000_000;

/// Maximum length of a side, in pixels; also the maximum of JPEG.
pub const MAX_SIDE: u32 = 65_535;
