//! The live rows of a snapshot, numbered in the order of their keys, and what they share.

use std::collections::HashMap;

use twox_hash::XxHash3_64;

use crate::quantization::QuantizedVector;
use crate::row::{CATEGORY, RowAddress};
use crate::snapshot::Snapshot;

/// The live rows.
pub(super) struct AuditedRows<'a> {
    addresses: Vec<RowAddress>,
    keys: Vec<&'a str>,
    etags: Vec<&'a str>,
    /// The number of every live row, by segment; 0 for deleted ones.
    numbers: Vec<Vec<u32>>,
    /// Number of the product of every row.
    products: Vec<u32>,
    /// Number of images of every product.
    images: Vec<u32>,
    /// Number of the category of every row.
    categories: Vec<Option<u32>>,
    /// Names of categories, by number.
    names: Vec<String>,
    /// The first row that has the same vector as a row.
    first: Vec<u32>,
    /// Number of rows that have the vector of a first row.
    copies: Vec<u32>,
    /// The first rows, ascending.
    distinct: Vec<u32>,
    /// Position of a first row in [`distinct`](Self::distinct).
    positions: Vec<u32>,
}

impl<'a> AuditedRows<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let live_rows = snapshot.live_rows();
        let key = |address: &RowAddress| live_rows.meta(*address).key(address.row);
        let mut addresses: Vec<RowAddress> = live_rows.addresses().collect();
        addresses.sort_unstable_by(|a, b| key(a).cmp(key(b)));
        let segments = live_rows.segments().iter();
        let mut numbers: Vec<Vec<u32>> = segments.map(|s| vec![0; s.rows() as usize]).collect();
        for (number, address) in (0..).zip(&addresses) {
            numbers[address.segment][address.row as usize] = number;
        }
        let mut ids = HashMap::new();
        let mut images: Vec<u32> = Vec::new();
        let products: Vec<u32> = addresses
            .iter()
            .map(|address| {
                let new = ids.len() as u32;
                let id = *ids
                    .entry(live_rows.meta(*address).product_id(address.row))
                    .or_insert(new);
                match images.get_mut(id as usize) {
                    Some(count) => *count += 1,
                    None => images.push(1),
                }
                id
            })
            .collect();
        let (categories, names) = categories(snapshot, &addresses);
        let first = first_with_vector(snapshot, &addresses);
        let mut copies = vec![0; addresses.len()];
        first.iter().for_each(|&row| copies[row as usize] += 1);
        let numbered = (0..addresses.len() as u32).zip(&first);
        let distinct: Vec<u32> = numbered
            .filter(|(row, first)| row == *first)
            .map(|(row, _)| row)
            .collect();
        let mut positions = vec![0; addresses.len()];
        for (position, &row) in (0..).zip(&distinct) {
            positions[row as usize] = position;
        }
        Self {
            keys: addresses.iter().map(key).collect(),
            etags: addresses
                .iter()
                .map(|address| live_rows.meta(*address).etag(address.row))
                .collect(),
            addresses,
            numbers,
            products,
            images,
            categories,
            names,
            first,
            copies,
            distinct,
            positions,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.addresses.len()
    }

    pub(super) fn address(&self, row: u32) -> RowAddress {
        self.addresses[row as usize]
    }

    pub(super) fn number(&self, address: RowAddress) -> u32 {
        self.numbers[address.segment][address.row as usize]
    }

    pub(super) fn key(&self, row: u32) -> &'a str {
        self.keys[row as usize]
    }

    pub(super) fn etag(&self, row: u32) -> &'a str {
        self.etags[row as usize]
    }

    pub(super) fn product(&self, row: u32) -> u32 {
        self.products[row as usize]
    }

    pub(super) fn category(&self, row: u32) -> Option<u32> {
        self.categories[row as usize]
    }

    pub(super) fn name(&self, category: u32) -> &str {
        &self.names[category as usize]
    }

    /// Returns the names of all categories, by number.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns a row of every distinct vector, ascending.
    pub(super) fn distinct(&self) -> &[u32] {
        &self.distinct
    }

    /// Returns the distinct row that has the same vector.
    pub(super) fn first(&self, row: u32) -> u32 {
        self.first[row as usize]
    }

    /// Returns the position among the distinct ones of the row that has the same vector.
    pub(super) fn position(&self, row: u32) -> usize {
        self.positions[self.first(row) as usize] as usize
    }

    /// Counts the other images of the row's product, and its copies. These may come before the
    /// neighbors of other products.
    pub(super) fn alike(&self, row: u32) -> usize {
        let of_product = self.images[self.product(row) as usize];
        (of_product + self.copies[row as usize] - 2) as usize
    }
}

fn categories(snapshot: &Snapshot, addresses: &[RowAddress]) -> (Vec<Option<u32>>, Vec<String>) {
    let mut names = Vec::new();
    let mut numbers: HashMap<String, u32> = HashMap::new();
    // Rows share attributes, which are parsed once.
    let mut known: HashMap<(usize, u32), Option<u32>> = HashMap::new();
    let categories = addresses.iter().map(|address| {
        let meta = snapshot.live_rows().meta(*address);
        let entry = (address.segment, meta.entry_of(address.row));
        *known.entry(entry).or_insert_with(|| {
            let name = match meta.attributes(address.row).remove(CATEGORY)? {
                serde_json::Value::String(name) => name,
                other => other.to_string(),
            };
            Some(*numbers.entry(name).or_insert_with_key(|name| {
                names.push(name.clone());
                names.len() as u32 - 1
            }))
        })
    });
    (categories.collect(), names)
}

/// Returns for every row the first one that has the same vector.
fn first_with_vector(snapshot: &Snapshot, addresses: &[RowAddress]) -> Vec<u32> {
    let vector = |address: RowAddress| snapshot.segments()[address.segment].embedding(address.row);
    let mut known: HashMap<u64, u32> = HashMap::with_capacity(addresses.len());
    let firsts = (0..).zip(addresses).map(|(row, &address)| {
        let own = vector(address);
        let first = *known.entry(hash(&own)).or_insert(row);
        // Different vectors rarely have the same hash. If they do, copies of the second one are not
        // found.
        if first == row || vector(addresses[first as usize]) == own {
            first
        } else {
            row
        }
    });
    firsts.collect()
}

fn hash(vector: &QuantizedVector) -> u64 {
    let seed = u64::from(vector.scale.to_bits());
    let coarse = XxHash3_64::oneshot_with_seed(seed, bytemuck::cast_slice(vector.hi()));
    XxHash3_64::oneshot_with_seed(coarse, bytemuck::cast_slice(vector.lo()))
}
