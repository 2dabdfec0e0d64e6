//! Entity tags of answers.

use lookalike_search::IndexState;
use sha2::{Digest, Sha256};

/// Returns an entity tag of the joined `content` for this index: `g`, the generation, `-`, and 128 bits of the SHA-256 of
/// both. The digest tells indexes of the same generation apart. `None` if the index cannot be serialized.
pub(crate) fn entity_tag(index: &IndexState, content: [&[u8]; 2]) -> Option<String> {
    let state = serde_json::to_vec(&(index, index.newest)).ok()?;
    let digest = Sha256::new().chain_update(state);
    let digest = content.iter().fold(digest, Sha256::chain_update).finalize();
    let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    let digits: String = digits.collect();
    Some(format!("g{}-{digits}", index.generation))
}
