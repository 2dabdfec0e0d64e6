//! The encoding of a file.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::error::TableError;

/// Bytes without a character in Windows-1252.
const NOT_IN_1252: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];
/// Bytes at the start of a file that show whether it is UTF-16, and that hold an XML declaration.
const START_BYTES: usize = 256;

/// The encoding of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextEncoding(&'static Encoding);

impl Default for TextEncoding {
    fn default() -> Self {
        Self(UTF_8)
    }
}

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.name() {
            // What the Encoding Standard calls Windows-1252 is the same, in lower case.
            "windows-1252" => f.write_str("Windows-1252"),
            name => f.write_str(name),
        }
    }
}

/// The text of a file.
#[derive(Debug)]
pub(crate) struct DecodedText<'a> {
    /// UTF-8, apart from single broken lines.
    pub(crate) bytes: Cow<'a, [u8]>,
    /// The encoding of the file.
    pub(crate) encoding: TextEncoding,
    /// True if nothing in the file names its encoding, and its bytes leave it open.
    pub(crate) is_assumed: bool,
}

/// Returns the text of a file as UTF-8, and the encoding it had.
pub(crate) fn decode(bytes: &[u8]) -> Result<DecodedText<'_>, TableError> {
    let (encoding, is_assumed, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, false, &bytes[length..]),
        None => {
            let (encoding, is_assumed) = without_mark(bytes)?;
            (encoding, is_assumed, bytes)
        }
    };
    let bytes = if encoding == UTF_8 {
        bytes.into()
    } else {
        let (text, has_errors) = encoding.decode_without_bom_handling(bytes);
        if has_errors {
            return Err(TableError::Encoding(TextEncoding(encoding).to_string()));
        }
        text.into_owned().into_bytes().into()
    };
    Ok(DecodedText {
        bytes,
        encoding: TextEncoding(encoding),
        is_assumed,
    })
}

/// Returns the encoding of a file without a byte order mark, and true if it is assumed.
fn without_mark(bytes: &[u8]) -> Result<(&'static Encoding, bool), TableError> {
    if let Some(encoding) = utf_16(bytes) {
        return Ok((encoding, false));
    }
    if let Some(name) = declared_in_xml(bytes) {
        let encoding = Encoding::for_label(name);
        let unknown = || TableError::UnknownEncoding(String::from_utf8_lossy(name).into_owned());
        let encoding = encoding.ok_or_else(unknown)?;
        // A declaration that was read byte by byte is not in UTF-16, whatever it says.
        let is_utf_16 = encoding == UTF_16LE || encoding == UTF_16BE;
        return Ok((if is_utf_16 { UTF_8 } else { encoding }, false));
    }
    let is_1252 = std::str::from_utf8(bytes).is_err()
        && !has_utf_8(bytes)
        && !bytes.iter().any(|byte| NOT_IN_1252.contains(byte));
    Ok((if is_1252 { WINDOWS_1252 } else { UTF_8 }, is_1252))
}

/// Returns UTF-16 if every second byte at the start is zero, as in text that is mostly ASCII.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = &bytes[..bytes.len().min(START_BYTES) & !1];
    let zeros = |parity: usize| {
        let bytes = start.iter().skip(parity).step_by(2);
        bytes.filter(|byte| **byte == 0).count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    let most = start.len() / 2 - start.len() / 16;
    match start.len() < 4 {
        true => None,
        false if even == 0 && odd >= most => Some(UTF_16LE),
        false if odd == 0 && even >= most => Some(UTF_16BE),
        false => None,
    }
}

/// Returns the encoding that an XML declaration names.
fn declared_in_xml(bytes: &[u8]) -> Option<&[u8]> {
    let start = &bytes[..bytes.len().min(START_BYTES)];
    let end = start.windows(2).position(|two| two == b"?>")?;
    let declaration = start[..end].strip_prefix(b"<?xml")?;
    let name = b"encoding=";
    let position = declaration.windows(name.len()).position(|w| w == name)?;
    let value = &declaration[position + name.len()..];
    let (quote, value) = value.split_first()?;
    value.split(|byte| byte == quote).next()
}

/// True if a part of the bytes is a character of several bytes in UTF-8: then the rest is damaged UTF-8, and not another
/// encoding.
fn has_utf_8(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn decoded(bytes: &[u8]) -> (String, String) {
        let text = decode(bytes).unwrap();
        (
            String::from_utf8_lossy(&text.bytes).into_owned(),
            text.encoding.to_string(),
        )
    }

    #[test]
    fn encodings_are_recognized() {
        let utf_16 = |text: &str, swap: bool| -> Vec<u8> {
            let units = text.encode_utf16();
            let bytes = |unit: u16| {
                if swap {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            };
            units.flat_map(bytes).collect()
        };
        let table = "id,größe\n1,ü\n";
        for (bytes, name) in [
            (table.as_bytes().to_vec(), "UTF-8"),
            ([b"\xef\xbb\xbf", table.as_bytes()].concat(), "UTF-8"),
            (utf_16(&format!("\u{feff}{table}"), false), "UTF-16LE"),
            (utf_16(&format!("\u{feff}{table}"), true), "UTF-16BE"),
            (utf_16(table, false), "UTF-16LE"),
            (utf_16(table, true), "UTF-16BE"),
            (b"id,gr\xf6\xdfe\n1,\xfc\n".to_vec(), "Windows-1252"),
        ] {
            assert_eq!(decoded(&bytes), (table.to_owned(), name.to_owned()));
        }
        let xml = b"<?xml version='1.0' encoding='windows-1251'?>\xc0";
        assert!(decoded(xml).0.ends_with('А'));
        assert!(decode(b"<?xml encoding=\"klingon\"?>").is_err());
        let xml = "<?xml version=\"1.0\" encoding=\"utf-16\"?>ü";
        assert_eq!(
            decoded(xml.as_bytes()),
            (xml.to_owned(), "UTF-8".to_owned())
        );
    }

    #[test]
    fn damaged_utf_8_is_not_another_encoding() {
        assert_eq!(decoded("ü\n".as_bytes()).1, "UTF-8");
        assert_eq!(decoded(b"\xc3\xbc,\xff\n").1, "UTF-8");
        assert_eq!(decoded(b"a,\x81\n").1, "UTF-8");
        assert!(decode(b"\xff\xfea\0\x00\xd8").is_err());
        assert_eq!(decoded(b"").0, "");
        assert_eq!(decoded(b"a").0, "a");
    }
}
