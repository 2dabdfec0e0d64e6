//! The value by which requests show that they came through the shop's own network.

use std::fmt;

use sha2::{Digest, Sha256};

/// The value that a content delivery network adds to every request, kept as a digest so that no log can show it.
#[derive(Clone, PartialEq, Eq)]
pub struct OriginSecret([u8; 32]);

impl OriginSecret {
    /// Reads a secret of 16 to 256 printable ASCII characters without spaces; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        ((16..=256).contains(&text.len()) && is_plain).then(|| Self::digest(text.as_bytes()))
    }

    /// True if this is the secret. Comparing digests takes equally long wherever two values differ, so the time of the
    /// answer does not tell how much of a guess is right.
    pub fn matches(&self, value: &[u8]) -> bool {
        Self::digest(value) == *self
    }

    fn digest(value: &[u8]) -> Self {
        Self(Sha256::digest(value).into())
    }
}

impl fmt::Debug for OriginSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OriginSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_the_secret_itself_matches() {
        let secret = OriginSecret::parse("0123456789abcdef").unwrap();
        assert!(secret.matches(b"0123456789abcdef"));
        for other in [
            "",
            "0123456789abcde",
            "0123456789abcdef ",
            "0123456789ABCDEF",
        ] {
            assert!(!secret.matches(other.as_bytes()), "{other:?}");
        }
        assert!(!format!("{secret:?}").contains("0123"));
    }

    #[test]
    fn short_long_and_unprintable_texts_are_no_secrets() {
        for text in [
            "",
            "short",
            "sixteen letters ",
            "ümlautümlautümlaut",
            &"x".repeat(257),
        ] {
            assert_eq!(OriginSecret::parse(text), None, "{text:?}");
        }
    }
}
