use std::fmt;

/// The formats that are decoded, as a person writes them.
pub const SUPPORTED_FORMATS: &[&str] = &["JPEG", "PNG", "WebP", "GIF"];

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
}

impl PictureFormat {
    /// The media type, e.g. `image/jpeg`.
    pub fn media_type(self) -> &'static str {
        match self {
            PictureFormat::Jpeg => "image/jpeg",
            PictureFormat::Png => "image/png",
            PictureFormat::WebP => "image/webp",
            PictureFormat::Gif => "image/gif",
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
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_formats_are_seen_in_their_first_bytes() {
        assert_eq!(sniff(&[0xFF, 0xD8, 0xFF, 0xE0]), Some(PictureFormat::Jpeg));
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n...."), Some(PictureFormat::Png));
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), Some(PictureFormat::WebP));
        assert_eq!(sniff(b"GIF89a"), Some(PictureFormat::Gif));
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVEfmt "), None);
        assert_eq!(sniff(b""), None);
    }

    #[test]
    fn names_and_media_types_agree_with_the_list() {
        use PictureFormat::{Gif, Jpeg, Png, WebP};
        for (format, name) in [Jpeg, Png, WebP, Gif].into_iter().zip(SUPPORTED_FORMATS) {
            assert_eq!(format.to_string(), *name);
            assert_eq!(
                format.media_type(),
                format!("image/{}", name.to_lowercase())
            );
        }
    }
}
