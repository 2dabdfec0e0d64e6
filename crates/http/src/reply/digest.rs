//! Short texts that stand for long answers.

use sha2::{Digest, Sha256};

/// A text of 32 digits that is the same for the same bytes, however they are cut, and else most likely another.
pub(super) fn digest(parts: [&[u8]; 2]) -> String {
    let digest = parts
        .iter()
        .fold(Sha256::new(), Sha256::chain_update)
        .finalize();
    let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    digits.collect()
}
