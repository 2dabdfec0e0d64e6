//! Short texts that stand for long answers.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

/// A text of 32 digits that is the same for what is the same as JSON, and else most likely another. `None` for what
/// is no JSON.
pub(super) fn digest(value: &impl Serialize) -> Option<String> {
    let mut hash = Hashing(Sha256::new());
    serde_json::to_writer(&mut hash, value).ok()?;
    let digest = hash.0.finalize();
    let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    Some(digits.collect())
}

/// Takes what is written for what is hashed.
struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
