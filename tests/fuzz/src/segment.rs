//! Segments.

mod repair;
mod seeds;

use bytes::Bytes;
use lookalike_index::{
    Filter, GroupBy, LiveRows, SearchRequest, Segment, SegmentMeta, Snapshot, merge_deltas,
    rebuild_base,
};
use serde_json::json;

use crate::bounds::within;
use repair::{ENCODER, dimensions, id, repaired};
pub use seeds::write_segments;

/// Rows whose attributes are parsed: all rows may have the same long ones.
const MAX_PARSED_ROWS: u32 = 50;
/// Attributes that are filtered by and counted: there may be as many as there are bytes.
const MAX_ATTRIBUTES: usize = 4;

/// Opens a segment with its checksums repaired. One that is opened can be read, searched, and rebuilt.
pub fn segment(bytes: &[u8]) {
    let size = bytes.len() as u64;
    // Attributes have one column each, with four bytes for each entry: at most some 3,000 of both fit into 40,000 bytes.
    within(1000 * size + (64 << 20), 20 * size, || {
        let first = Bytes::from(repaired(bytes, id(1)));
        let segment = match Segment::open(&first, id(1), ENCODER) {
            Ok(segment) => segment,
            Err(error) => {
                assert!(error.to_string().len() < 1000, "{error}");
                return;
            }
        };
        read(&segment, &first);
        // The same rows again, in a newer segment.
        let second = Bytes::from(repaired(bytes, id(2)));
        let newer = Segment::open(&second, id(2), ENCODER).expect("only its name is another");
        let segments = vec![segment, newer];
        rebuild(&segments, dimensions(&first));
        let snapshot = Snapshot::new(segments, dimensions(&first)).expect("both have as many");
        search(&snapshot);
    });
}

/// Reads every row, and every vector as a writer reads it, without the body.
fn read(segment: &Segment, bytes: &Bytes) {
    let meta = segment.meta();
    let parts = SegmentMeta::open(bytes, id(1), ENCODER).expect("the whole was opened");
    assert_eq!(meta.tombstones().len(), parts.tombstones().count());
    for row in 0..meta.rows() {
        let _ = (meta.key(row), meta.etag(row), meta.product_id(row));
        let _ = meta.find(meta.key(row));
        let ranges = meta.embedding_ranges(row);
        let ranges = ranges.map(|range| bytes.slice(range.start as usize..range.end as usize));
        let stored = meta.embedding_of(ranges);
        if row < MAX_PARSED_ROWS {
            let embedding = segment.row(row).embedding;
            let length = embedding.to_f32().iter().map(|x| x * x).sum::<f32>().sqrt();
            let is_unit = (length - 1.0).abs() < 0.009;
            assert!(stored == Ok(embedding) || (stored.is_err() && !is_unit));
        }
    }
}

/// Merges and rebuilds the segments, as a writer does.
fn rebuild(segments: &[Segment], dimensions: usize) {
    // A writer parses the attributes of every row.
    if segments[0].meta().rows() > MAX_PARSED_ROWS {
        return;
    }
    let metas = segments.iter().map(|segment| segment.meta().clone());
    let live_rows = LiveRows::new(metas.collect());
    let merged = merge_deltas(&live_rows, 0..segments.len(), segments);
    let rebuilt = rebuild_base(&live_rows, segments);
    assert_eq!(rebuilt.rows.len() as u64, live_rows.images());
    for encoded in [
        merged.encode_delta(id(3), ENCODER, dimensions),
        rebuilt.encode_base(id(3), ENCODER, dimensions, None),
    ] {
        // No key may occur twice.
        let Ok(encoded) = encoded else { continue };
        Segment::open(&Bytes::from(encoded.bytes), id(3), ENCODER).expect("it was just written");
    }
}

/// Searches with and without filters, and counts values.
fn search(snapshot: &Snapshot) {
    let mut vector = vec![0.0; snapshot.dimensions()];
    if let Some(first) = vector.first_mut() {
        *first = 1.0;
    }
    let request = SearchRequest {
        min_score: f32::NEG_INFINITY,
        // For one, a graph is walked where it has few nodes.
        ..SearchRequest::new(&vector, 1)
    };
    searched(snapshot, request);
    if let Some(stored) = snapshot.live_rows().addresses().next() {
        let vector = snapshot.embedding(stored);
        let request = SearchRequest {
            vector: &vector,
            stored: Some(stored),
            ..request
        };
        searched(snapshot, request);
    }
    for attribute in snapshot.attributes().iter().take(MAX_ATTRIBUTES) {
        let filter = json!({attribute.name.as_str(): {"exists": true}});
        // Attributes may have the names of operators.
        let Ok(filter) = Filter::from_json(&filter) else {
            continue;
        };
        let selection = snapshot.select(&filter, &[]).expect("it was listed");
        let request = SearchRequest {
            filter: Some(&selection),
            ..request
        };
        searched(snapshot, request);
        for selection in [None, Some(&*selection)] {
            let facet = snapshot.facet(&attribute.name, selection, 10);
            assert!(facet.expect("it is of this snapshot").values.len() <= 10);
        }
    }
}

/// Searches for a few products, and for all images, of which none may be missing.
fn searched(snapshot: &Snapshot, request: SearchRequest<'_>) {
    let Ok(found) = snapshot.search(request) else {
        return;
    };
    assert!(found.hits.is_sorted_by(|a, b| a.score >= b.score));
    let products: Vec<String> = found.hits.into_iter().map(|hit| hit.product_id).collect();
    let images = snapshot.images_of_products(request, &products);
    assert_eq!(images.map(|images| images.len()), Ok(products.len()));
    let all = SearchRequest {
        k: MAX_PARSED_ROWS as usize,
        group_by: GroupBy::Image,
        ..request
    };
    let found = snapshot.search(all).expect("the vector is the same");
    let selected = request
        .filter
        .map_or(snapshot.images(), |some| some.images());
    let expected = selected.min(u64::from(MAX_PARSED_ROWS));
    assert_eq!(found.hits.len() as u64, expected);
}
