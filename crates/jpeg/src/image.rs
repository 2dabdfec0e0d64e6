/// A decoded image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Number of pixels in a row.
    pub width: u32,
    /// Number of rows.
    pub height: u32,
    /// `3 * width * height` bytes: red, green and blue of each pixel, row by row from the top, as stored.
    pub pixels: Vec<u8>,
}
