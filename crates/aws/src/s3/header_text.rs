//! Text in headers: S3 keeps user metadata that is not ASCII only as encoded words of RFC 2047, and
//! returns such words.

use aws_smithy_types::base64;
use percent_encoding::percent_decode_str;

/// Encodes `text` for a header: unchanged if it is plain, otherwise as one encoded word in UTF-8.
pub(crate) fn encode(text: &str) -> String {
    let plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        && text.trim() == text
        && !text.contains("=?");
    if plain {
        text.to_owned()
    } else {
        format!("=?UTF-8?B?{}?=", base64::encode(text))
    }
}

/// Decodes the text in a header. Everything except encoded words in UTF-8 stays unchanged.
pub(crate) fn decode(header: &str) -> String {
    let mut decoded = Vec::new();
    let mut rest = header;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let (before, word) = rest.split_at(start);
        match encoded_word(word) {
            Some((bytes, length)) => {
                // White space between two words only separates them.
                if !(after_word && before.trim().is_empty()) {
                    decoded.extend_from_slice(before.as_bytes());
                }
                decoded.extend(bytes);
                rest = &word[length..];
                after_word = true;
            }
            None => {
                decoded.extend_from_slice(before.as_bytes());
                decoded.extend_from_slice(b"=?");
                rest = &word[2..];
                after_word = false;
            }
        }
    }
    decoded.extend_from_slice(rest.as_bytes());
    // A word may end inside a character, so only the whole can be checked.
    String::from_utf8(decoded).unwrap_or_else(|_| header.to_owned())
}

/// Returns the bytes of the encoded word at the start of `text`, and the word's length.
fn encoded_word(text: &str) -> Option<(Vec<u8>, usize)> {
    let mut parts = text.strip_prefix("=?")?.splitn(3, '?');
    let (charset, encoding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (content, _) = rest.split_once("?=")?;
    let is_utf8 = ["utf-8", "us-ascii"]
        .iter()
        .any(|known| charset.eq_ignore_ascii_case(known));
    let bytes = match encoding {
        _ if !is_utf8 => None,
        "B" | "b" => base64::decode(content).ok(),
        // The Q encoding is percent-encoding with other signs.
        "Q" | "q" => {
            let escaped = content
                .replace('%', "%25")
                .replace('_', " ")
                .replace('=', "%");
            Some(percent_decode_str(&escaped).collect())
        }
        _ => None,
    }?;
    let length = "=?".len() + charset.len() + 1 + encoding.len() + 1 + content.len() + "?=".len();
    Some((bytes, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_is_left_alone() {
        for text in ["", "1163", "red shoe, size 9", "50 % off = good?", "a_b"] {
            assert_eq!(encode(text), text);
            assert_eq!(decode(text), text);
        }
    }

    #[test]
    fn words_of_other_writers_are_read() {
        for (header, text) in [
            ("=?UTF-8?Q?R=C3=B6cke?=", "Röcke"),
            ("=?utf-8?q?a_b=3F_100%?=", "a b? 100%"),
            ("=?UTF-8?B?UsO2Y2tl?=", "Röcke"),
            ("=?UTF-8?B?UsM=?= =?UTF-8?B?tmNrZQ==?=", "Röcke"),
            ("x =?UTF-8?B?w7Y=?= y", "x ö y"),
            ("=?ISO-8859-1?Q?R=F6cke?=", "=?ISO-8859-1?Q?R=F6cke?="),
            ("=?UTF-8?B?not base64?=", "=?UTF-8?B?not base64?="),
            ("=?UTF-8?B?/w==?=", "=?UTF-8?B?/w==?="),
            ("=?", "=?"),
        ] {
            assert_eq!(decode(header), text);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in ".{0,40}") {
            let header = encode(&text);
            prop_assert!(header.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
            prop_assert_eq!(decode(&header), text);
        }

        #[test]
        fn no_header_is_too_much(header in "[=?A-Za-z8_ -]{0,40}") {
            decode(&header);
        }
    }
}
