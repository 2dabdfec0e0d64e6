//! Names for other files that people send, for error messages.

use crate::format::has_brand;

/// Number of bytes at the beginning that are examined to decide if something is text.
const TEXT_WINDOW: usize = 1024;

/// The format of iPhone photos, and the setting that changes it.
const HEIC: &str = "HEIC (on an iPhone, choose Settings, Camera, Formats, Most Compatible)";

/// Signatures at the start of a file, longest first where one begins another.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"FUJIFILMCCD-RAW", "camera raw (RAF)"),
    (b"IIU\0", "camera raw (RW2)"),
    (b"IIRO", "camera raw (ORF)"),
    (b"IIRS", "camera raw (ORF)"),
    (b"MMOR", "camera raw (ORF)"),
    (b"FOVb", "camera raw (X3F)"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"8BPS", "Photoshop document"),
    (b"qoif", "QOI"),
    (b"DDS ", "DDS texture"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"\x00\x00\x01\x00", "icon (ICO)"),
    (b"PK\x03\x04", "ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x1aE\xdf\xa3", "Matroska or WebM video"),
    (b"RIFF", "RIFF file that is not WebP"),
];

/// Guesses the kind of the bytes for a person, e.g. `PDF`, `HEIC` or `text`. Never empty.
pub(crate) fn name(bytes: &[u8]) -> String {
    let named = SIGNATURES
        .iter()
        .find(|(signature, _)| bytes.starts_with(signature));
    if let Some((_, name)) = named {
        return (*name).to_owned();
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return iso_media(bytes).to_owned();
    }
    match beginning_of_text(bytes) {
        Some(text) => markup(text).to_owned(),
        None => "data of an unknown kind".to_owned(),
    }
}

/// Names images and videos in ISO base media files by their brands (ISO/IEC 14496-12).
fn iso_media(bytes: &[u8]) -> &'static str {
    let has = |brand: &[u8; 4]| has_brand(bytes, brand);
    if has(b"avis") {
        "AVIF animation"
    } else if has(b"crx ") {
        "camera raw (CR3)"
    } else if has(b"heic") || has(b"heix") || has(b"hevc") || has(b"mif1") || has(b"msf1") {
        HEIC
    } else {
        "MP4 or QuickTime video"
    }
}

/// Returns the beginning as text if it is UTF-8 without control characters. A multi-byte character
/// may be cut at the end of the window.
fn beginning_of_text(bytes: &[u8]) -> Option<&str> {
    let window = &bytes[..bytes.len().min(TEXT_WINDOW)];
    let text = match std::str::from_utf8(window) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&window[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let printable = text
        .chars()
        .all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    (printable && !text.is_empty()).then_some(text)
}

fn markup(text: &str) -> &'static str {
    let text = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_ascii_lowercase();
    if text.starts_with("<svg") || (text.starts_with("<?xml") && text.contains("<svg")) {
        "SVG"
    } else if text.starts_with("<!doctype html") || text.starts_with("<html") {
        "HTML"
    } else if text.starts_with("<?xml") {
        "XML"
    } else if text.starts_with('{') || text.starts_with('[') {
        "JSON or other text"
    } else {
        "text"
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn common_files_are_named() {
        for (bytes, expected) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], super::HEIC),
            (b"\0\0\0\x18ftypcrx \0\0\0\0crx isom", "camera raw (CR3)"),
            (b"\xff\x0a\xfa", "JPEG XL"),
            (b"\xff\x4f\xff\x51\0", "JPEG 2000"),
            (b"\0\0\0\x1cftypavis\0\0\0\0msf1avis", "AVIF animation"),
            (
                b"\0\0\0\x18ftypisom\0\0\0\0isomiso2",
                "MP4 or QuickTime video",
            ),
            (b"%PDF-1.7", "PDF"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
            (b"<?xml version='1.0'?>\n<svg/>", "SVG"),
            (b"<!DOCTYPE html><p>not found", "HTML"),
            (b"{\"image\": \"\"}", "JSON or other text"),
            ("a cat, drawn in words: ~ö~".as_bytes(), "text"),
            (b"\x01\x02\x03", "data of an unknown kind"),
            (b"\xff\xd8", "data of an unknown kind"),
            (b"", "data of an unknown kind"),
        ] {
            assert_eq!(name(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_character_cut_at_the_edge_of_the_window_is_still_text() {
        let long = format!("a{}", "é".repeat(2000));
        assert_eq!(name(long.as_bytes()), "text");
    }
}
