use std::fmt;

/// The formats that are decoded, as a person writes them.
pub const SUPPORTED_FORMATS: &[&str] = &["JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF"];

/// A picture format that is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureFormat {
    /// JPEG: baseline and progressive; grey, YCbCr, RGB, CMYK and YCCK.
    Jpeg,
    /// PNG: all colour types, 1 to 16 bits.
    Png,
    /// WebP: lossy and lossless; the first frame of an animation.
    WebP,
    /// GIF: the first frame.
    Gif,
    /// BMP: all kinds but those with another format inside.
    Bmp,
    /// TIFF: the first page; grey, RGB and CMYK, plain or compressed without loss.
    Tiff,
    /// AVIF: still images in one piece, 8 to 12 bits.
    Avif,
}

impl PictureFormat {
    /// All formats, in the order of [`SUPPORTED_FORMATS`].
    pub const ALL: [PictureFormat; SUPPORTED_FORMATS.len()] = [
        PictureFormat::Jpeg,
        PictureFormat::Png,
        PictureFormat::WebP,
        PictureFormat::Gif,
        PictureFormat::Bmp,
        PictureFormat::Tiff,
        PictureFormat::Avif,
    ];

    /// The media type, e.g. `image/jpeg`.
    pub fn media_type(self) -> &'static str {
        match self {
            PictureFormat::Jpeg => "image/jpeg",
            PictureFormat::Png => "image/png",
            PictureFormat::WebP => "image/webp",
            PictureFormat::Gif => "image/gif",
            PictureFormat::Bmp => "image/bmp",
            PictureFormat::Tiff => "image/tiff",
            PictureFormat::Avif => "image/avif",
        }
    }
}

impl fmt::Display for PictureFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            PictureFormat::Jpeg => "JPEG",
            PictureFormat::Png => "PNG",
            PictureFormat::WebP => "WebP",
            PictureFormat::Gif => "GIF",
            PictureFormat::Bmp => "BMP",
            PictureFormat::Tiff => "TIFF",
            PictureFormat::Avif => "AVIF",
        })
    }
}

/// The format that the first bytes show, whatever the file is called; `None` when it is not decoded here.
pub fn sniff(bytes: &[u8]) -> Option<PictureFormat> {
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Some(PictureFormat::Jpeg)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(PictureFormat::Png)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(PictureFormat::WebP)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some(PictureFormat::Gif)
    } else if is_bmp(bytes) {
        Some(PictureFormat::Bmp)
    } else if TIFF.iter().any(|signature| bytes.starts_with(*signature)) {
        Some(PictureFormat::Tiff)
    } else if has_brand(bytes, b"avif") {
        Some(PictureFormat::Avif)
    } else {
        None
    }
}

/// Whether an ISO base media file (ISO/IEC 14496-12) begins with this brand among its own.
pub(crate) fn has_brand(bytes: &[u8], brand: &[u8; 4]) -> bool {
    let length = bytes.first_chunk::<4>();
    let length = length.map_or(0, |length| u32::from_be_bytes(*length));
    // The list of brands is short, whatever its length says.
    let end = (length.min(256) as usize).min(bytes.len());
    let brands = bytes.get(8..end).unwrap_or_default();
    bytes.get(4..8) == Some(b"ftyp") && brands.chunks_exact(4).any(|found| found == brand)
}

/// TIFF with the low byte first or the high one, and the same with sizes of eight bytes.
const TIFF: [&[u8; 4]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];

/// Two letters begin many a text; the length of the header behind them tells.
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
        assert_eq!(sniff(&[0xFF, 0xD8, 0xFF, 0xE0]), Some(PictureFormat::Jpeg));
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n...."), Some(PictureFormat::Png));
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), Some(PictureFormat::WebP));
        assert_eq!(sniff(b"GIF89a"), Some(PictureFormat::Gif));
        let bmp = b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0";
        assert_eq!(sniff(bmp), Some(PictureFormat::Bmp));
        assert_eq!(sniff(b"BM, a text of more than a few words"), None);
        let avif = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif";
        assert_eq!(sniff(avif), Some(PictureFormat::Avif));
        assert_eq!(sniff(b"II*\0\x08\0\0\0"), Some(PictureFormat::Tiff));
        assert_eq!(sniff(b"MM\0+\0\x08\0\0"), Some(PictureFormat::Tiff));
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVEfmt "), None);
        assert_eq!(sniff(b""), None);
    }

    #[test]
    fn names_and_media_types_agree_with_the_list() {
        for (format, name) in PictureFormat::ALL.into_iter().zip(SUPPORTED_FORMATS) {
            assert_eq!(format.to_string(), *name);
            assert_eq!(
                format.media_type(),
                format!("image/{}", name.to_lowercase())
            );
        }
    }
}
