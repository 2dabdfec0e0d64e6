//! What a set of segments says together: which rows are live.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use twox_hash::XxHash3_64;

use crate::bits::Bits;
use crate::ids::SegmentId;
use crate::segment::{SegmentKind, SegmentMeta};

/// The metas of all segments of one generation, without their vectors. Enough to write.
#[derive(Debug, Clone, Default)]
pub struct View {
    segments: Vec<Arc<SegmentMeta>>,
    dead: Vec<Bits>,
}

/// Hashes numbers that are hashes already.
#[derive(Debug, Clone, Copy, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = XxHash3_64::oneshot(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

type Hashed = BuildHasherDefault<AsIs>;

/// Texts that are taken to be hashed in the time in which one is looked up, by a binary search that waits for memory
/// at most steps.
const LOOKUP_IN_HASHES: u64 = 16;

/// A live row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// Its segment's position in the manifest.
    pub segment: usize,
    /// Its row number there.
    pub row: u32,
}

impl View {
    /// Joins segments, oldest first, and marks the rows that they say are superseded. Marks on
    /// segments that are no longer part of the index mean nothing.
    pub fn new(segments: Vec<Arc<SegmentMeta>>) -> Self {
        let places: HashMap<SegmentId, usize> = segments.iter().map(|s| s.id()).zip(0..).collect();
        let mut dead: Vec<Bits> = segments
            .iter()
            .map(|segment| Bits::new(segment.rows()))
            .collect();
        for (id, row) in segments.iter().flat_map(|segment| segment.superseded()) {
            if let Some(&place) = places.get(&id) {
                dead[place].insert(row);
            }
        }
        Self { segments, dead }
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> &[Arc<SegmentMeta>] {
        &self.segments
    }

    /// Where the live row of `key` is.
    pub fn locate(&self, key: &str) -> Option<Location> {
        (0..self.segments.len()).rev().find_map(|segment| {
            let row = self.segments[segment].find(key)?;
            self.is_live(segment, row)
                .then_some(Location { segment, row })
        })
    }

    /// The segment that a row is in.
    pub fn meta(&self, location: Location) -> &SegmentMeta {
        &self.segments[location.segment]
    }

    /// Every live row, segment by segment.
    pub fn live_rows(&self) -> impl Iterator<Item = Location> + '_ {
        (0..self.segments.len()).flat_map(move |segment| {
            (0..self.segments[segment].rows())
                .filter(move |&row| self.is_live(segment, row))
                .map(move |row| Location { segment, row })
        })
    }

    /// Pictures that can be found.
    pub fn images(&self) -> u64 {
        self.segments
            .iter()
            .zip(&self.dead)
            .map(|(segment, dead)| u64::from(segment.rows() - dead.count()))
            .sum()
    }

    /// Distinct products among them.
    pub fn products(&self) -> u64 {
        let live: Vec<Bits> = (0..self.segments.len())
            .map(|place| self.live_products(place))
            .collect();
        let sizes = live.iter().map(|products| u64::from(products.count()));
        let Some((largest, most)) = sizes.clone().enumerate().max_by_key(|&(_, size)| size) else {
            return 0;
        };
        // The texts of the largest segment, the base, are compared only where that is less work: looking one up
        // in it takes as long as hashing some of them.
        let others = sizes.sum::<u64>() - most;
        let hashed = others.saturating_mul(LOOKUP_IN_HASHES) > most;
        let room = if hashed { most } else { others };
        let mut texts: HashSet<u64, Hashed> =
            HashSet::with_capacity_and_hasher(room as usize, Hashed::default());
        let mut distinct = if hashed { 0 } else { most };
        for (place, segment) in self.segments.iter().enumerate() {
            if place == largest && !hashed {
                continue;
            }
            for product in live[place].iter() {
                let text = segment.product_at(product);
                let known = || {
                    let found = self.segments[largest].find_product(text);
                    found.is_some_and(|product| live[largest].contains(product))
                };
                let is_new = texts.insert(XxHash3_64::oneshot(text.as_bytes()));
                distinct += u64::from(is_new && (hashed || !known()));
            }
        }
        distinct
    }

    /// The products of a segment that have a live row.
    fn live_products(&self, place: usize) -> Bits {
        let segment = &self.segments[place];
        let mut products = Bits::new(segment.product_count());
        for row in 0..segment.rows() {
            if self.is_live(place, row) {
                products.insert(segment.product_ordinal(row));
            }
        }
        products
    }

    /// The rows that `keys` supersede, grouped as a segment records them.
    pub fn superseded_by<'a>(
        &self,
        keys: impl Iterator<Item = &'a str>,
    ) -> BTreeMap<SegmentId, Vec<u32>> {
        let mut superseded: BTreeMap<SegmentId, Vec<u32>> = BTreeMap::new();
        for location in keys.filter_map(|key| self.locate(key)) {
            superseded
                .entry(self.segments[location.segment].id())
                .or_default()
                .push(location.row);
        }
        superseded.values_mut().for_each(|rows| {
            rows.sort_unstable();
            rows.dedup();
        });
        superseded
    }

    /// Live rows in the base, and entries that a rebuild would move into it or make superfluous:
    /// rows of deltas, superseded rows of the base, and tombstones.
    pub(crate) fn base_and_changed(&self) -> (u64, u64) {
        let (mut base, mut gone, mut rows, mut tombstones) = (0, 0, 0, 0);
        for (segment, dead) in self.segments.iter().zip(&self.dead) {
            let dead = u64::from(dead.count());
            match segment.kind() {
                SegmentKind::Base => {
                    base += u64::from(segment.rows()) - dead;
                    gone += dead;
                }
                SegmentKind::Delta => rows += u64::from(segment.rows()),
            }
            tombstones += segment.tombstones().len() as u64;
        }
        // Most tombstones are those of rows of the base, which are not to count twice.
        (base, rows + tombstones.max(gone))
    }

    /// The rows of a segment that are superseded.
    pub(crate) fn dead(&self, segment: usize) -> &Bits {
        &self.dead[segment]
    }

    #[inline]
    pub(crate) fn is_live(&self, segment: usize, row: u32) -> bool {
        !self.dead[segment].contains(row)
    }
}
