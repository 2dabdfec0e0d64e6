#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::Manifest;
use crate::ids::Fingerprint;

fn empty() -> Manifest {
    Manifest::empty("test", Fingerprint([7; 32]), 16)
}

fn all() -> Changed {
    Changed {
        added: 3,
        replaced: 1,
        removed: 2,
        updated: 4,
        merged: 5,
        rebuilt: 6,
        step: Some(Step::EncoderBegun),
        standby: Some(Role::Building),
    }
}

#[test]
fn an_entry_takes_a_few_dozen_bytes() {
    let entry = HistoryEntry {
        generation: 12,
        at: 1_767_225_600_000,
        changed: Changed {
            added: 3,
            ..Changed::default()
        },
    };
    let text = serde_json::to_string(&entry).unwrap();
    assert_eq!(text, r#"{"generation":12,"at":1767225600000,"added":3}"#);
    let entry = HistoryEntry {
        changed: all(),
        ..entry
    };
    let text = serde_json::to_string(&entry).unwrap();
    assert!(text.len() < 160, "{text}");
    assert_eq!(serde_json::from_str::<HistoryEntry>(&text).unwrap(), entry);
}

#[test]
fn a_later_release_may_say_more() {
    let mut manifest = empty();
    manifest.record(2, all());
    let mut later = serde_json::to_value(&manifest).unwrap();
    let entries = later["history"].as_array_mut().unwrap();
    for (name, value) in [
        ("step", json!("polished")),
        ("cost", json!({"euro": 1})),
        ("side", json!("tried")),
        ("added", json!({"again": 3})),
    ] {
        let mut entry = entries[0].clone();
        entry[name] = value;
        entries.push(entry);
    }
    let read: Manifest = serde_json::from_value(later).unwrap();
    let steps = read.history.iter().map(|entry| entry.changed.step);
    let known = Some(Step::EncoderBegun);
    assert!(
        steps.eq([known, Some(Step::Other), known]),
        "{:?}",
        read.history
    );
}

#[test]
fn changes_are_described_in_words() {
    let added = Changed {
        added: 1,
        removed: 2,
        ..Changed::default()
    };
    assert_eq!(added.to_string(), "1 image added, 2 images removed");
    assert_eq!(
        all().to_string(),
        "3 images added, 1 image replaced, 2 images removed, 4 images with other attributes, \
         5 deltas joined, 6 rows in a new base, index of another encoder begun (the index that is being built)"
    );
    assert_eq!(Changed::default().to_string(), "nothing");
}

proptest! {
    #[test]
    fn the_newest_generations_are_kept_in_order(steps in proptest::collection::vec(1..4_u64, 0..70)) {
        let mut manifest = empty();
        let mut published = Vec::new();
        for step in steps {
            manifest.generation += step;
            manifest.record(1_767_225_600_000, all());
            published.push(manifest.generation);
            manifest = Manifest::decode(&manifest.encode()).unwrap();
        }
        let kept: Vec<u64> = manifest.history.iter().map(|entry| entry.generation).collect();
        let newest = published.len().saturating_sub(MAX_HISTORY_ENTRIES);
        prop_assert_eq!(&kept[..], &published[newest..]);
        prop_assert!(manifest.encode().len() < 4096);
    }
}
