/// A decoded image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `3 * width * height` bytes: red, green and blue of each pixel, row by row from the top, as stored.
    pub pixels: Vec<u8>,
}
