//! What an engine of vector bases in memory stores, and how it behaves.
//!
//! A search compares every row of its slot. So that a million rows can be searched, the rows of a slot lie one after the
//! other, apart from what a search reads of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::time::{Duration, SystemTime};

use lookalike_core::model::Page;
use lookalike_core::vector_base::{
    BaseAddress, FoundRows, KeyState, MAX_FOUND, SlotQuery, WriterNumber,
};
use lookalike_index::{MAX_FIELDS, Row, Term};

use super::page::PAGE;
use crate::dot;

/// How an engine in memory behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct EngineSettings {
    /// Time after which searches, and lists of a product's rows, show a write.
    pub write_lag: Duration,
    /// Of how many rows one is not found by searches: an approximate search misses some. 0: none.
    pub misses_one_of: u64,
}

/// A vector base and everything that was written to it.
#[derive(Clone)]
pub(super) struct StoredBase {
    pub(super) address: BaseAddress,
    keys: BTreeMap<String, Newest>,
    slots: Vec<Slot>,
    /// The numbers of the terms that rows have, from 1 on.
    terms: HashMap<Term, u32>,
}

/// The newest write of a key.
#[derive(Clone)]
struct Newest {
    writer: WriterNumber,
    /// Slot and position of the row; `None` if it was removed.
    at: Option<(usize, usize)>,
}

/// The rows that were written to a slot, in the order of the writes. Those that were replaced stay, because searches may
/// show them for a while.
#[derive(Clone, Default)]
struct Slot {
    versions: Vec<Version>,
    /// `[rows, dimensions]`.
    vectors: Vec<f32>,
    rows: Vec<Row>,
}

/// What a search reads of a row before it compares it.
#[derive(Clone)]
struct Version {
    /// The number of the row's term of each field; 0 without one.
    terms: [u32; MAX_FIELDS],
    written: SystemTime,
    /// The time at which it was replaced or removed.
    replaced: Option<SystemTime>,
}

impl StoredBase {
    pub(super) fn new(address: BaseAddress) -> Self {
        Self {
            keys: BTreeMap::new(),
            slots: vec![Slot::default(); address.layout.slots as usize],
            terms: HashMap::new(),
            address,
        }
    }

    /// Stores a row, or with `None` that it was removed. Returns false if a writer with a higher number was there before.
    pub(super) fn write(
        &mut self,
        key: &str,
        row: Option<&Row>,
        writer: WriterNumber,
        now: SystemTime,
    ) -> bool {
        let before = self.keys.get(key);
        if before.is_some_and(|before| before.writer > writer) {
            return false;
        }
        if let Some((slot, position)) = before.and_then(|before| before.at) {
            self.slots[slot].versions[position].replaced = Some(now);
        }
        let at = row.map(|row| self.add(row, now));
        self.keys.insert(key.to_owned(), Newest { writer, at });
        true
    }

    fn add(&mut self, row: &Row, now: SystemTime) -> (usize, usize) {
        let mut terms = [0; MAX_FIELDS];
        for term in self.address.layout.terms_of(&row.attributes) {
            let (field, next) = (term.field, self.terms.len() as u32 + 1);
            terms[field] = *self.terms.entry(term).or_insert(next);
        }
        let number = self.address.layout.slot_of(&row.product_id) as usize;
        let slot = &mut self.slots[number];
        slot.versions.push(Version {
            terms,
            written: now,
            replaced: None,
        });
        slot.vectors.extend(row.embedding.to_f32());
        slot.rows.push(row.clone());
        (number, slot.rows.len() - 1)
    }

