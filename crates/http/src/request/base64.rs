//! Images inside JSON.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

use crate::problem::{Problem, ProblemKind};

/// Padding is optional: many encoders leave it out.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Returns the bytes of an image in base64, plain or as a `data:` URL; `member` names it in problems.
pub(super) fn decode_image(member: &str, text: &str) -> Result<Bytes, Problem> {
    let refused = |reason: &str| {
        let detail = format!("member \"{member}\" is not an image in base64: {reason}");
        Problem::new(ProblemKind::InvalidBase64, detail)
    };
    let encoded = match text.strip_prefix("data:") {
        Some(url) => match url.split_once(',') {
            Some((head, data)) if head.ends_with(";base64") => data,
            _ => return Err(refused("a data: URL must say ;base64 before its comma")),
        },
        None => text,
    };
    let mut encoded = encoded.as_bytes().to_vec();
    encoded.retain(|byte| !byte.is_ascii_whitespace());
    let url_safe = encoded.iter().any(|byte| b"-_".contains(byte));
    let alphabet = if url_safe { &URL_SAFE } else { &STANDARD };
    let decoded = GeneralPurpose::new(alphabet, CONFIG).decode(&encoded);
    decoded
        .map(Bytes::from)
        .map_err(|error| refused(&error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn all_common_variants_of_base64_are_read() {
        for text in [
            "/+8=",
            "/+8",
            "_-8=",
            "_-8",
            " /+\n8= ",
            "data:image/png;base64,/+8=",
            "data:image/png;name=a.png;base64,_-8",
        ] {
            let found = decode_image("image", text).unwrap();
            assert_eq!(&found[..], [0xff, 0xef], "{text}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["a", "!!!!", "/-8=", "data:image/png,abc", "data:"] {
            let problem = decode_image("query[3].image", text).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidBase64, "{text}");
            assert!(
                problem.detail.contains("query[3].image"),
                "{}",
                problem.detail
            );
        }
    }
}
