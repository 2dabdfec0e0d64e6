use std::fmt;

/// The supported formats, as a person writes them.
pub const SUPPORTED_FORMATS: &[&str] = &["JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF"];

/// A supported image format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageFormat {
    /// JPEG: baseline and progressive; gray, YCbCr, RGB, CMYK and YCCK.
    Jpeg,
    /// PNG: all color types, 1 to 16 bits.
    Png,
    /// WebP: lossy and lossless; the first frame of an animation.
    WebP,
    /// GIF: the first frame.
    Gif,
    /// BMP: all kinds except those with another format inside.
    Bmp,
    /// TIFF: the first page; gray, RGB and CMYK, uncompressed or with lossless compression.
    Tiff,
    /// AVIF: still images in one piece, 8 to 12 bits.
    Avif,
}

impl ImageFormat {
    /// All formats, in the order of [`SUPPORTED_FORMATS`].
    pub const ALL: [ImageFormat; SUPPORTED_FORMATS.len()] = [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Gif,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::Avif,
    ];

    /// Returns the media type, e.g. `image/jpeg`.
    pub fn media_type(self) -> &'static str {
        match self {
            ImageFormat::Jpeg => "image/jpeg",
            ImageFormat::Png => "image/png",
            ImageFormat::WebP => "image/webp",
            ImageFormat::Gif => "image/gif",
            ImageFormat::Bmp => "image/bmp",
            ImageFormat::Tiff => "image/tiff",
            ImageFormat::Avif => "image/avif",
        }
    }
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ImageFormat::Jpeg => "JPEG",
            ImageFormat::Png => "PNG",
            ImageFormat::WebP => "WebP",
            ImageFormat::Gif => "GIF",
            ImageFormat::Bmp => "BMP",
            ImageFormat::Tiff => "TIFF",
            ImageFormat::Avif => "AVIF",
        })
    }
}

/// Returns the format according to the first bytes, whatever the file's name; `None` if it is not
/// supported.
pub fn sniff(bytes: &[u8]) -> Option<ImageFormat> {
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Some(ImageFormat::Jpeg)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(ImageFormat::Png)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(ImageFormat::WebP)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some(ImageFormat::Gif)
    } else if is_bmp(bytes) {
        Some(ImageFormat::Bmp)
    } else if TIFF.iter().any(|signature| bytes.starts_with(*signature)) {
        Some(ImageFormat::Tiff)
    } else if has_brand(bytes, b"avif") {
        Some(ImageFormat::Avif)
    } else {
        None
    }
}

/// True if an ISO base media file (ISO/IEC 14496-12) lists this brand.
pub(crate) fn has_brand(bytes: &[u8], brand: &[u8; 4]) -> bool {
    let length = bytes.first_chunk::<4>();
    let length = length.map_or(0, |length| u32::from_be_bytes(*length));
    // The list of brands is short, whatever its stated length.
    let end = (length.min(256) as usize).min(bytes.len());
    let brands = bytes.get(8..end).unwrap_or_default();
    bytes.get(4..8) == Some(b"ftyp") && brands.chunks_exact(4).any(|found| found == brand)
}

/// TIFF with the low byte first or the high one, and both with sizes of eight bytes.
const TIFF: [&[u8; 4]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];

/// True for a BMP file. Many texts begin with the same two letters; the length of the header after
/// them decides.
fn is_bmp(bytes: &[u8]) -> bool {
    let length = bytes.get(14..18).and_then(<[u8]>::first_chunk);
    let length = length.map(|&length| u32::from_le_bytes(length));
    bytes.starts_with(b"BM") && matches!(length, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formats_are_seen_in_their_first_bytes() {
        assert_eq!(sniff(&[0xFF, 0xD8, 0xFF, 0xE0]), Some(ImageFormat::Jpeg));
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n...."), Some(ImageFormat::Png));
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), Some(ImageFormat::WebP));
        assert_eq!(sniff(b"GIF89a"), Some(ImageFormat::Gif));
        let bmp = b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0";
        assert_eq!(sniff(bmp), Some(ImageFormat::Bmp));
        assert_eq!(sniff(b"BM, a text of more than a few words"), None);
        let avif = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif";
        assert_eq!(sniff(avif), Some(ImageFormat::Avif));
        assert_eq!(sniff(b"II*\0\x08\0\0\0"), Some(ImageFormat::Tiff));
        assert_eq!(sniff(b"MM\0+\0\x08\0\0"), Some(ImageFormat::Tiff));
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVEfmt "), None);
        assert_eq!(sniff(b""), None);
    }

    #[test]
    fn names_and_media_types_agree_with_the_list() {
        for (format, name) in ImageFormat::ALL.into_iter().zip(SUPPORTED_FORMATS) {
            assert_eq!(format.to_string(), *name);
            assert_eq!(
                format.media_type(),
                format!("image/{}", name.to_lowercase())
            );
        }
    }
}