    /// Returns the nearest rows of a slot.
    pub(super) fn search(
        &self,
        query: SlotQuery<'_>,
        settings: EngineSettings,
        now: SystemTime,
    ) -> FoundRows {
        let wanted = query.terms.iter().map(|term| {
            let number = self.terms.get(term)?;
            Some((term.field, *number))
        });
        let (Some(wanted), Some(slot)) = (
            wanted.collect::<Option<Vec<_>>>(),
            self.slots.get(query.slot as usize),
        ) else {
            return FoundRows::default();
        };
        let dimensions = self.address.dimensions;
        let matching = slot.shown(settings, now).filter(|(_, version)| {
            let has = |(field, number): &(usize, u32)| version.terms[*field] == *number;
            wanted.iter().all(has)
        });
        let mut scored: Vec<(f32, usize)> = matching
            .map(|(position, _)| {
                let vector = &slot.vectors[position * dimensions..][..dimensions];
                (dot(vector, query.vector), position)
            })
            .collect();
        let key = |position: usize| &slot.rows[position].key;
        let order = |a: &(f32, usize), b: &(f32, usize)| {
            b.0.total_cmp(&a.0).then_with(|| key(a.1).cmp(key(b.1)))
        };
        let top = query.top.clamp(1, MAX_FOUND);
        let is_full = scored.len() > top;
        if is_full {
            scored.select_nth_unstable_by(top - 1, order);
            scored.truncate(top);
        }
        scored.sort_unstable_by(order);
        let is_missed = |row: &&Row| {
            let sum: u64 = row.key.bytes().map(u64::from).sum();
            settings.misses_one_of > 0 && sum.is_multiple_of(settings.misses_one_of)
        };
        let found = scored.iter().map(|&(_, position)| &slot.rows[position]);
        FoundRows {
            rows: found.filter(|row| !is_missed(row)).cloned().collect(),
            floor: scored.last().filter(|_| is_full).map(|(score, _)| *score),
            examined_bytes: 0,
        }
    }

    /// Returns the rows of products that searches show.
    pub(super) fn of_products(
        &self,
        product_ids: &[String],
        settings: EngineSettings,
        now: SystemTime,
    ) -> Vec<Row> {
        let mut by_slot: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
        for id in product_ids {
            let slot = self.address.layout.slot_of(id);
            by_slot.entry(slot).or_default().insert(id);
        }
        let rows = by_slot.iter().flat_map(|(slot, ids)| {
            let slot = &self.slots[*slot as usize];
            let rows = slot.shown(settings, now);
            let rows = rows.map(|(position, _)| &slot.rows[position]);
            rows.filter(|row| ids.contains(row.product_id.as_str()))
        });
        rows.cloned().collect()
    }

    /// Returns the state of a key, if it has an entry.
    pub(super) fn state(&self, key: &str) -> Option<KeyState> {
        let newest = self.keys.get(key)?;
        Some(KeyState {
            row: self.row(newest).cloned(),
            writer: newest.writer,
        })
    }

    /// Returns the rows of the next keys.
    pub(super) fn page(&self, after: Option<&str>) -> Page<Row> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = self.keys.range::<str, _>((from, Bound::Unbounded));
        let page: Vec<(&String, &Newest)> = rest.take(PAGE).collect();
        let next = page.last().filter(|_| page.len() == PAGE);
        Page {
            next: next.map(|(key, _)| (*key).clone()),
            items: (page.iter())
                .filter_map(|(_, newest)| self.row(newest).cloned())
                .collect(),
        }
    }

    /// Returns all rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.keys.values().filter_map(|newest| self.row(newest))
    }

    fn row(&self, newest: &Newest) -> Option<&Row> {
        let (slot, position) = newest.at?;
        Some(&self.slots[slot].rows[position])
    }
}

impl Slot {
    /// Returns the rows that searches show at a time, with their positions.
    fn shown(
        &self,
        settings: EngineSettings,
        now: SystemTime,
    ) -> impl Iterator<Item = (usize, &Version)> {
        let until = now.checked_sub(settings.write_lag);
        let is_done = move |at: SystemTime| until.is_some_and(|until| at <= until);
        let versions = self.versions.iter().enumerate();
        versions.filter(move |(_, version)| {
            is_done(version.written) && !version.replaced.is_some_and(is_done)
        })
    }
}
