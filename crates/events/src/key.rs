//! Form-encoded keys, as S3 writes them in notifications.

use std::str::Utf8Error;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The characters that are percent-encoded. A space becomes a plus sign, and a plus sign is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b' ')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b'/');

/// Encodes a key as S3 does: like the value of a form's field, except for slashes.
pub fn encode_key(key: &str) -> String {
    utf8_percent_encode(key, ENCODED)
        .to_string()
        .replace(' ', "+")
}

/// Decodes a form-encoded key: `+` becomes a space before percent-encoded characters are resolved.
///
/// # Errors
/// If the decoded bytes are not UTF-8, which every key in S3 is.
pub fn decode_key(encoded: &str) -> Result<String, Utf8Error> {
    let spaced = encoded.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(|key| key.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_form_encoded() {
        let encoded = encode_key("catalog/a b+c%/ü_-.*.jpg");
        assert_eq!(encoded, "catalog/a+b%2Bc%25/%C3%BC_-.*.jpg");
    }

    #[test]
    fn keys_that_are_not_utf8_are_refused() {
        assert!(decode_key("catalog/%FF.jpg").is_err());
    }

    proptest! {
        #[test]
        fn decoding_reverses_encoding(key in any::<String>()) {
            let encoded = encode_key(&key);
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(decode_key(&encoded).ok(), Some(key));
        }
    }
}
