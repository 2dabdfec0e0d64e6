//! The operations of writers on segments, in any order and with any delay: every existing key has
//! exactly one live row, the newest.

use std::collections::BTreeMap;
use std::sync::Arc;

use lookalike_index::{
    LiveRows, Row, Segment, SegmentContent, SegmentId, SegmentMeta, deleted_meanwhile,
    merge_deltas, rebuild_base,
};
use proptest::prelude::*;

use crate::support::{base, delta, row};

#[derive(Debug, Clone)]
enum Step {
    /// Publishes uploads and removals.
    Batch { uploads: Vec<u8>, removals: Vec<u8> },
    /// Starts to merge the newest segments.
    BeginMerge { count: usize },
    /// Starts to rebuild everything.
    BeginRebuild,
    /// Publishes the result of one of these.
    Finish { which: usize },
}

/// A merged segment, made from an older generation than the one it will be published into.
struct Work {
    joined: Segment,
    replaced: Vec<SegmentId>,
    whole: bool,
}

#[derive(Default)]
struct Writer {
    segments: Vec<Segment>,
    begun: Vec<Work>,
    /// ETag of every existing image.
    images: BTreeMap<String, String>,
    next: u64,
}

impl Writer {
    fn live_rows(&self) -> LiveRows {
        LiveRows::new(self.metas())
    }

    fn metas(&self) -> Vec<Arc<SegmentMeta>> {
        self.segments.iter().map(|s| s.meta().clone()).collect()
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Batch { uploads, removals } => self.batch(&uploads, &removals),
            Step::BeginMerge { count } => {
                let range = self.segments.len().saturating_sub(count)..self.segments.len();
                let parts = &self.segments[range.clone()];
                let content = merge_deltas(&self.live_rows(), range.clone(), parts);
                let replaced = parts.iter().map(|part| part.meta().id()).collect();
                let joined = delta(self.number(), &content, 2);
                self.begun.push(Work {
                    joined,
                    replaced,
                    whole: false,
                });
            }
            Step::BeginRebuild => {
                let content = rebuild_base(&self.live_rows(), &self.segments);
                let replaced = self.segments.iter().map(|s| s.meta().id()).collect();
                let joined = base(self.number(), &content, 2, None);
                self.begun.push(Work {
                    joined,
                    replaced,
                    whole: true,
                });
            }
            Step::Finish { which } if !self.begun.is_empty() => {
                let work = self.begun.remove(which % self.begun.len());
                self.finish(work);
            }
            Step::Finish { .. } => {}
        }
    }

    fn batch(&mut self, uploads: &[u8], removals: &[u8]) {
        let number = self.number();
        let mut rows: BTreeMap<String, Row> = BTreeMap::new();
        for key in uploads {
            let key = format!("k{key}");
            let etag = format!("{key} of {number}");
            self.images.insert(key.clone(), etag.clone());
            let row = row(&key, &key, &[number as f32, 1.0]);
            rows.insert(key, Row { etag, ..row });
        }
        let tombstones: Vec<String> = removals
            .iter()
            .map(|key| format!("k{key}"))
            .filter(|key| !rows.contains_key(key))
            .collect();
        for key in &tombstones {
            self.images.remove(key);
        }
        let keys = rows.keys().chain(&tombstones).map(String::as_str);
        let deleted = self.live_rows().deleted_by(keys);
        let content = SegmentContent {
            rows: rows.into_values().collect(),
            tombstones,
            deleted,
        };
        self.segments.push(delta(number, &content, 2));
    }

    fn finish(&mut self, work: Work) {
        let current: Vec<SegmentId> = self.segments.iter().map(|s| s.meta().id()).collect();
        let there = |id: &SegmentId| current.contains(id);
        // A merge whose segments another writer merged already is dropped.
        if !work.whole && !work.replaced.iter().all(there) {
            return;
        }
        let rows = deleted_meanwhile(work.joined.meta(), &self.live_rows(), &work.replaced);
        let joined_id = work.joined.meta().id();
        let position = current.iter().position(|id| work.replaced.contains(id));
        self.segments
            .retain(|segment| !work.replaced.contains(&segment.meta().id()));
        let position = position.filter(|_| !work.whole).unwrap_or(0);
        self.segments.insert(position, work.joined);
        if !rows.is_empty() {
            let correction = SegmentContent {
                deleted: [(joined_id, rows)].into(),
                ..SegmentContent::default()
            };
            let correction = delta(self.number(), &correction, 2);
            self.segments.push(correction);
        }
    }

    fn check(&self) {
        let live_rows = self.live_rows();
        let mut live: Vec<(String, String)> = live_rows
            .addresses()
            .map(|at| {
                let meta = live_rows.meta(at);
                assert_eq!(live_rows.locate(meta.key(at.row)), Some(at));
                (meta.key(at.row).to_owned(), meta.etag(at.row).to_owned())
            })
            .collect();
        live.sort_unstable();
        let expected: Vec<(String, String)> = self.images.clone().into_iter().collect();
        assert_eq!(live, expected);
        assert_eq!(live_rows.images(), expected.len() as u64);
        assert_eq!(live_rows.products(), expected.len() as u64);
        for key in 0..=KEYS {
            let key = format!("k{key}");
            assert_eq!(
                live_rows.locate(&key).is_some(),
                self.images.contains_key(&key)
            );
        }
    }
}

const KEYS: u8 = 30;

fn step() -> impl Strategy<Value = Step> {
    let keys = || proptest::collection::vec(0..KEYS, 0..6);
    prop_oneof![
        5 => (keys(), keys()).prop_map(|(uploads, removals)| Step::Batch { uploads, removals }),
        2 => (0usize..5).prop_map(|count| Step::BeginMerge { count }),
        1 => Just(Step::BeginRebuild),
        3 => (0usize..4).prop_map(|which| Step::Finish { which }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_is_lost_or_duplicated(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut writer = Writer::default();
        for step in steps {
            writer.take(step);
            writer.check();
        }
        while !writer.begun.is_empty() {
            writer.take(Step::Finish { which: 0 });
            writer.check();
        }
    }
}

/// A merge that starts before a rebuild and is published during it is newer than the base, but
/// holds older rows.
#[test]
fn a_merge_that_overtakes_a_rebuild_takes_nothing_away() {
    let upload = |key| Step::Batch {
        uploads: vec![key],
        removals: Vec::new(),
    };
    let mut writer = Writer::default();
    let steps = [
        upload(1),
        upload(2),
        Step::BeginMerge { count: 2 },
        upload(1),
        Step::BeginRebuild,
        Step::Finish { which: 0 },
        Step::Finish { which: 0 },
    ];
    for step in steps {
        writer.take(step);
        writer.check();
    }
    assert!(writer.begun.is_empty() && writer.images.len() == 2);
}
