//! The live rows of a snapshot by number, in the order of their keys, and what they share.

use std::collections::HashMap;

use twox_hash::XxHash3_64;

use crate::quantise::Quantised;
use crate::row::CATEGORY;
use crate::snapshot::Snapshot;
use crate::view::Location;

/// The live rows.
pub(super) struct Rows<'a> {
    at: Vec<Location>,
    keys: Vec<&'a str>,
    etags: Vec<&'a str>,
    /// The number of every row, by segment; of dead rows it means nothing.
    numbers: Vec<Vec<u32>>,
    /// The product of every row, as a number.
    products: Vec<u32>,
    /// Pictures of every product.
    pictures: Vec<u32>,
    /// The category of every row, as the number of its name.
    categories: Vec<Option<u32>>,
    /// Names of categories, by number.
    names: Vec<String>,
    /// The first row that has the same vector as a row.
    first: Vec<u32>,
    /// Of such a first row, how many have its vector.
    copies: Vec<u32>,
    /// The first rows.
    distinct: Vec<u32>,
    /// The place of a first row among them.
    places: Vec<u32>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let view = snapshot.view();
        let key = |at: &Location| view.meta(*at).key(at.row);
        let mut at: Vec<Location> = view.live_rows().collect();
        at.sort_unstable_by(|a, b| key(a).cmp(key(b)));
        let segments = view.segments().iter();
        let mut numbers: Vec<Vec<u32>> = segments.map(|s| vec![0; s.rows() as usize]).collect();
        for (number, place) in (0..).zip(&at) {
            numbers[place.segment][place.row as usize] = number;
        }
        let mut ids = HashMap::new();
        let mut pictures: Vec<u32> = Vec::new();
        let products: Vec<u32> = at
            .iter()
            .map(|at| {
                let new = ids.len() as u32;
                let id = *ids.entry(view.meta(*at).product_id(at.row)).or_insert(new);
                match pictures.get_mut(id as usize) {
                    Some(count) => *count += 1,
                    None => pictures.push(1),
                }
                id
            })
            .collect();
        let (categories, names) = categories(snapshot, &at);
        let first = first_with_vector(snapshot, &at);
        let mut copies = vec![0; at.len()];
        first.iter().for_each(|&row| copies[row as usize] += 1);
        let numbered = (0..at.len() as u32).zip(&first);
        let distinct: Vec<u32> = numbered
            .filter(|(row, first)| row == *first)
            .map(|(row, _)| row)
            .collect();
        let mut places = vec![0; at.len()];
        for (place, &row) in (0..).zip(&distinct) {
            places[row as usize] = place;
        }
        Self {
            keys: at.iter().map(key).collect(),
            etags: at.iter().map(|at| view.meta(*at).etag(at.row)).collect(),
            at,
            numbers,
            products,
            pictures,
            categories,
            names,
            first,
            copies,
            distinct,
            places,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    pub(super) fn at(&self, row: u32) -> Location {
        self.at[row as usize]
    }

    pub(super) fn number(&self, at: Location) -> u32 {
        self.numbers[at.segment][at.row as usize]
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

    /// A row of every distinct vector, ascending.
    pub(super) fn distinct(&self) -> &[u32] {
        &self.distinct
    }

    /// The row among the distinct ones that has the same vector.
    pub(super) fn first(&self, row: u32) -> u32 {
        self.first[row as usize]
    }

    /// The place among the distinct ones of the row that has the same vector.
    pub(super) fn place(&self, row: u32) -> usize {
        self.places[self.first(row) as usize] as usize
    }

    /// Other rows that may stand before those that tell of a row: pictures of its product, and copies.
    pub(super) fn alike(&self, row: u32) -> usize {
        let of_product = self.pictures[self.product(row) as usize];
        (of_product + self.copies[row as usize] - 2) as usize
    }
}

fn categories(snapshot: &Snapshot, at: &[Location]) -> (Vec<Option<u32>>, Vec<String>) {
    let mut names = Vec::new();
    let mut numbers: HashMap<String, u32> = HashMap::new();
    // Rows share attributes, which are to be read once.
    let mut known: HashMap<(usize, u32), Option<u32>> = HashMap::new();
    let categories = at.iter().map(|at| {
        let meta = snapshot.view().meta(*at);
        let entry = (at.segment, meta.entry_of(at.row));
        *known.entry(entry).or_insert_with(|| {
            let name = match meta.attributes(at.row).remove(CATEGORY)? {
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

/// Of every row, the first that has the same vector.
fn first_with_vector(snapshot: &Snapshot, at: &[Location]) -> Vec<u32> {
    let vector = |at: Location| snapshot.segments()[at.segment].embedding(at.row);
    let mut known: HashMap<u64, u32> = HashMap::with_capacity(at.len());
    let firsts = (0..).zip(at).map(|(row, &place)| {
        let own = vector(place);
        let first = *known.entry(hash(&own)).or_insert(row);
        // Two vectors of one hash are unlikely, and then only not known to be copies.
        match first == row || vector(at[first as usize]) == own {
            true => first,
            false => row,
        }
    });
    firsts.collect()
}

fn hash(vector: &Quantised) -> u64 {
    let seed = u64::from(vector.scale.to_bits());
    let coarse = XxHash3_64::oneshot_with_seed(seed, bytemuck::cast_slice(vector.hi()));
    XxHash3_64::oneshot_with_seed(coarse, bytemuck::cast_slice(vector.lo()))
}
