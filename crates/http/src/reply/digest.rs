//! Short texts that stand for long answers.

use sha2::{Digest, Sha256};

/// A text of 32 digits that is the same for the same bytes, and else most likely another.
pub(super) fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    digits.collect()
}
