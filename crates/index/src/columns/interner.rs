//! Numbering values.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use twox_hash::XxHash3_64;

/// Values in the order in which they were added, most of them once.
pub(super) struct Interner<K, V> {
    pub(super) values: Vec<V>,
    known: HashMap<K, u32, BuildHasherDefault<ValueHash>>,
    added: usize,
}

impl<K, V> Default for Interner<K, V> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            known: HashMap::default(),
            added: 0,
        }
    }
}

impl<K: Hash + Eq, V> Interner<K, V> {
    /// Returns the number of a value, or a new one if the value is not known.
    #[inline]
    pub(super) fn add(&mut self, key: K, value: V) -> u32 {
        /// After this many values it is known whether most of them differ. If so, sorting all of
        /// them at the end is faster.
        const FEW: usize = 4096;
        self.added += 1;
        let next = self.values.len() as u32;
        if self.values.len() > FEW && self.values.len() > self.added / 2 {
            return self.push(value);
        }
        let number = *self.known.entry(key).or_insert(next);
        if number == next {
            self.values.push(value);
        }
        number
    }

    /// Adds a value under a new number.
    pub(super) fn push(&mut self, value: V) -> u32 {
        self.values.push(value);
        self.values.len() as u32 - 1
    }
}

/// Hashes one text or number.
#[derive(Default)]
struct ValueHash(u64);

impl Hasher for ValueHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = XxHash3_64::oneshot(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        // Every bit of the product's middle depends on all of the number.
        let product = u128::from(number) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    /// Comes after every text, to tell several apart.
    fn write_u8(&mut self, _: u8) {}
}
