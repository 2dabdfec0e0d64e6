use std::fmt;

/// The formats that are decoded, as a person writes them.
pub const SUPPORTED_FORMATS: &[&str] = &["JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF"];

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
}

impl PictureFormat {
    /// The media type, e.g. `image/jpeg`.
    pub fn media_type(self) -> &'static str {
        match self {
            PictureFormat::Jpeg => "image/jpeg",
            PictureFormat::Png => "image/png",
            PictureFormat::WebP => "image/webp",
            PictureFormat::Gif => "image/gif",
            PictureFormat::Bmp => "image/bmp",
            PictureFormat::Tiff => "image/tiff",
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
    } else {
        None
    }
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
        assert_eq!(sniff(b"II*\0\x08\0\0\0"), Some(PictureFormat::Tiff));
        assert_eq!(sniff(b"MM\0+\0\x08\0\0"), Some(PictureFormat::Tiff));
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVEfmt "), None);
        assert_eq!(sniff(b""), None);
    }

    #[test]
    fn names_and_media_types_agree_with_the_list() {
        use PictureFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
        let all = [Jpeg, Png, WebP, Gif, Bmp, Tiff];
        assert_eq!(all.len(), SUPPORTED_FORMATS.len());
        for (format, name) in all.into_iter().zip(SUPPORTED_FORMATS) {
            assert_eq!(format.to_string(), *name);
            assert_eq!(
                format.media_type(),
                format!("image/{}", name.to_lowercase())
            );
        }
    }
}
