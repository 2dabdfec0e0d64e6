//! Encoding and decoding manifests.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use twox_hash::XxHash3_64;

use super::{Manifest, OBJECT};
use crate::error::IndexError;
use crate::ids::{Fingerprint, SegmentId};

const FORMAT: &str = "lookalike manifest";
/// The version of a manifest of one index.
const SINGLE: u32 = 1;
/// The version of a manifest with standby indexes.
const WITH_STANDBY: u32 = 2;
/// The version of a manifest with a vector base.
const WITH_VECTOR_BASE: u32 = 3;

#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    format: String,
    version: u32,
    fingerprint: Fingerprint,
    checksum: String,
    #[serde(borrow)]
    manifest: &'a RawValue,
}

impl Manifest {
    /// Encodes the object to store.
    pub fn encode(&self) -> Vec<u8> {
        let body = serde_json::to_string(self).expect("a manifest is plain data");
        let checksum = checksum(&body);
        let body = RawValue::from_string(body).expect("serde_json wrote it");
        serde_json::to_vec(&Envelope {
            format: FORMAT.to_owned(),
            version: self.version(),
            fingerprint: self.fingerprint,
            checksum,
            manifest: &body,
        })
        .expect("an envelope is plain data")
    }

    /// Decodes a stored manifest, of any encoder.
    ///
    /// # Errors
    /// [`IndexError::NotOurs`], [`IndexError::Version`], [`IndexError::Checksum`] or
    /// [`IndexError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        let head: Option<Head> = serde_json::from_slice(bytes).ok();
        let Some(Head {
            format: Some(format),
            version: Some(version),
        }) = head
        else {
            return Err(not_ours(bytes));
        };
        if format != FORMAT {
            return Err(not_ours(bytes));
        }
        if !(SINGLE..=WITH_VECTOR_BASE).contains(&version) {
            return Err(IndexError::Version {
                object: OBJECT,
                expected: WITH_VECTOR_BASE,
                found: version,
            });
        }
        let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
        let found = checksum(envelope.manifest.get());
        if found != envelope.checksum {
            return Err(IndexError::Checksum {
                object: OBJECT,
                expected: envelope.checksum,
                found,
            });
        }
        let manifest: Self = serde_json::from_str(envelope.manifest.get()).map_err(malformed)?;
        if manifest.fingerprint != envelope.fingerprint {
            return Err(malformed("the envelope names another encoder"));
        }
        if manifest.version() > version {
            return Err(malformed(
                "it has standby indexes or a vector base, which its version does not have",
            ));
        }
        manifest.check()?;
        Ok(manifest)
    }

    /// Rejects what no writer publishes: contradictions, and numbers that would harm a reader.
    fn check(&self) -> Result<(), IndexError> {
        let ids: BTreeSet<SegmentId> = self.entries().map(|entry| entry.id).collect();
        if ids.len() != self.entries().count() {
            return Err(malformed("it names a segment twice"));
        }
        for entry in self.entries() {
            if let Some(bad) = entry.match_thresholds.filter(|known| !known.is_possible()) {
                return Err(malformed(format!("its scores are not in order: {bad:?}")));
            }
            if !entry.is_possible() {
                let (id, bytes, meta_bytes) = (entry.id, entry.bytes, entry.meta_bytes);
                return Err(malformed(format!(
                    "it lists segment {id} with {bytes} bytes, {meta_bytes} of them meta"
                )));
            }
        }
        if let Some(entry) = self.vector_bases().find(|entry| !entry.is_possible()) {
            let name = &entry.name;
            return Err(malformed(format!(
                "its vector base {name} cannot have this layout or state"
            )));
        }
        let encoders: BTreeSet<Fingerprint> = self.fingerprints().collect();
        if encoders.len() != self.fingerprints().count() {
            return Err(malformed("it has two indexes of one encoder"));
        }
        Ok(())
    }

    fn version(&self) -> u32 {
        if self.vector_bases().next().is_some() {
            WITH_VECTOR_BASE
        } else if self.standby_indexes.is_empty() {
            SINGLE
        } else {
            WITH_STANDBY
        }
    }
}

fn checksum(body: &str) -> String {
    format!("{:016x}", XxHash3_64::oneshot(body.as_bytes()))
}

fn not_ours(bytes: &[u8]) -> IndexError {
    let start = &bytes[..bytes.len().min(40)];
    IndexError::NotOurs {
        object: OBJECT,
        found: format!("{:?}", String::from_utf8_lossy(start)),
    }
}

fn malformed(reason: impl ToString) -> IndexError {
    IndexError::Malformed {
        object: OBJECT,
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests;
