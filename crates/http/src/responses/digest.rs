//! Digests of answers.

use sha2::{Digest, Sha256};

/// Returns 128 bits of the SHA-256 of the parts, in hexadecimal.
pub(super) fn digest(parts: [&[u8]; 2]) -> String {
    let digest = parts
        .iter()
        .fold(Sha256::new(), Sha256::chain_update)
        .finalize();
    let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    digits.collect()
}
