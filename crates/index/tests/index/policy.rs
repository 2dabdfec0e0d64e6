//! The number of segments, and how often rows are rewritten.

use lookalike_index::{
    CompactionPolicy, LiveRows, SegmentContent, SegmentEntry, SegmentKind, rebuild_base,
};
use proptest::prelude::*;

use crate::support::{base, content, delta, id, row};

fn entry(kind: SegmentKind, rows: u32) -> SegmentEntry {
    SegmentEntry {
        id: id(1),
        kind,
        rows,
        bytes: 0,
        meta_bytes: 0,
        recall: None,
        match_thresholds: None,
    }
}

/// Publishes deltas after a base, and merges whenever that is due; returns the rows written by merging.
fn publish(
    policy: &CompactionPolicy,
    sizes: &[u32],
    mut check: impl FnMut(&[SegmentEntry]),
) -> u64 {
    let mut segments = vec![entry(SegmentKind::Base, 1000)];
    let mut written = 0;
    for &rows in sizes {
        segments.push(entry(SegmentKind::Delta, rows));
        while let Some(range) = policy.merge_due(&segments) {
            assert!(range.len() >= policy.fan_in && range.end == segments.len());
            let rows: u32 = segments[range.clone()].iter().map(|e| e.rows).sum();
            written += u64::from(rows);
            segments.splice(range, [entry(SegmentKind::Delta, rows)]);
        }
        assert_eq!(segments[0].kind, SegmentKind::Base);
        check(&segments[1..]);
    }
    written
}

/// Returns the number of sizes a power of the fan-in apart, one more than the logarithm.
fn tiers(policy: &CompactionPolicy, rows: u64) -> u64 {
    u64::from(rows.max(1).ilog(policy.fan_in as u64)) + 1
}

#[test]
fn single_uploads_are_rewritten_a_logarithmic_number_of_times() {
    let policy = CompactionPolicy::default();
    let written = publish(&policy, &[1; 20_000], |deltas| {
        assert!(deltas.len() <= 7 * 5)
    });
    assert!(written <= 5 * 20_000, "{written}");
}

proptest! {
    #[test]
    fn deltas_stay_few_and_cheap(
        fan_in in 2usize..10,
        sizes in proptest::collection::vec(
            prop_oneof![4 => Just(1u32), 2 => 0u32..20, 1 => 1u32..1000],
            1..400,
        ),
    ) {
        let policy = CompactionPolicy { fan_in, ..CompactionPolicy::default() };
        let mut total = 0u64;
        let mut published = sizes.iter();
        let written = publish(&policy, &sizes, |deltas| {
            total += u64::from(*published.next().unwrap());
            let most = (fan_in as u64 - 1) * tiers(&policy, total);
            assert!(deltas.len() as u64 <= most, "{} deltas", deltas.len());
        });
        let most = fan_in as u64 * tiers(&policy, total) * (total + sizes.len() as u64);
        prop_assert!(written <= most, "{} rows written for {}", written, total);
    }
}

#[test]
fn a_backlog_is_joined_at_once() {
    let policy = CompactionPolicy::default();
    let mut segments = vec![entry(SegmentKind::Base, 9)];
    segments.extend((0..100).map(|i| entry(SegmentKind::Delta, i % 7)));
    assert_eq!(policy.merge_due(&segments), Some(1..101));
    assert_eq!(policy.merge_due(&segments[..8]), None);
    assert_eq!(policy.merge_due(&[]), None);
}

/// A removal is a change like an upload, even of an image that no base has.
#[test]
fn changes_make_a_rebuild_due() {
    let policy = CompactionPolicy {
        base_minimum: 10,
        base_share: 0.5,
        ..CompactionPolicy::default()
    };
    let rows = |range: std::ops::Range<u32>| {
        let rows = range.map(|i| row(&i.to_string(), "p", &[1.0, i as f32]));
        content(rows.collect())
    };
    let live_rows = |segments: &[lookalike_index::Segment]| {
        LiveRows::new(segments.iter().map(|s| s.meta().clone()).collect())
    };
    let removal = |live_rows: &LiveRows, range: std::ops::Range<u32>| {
        let keys: Vec<String> = range.map(|i| i.to_string()).collect();
        SegmentContent {
            deleted: live_rows.deleted_by(keys.iter().map(String::as_str)),
            tombstones: keys,
            ..SegmentContent::default()
        }
    };
    assert!(!policy.rebuild_due(&live_rows(&[])));
    let base = base(1, &rows(0..40), 2, None);
    assert!(!policy.rebuild_due(&live_rows(std::slice::from_ref(&base))));
    let due = |newer: SegmentContent| {
        policy.rebuild_due(&live_rows(&[base.clone(), delta(2, &newer, 2)]))
    };
    assert!(!due(rows(40..59)) && due(rows(40..60)));
    let of_base = live_rows(std::slice::from_ref(&base));
    // Half of what is left of the base.
    assert!(!due(removal(&of_base, 0..12)) && due(removal(&of_base, 0..13)));
    assert!(!due(removal(&of_base, 100..119)) && due(removal(&of_base, 100..120)));
    let emptied = [base.clone(), delta(2, &removal(&of_base, 0..40), 2)];
    let rebuilt = rebuild_base(&live_rows(&emptied), &emptied);
    assert!(rebuilt.is_empty());
}
