//! Cursors of pages.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lookalike_search::rewritten_cursor;
use sha2::{Digest, Sha256};

use crate::bounds::within;

/// Reads the bytes as the text of a cursor, and as what its digest is about. A cursor that is read is the only text for
/// its content.
pub fn cursor(bytes: &[u8]) {
    let digest = &Sha256::digest(bytes)[..4];
    let bound = BASE64_URL_SAFE_NO_PAD.encode([&[1], digest, bytes].concat());
    for text in [std::str::from_utf8(bytes).ok(), Some(&bound)] {
        let Some(text) = text else { continue };
        let size = text.len() as u64;
        // A row takes an address, sixteen bytes, in a vector that doubles.
        let written = within(100 * size + (64 << 10), size, || rewritten_cursor(text));
        if let Some(written) = written {
            assert_eq!(written, text);
        }
    }
}
