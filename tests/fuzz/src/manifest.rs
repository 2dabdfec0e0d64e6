//! Manifests.

use std::fmt::Write;

use lookalike_index::{Manifest, Role};
use serde::Deserialize;
use serde_json::value::RawValue;
use twox_hash::XxHash3_64;

use crate::bounds::within;

/// The parts of an envelope, and of what is in it, that a repair needs.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    manifest: &'a RawValue,
}

#[derive(Deserialize)]
struct Inside {
    fingerprint: String,
    #[serde(default)]
    sides: Vec<serde::de::IgnoredAny>,
}

/// Decodes the bytes as they are, and with an envelope that fits what is in it.
pub fn manifest(bytes: &[u8]) {
    decoded(bytes);
    if let Some(repaired) = repaired(bytes) {
        decoded(&repaired);
    }
}

/// Writes an envelope around the manifest of another one, or around the bytes themselves.
fn repaired(bytes: &[u8]) -> Option<Vec<u8>> {
    let inner = match serde_json::from_slice::<Envelope<'_>>(bytes) {
        Ok(envelope) => envelope.manifest.get(),
        Err(_) => std::str::from_utf8(bytes).ok()?.trim(),
    };
    let Inside { fingerprint, sides } = serde_json::from_str(inner).ok()?;
    let version = if sides.is_empty() { 1 } else { 2 };
    let checksum = XxHash3_64::oneshot(inner.as_bytes());
    let mut text = String::new();
    let fingerprint = serde_json::Value::from(fingerprint);
    write!(
        text,
        r#"{{"format":"lookalike manifest","version":{version},"fingerprint":{fingerprint},"#
    )
    .ok()?;
    write!(text, r#""checksum":"{checksum:016x}","manifest":{inner}}}"#).ok()?;
    Some(text.into_bytes())
}

/// A manifest that is decoded is encoded to one that is equal, and so is each of those that a writer makes of it.
fn decoded(bytes: &[u8]) {
    let size = bytes.len() as u64;
    // An empty entry of the history, ten bytes, takes some 400 while it is read, and there are several copies.
    within(2000 * size + (1 << 20), size, || {
        let manifest = match Manifest::decode(bytes) {
            Ok(manifest) => manifest,
            Err(error) => {
                assert!(error.to_string().len() <= bytes.len() + 1000);
                return;
            }
        };
        again(&manifest);
        for fingerprint in manifest.fingerprints() {
            let index = manifest.index_of(fingerprint).expect("it is one of them");
            again(&index);
            assert_eq!(manifest.with_index(index).as_ref(), Some(&manifest));
        }
        for role in [Role::Building, Role::Previous] {
            for changed in [manifest.with_switched(role), manifest.without_standby(role)] {
                changed.iter().for_each(again);
            }
        }
    });
}

fn again(manifest: &Manifest) {
    assert_eq!(Manifest::decode(&manifest.encode()).as_ref(), Ok(manifest));
}
