//! Builds, opens and searches an index of vectors from a file, and prints what that takes.
//!
//! `cargo run --release -p lookalike-index --example measure -- VECTORS QUERIES DIMENSIONS [OUT]`
//!
//! An OUT that exists is not built again, but opened and searched.
//! VECTORS and QUERIES are `f32` numbers, little-endian, without any header. The truth is an exact
//! search in `f32`. Every row is a product of its own, with a key and an ETag as long as real ones.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use bytes::Bytes;
use lookalike_index::{
    Attributes, CompactionPolicy, Fingerprint, Quantised, Row, SearchRequest, Segment,
    SegmentContent, SegmentId, Snapshot,
};

const ENCODER: Fingerprint = Fingerprint([1; 32]);
const K: usize = 10;
const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [vectors, queries, dimensions, out @ ..] = &arguments[..] else {
        return Err("expected VECTORS QUERIES DIMENSIONS [OUT]".into());
    };
    let dimensions: usize = dimensions.parse()?;
    let (vectors, queries) = (read(vectors)?, read(queries)?);
    let vectors: Vec<&[f32]> = vectors.chunks_exact(dimensions).collect();
    let queries: Vec<&[f32]> = queries.chunks_exact(dimensions).collect();
    let given = out.first().map(PathBuf::from);
    let out = match &given {
        Some(out) => out.clone(),
        None => std::env::temp_dir().join("lookalike-measure.seg"),
    };
    if given.is_none() || !out.exists() {
        std::fs::write(&out, build(&vectors, dimensions)?)?;
    }

    let begun = Instant::now();
    let stored = Bytes::from(std::fs::read(&out)?);
    let read = begun.elapsed();
    let snapshot = Snapshot::new(
        vec![Segment::open(&stored, SegmentId::new(1, 1), ENCODER)?],
        dimensions,
    )?;
    let opened = begun.elapsed();
    search(&snapshot, queries[0])?;
    let answered = begun.elapsed();
    println!("read            {:.1} ms", read.as_secs_f64() * 1e3);
    println!("opened          {:.1} ms", opened.as_secs_f64() * 1e3);
    println!("first answer    {:.1} ms", answered.as_secs_f64() * 1e3);

    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for query in &queries {
            search(&snapshot, query)?;
        }
        times.push(begun.elapsed().as_secs_f64() * 1e6 / queries.len() as f64);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "query           {:.1} us, at least {:.1}",
        times[ROUNDS / 2],
        times[0]
    );
    println!(
        "recall@{K}       {:.4}",
        recall(&snapshot, &vectors, &queries)?
    );
    Ok(())
}

fn build(vectors: &[&[f32]], dimensions: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let content = SegmentContent {
        rows: rows(vectors)?,
        ..SegmentContent::default()
    };
    let graph = CompactionPolicy::default().graph_for(vectors.len());
    let begun = Instant::now();
    let busy = processor_seconds();
    let encoded = content.encode_base(SegmentId::new(1, 1), ENCODER, dimensions, graph)?;
    println!("rows            {}", vectors.len());
    let (elapsed, busy) = (begun.elapsed().as_secs_f64(), processor_seconds() - busy);
    println!("build           {elapsed:.2} s, {busy:.2} s of processors");
    println!("bytes           {}", encoded.bytes.len());
    println!("of them meta    {}", encoded.meta_bytes);
    match encoded.recall {
        Some(recall) => println!("measured recall {:.4}", recall.share()),
        None => println!("measured recall none, no graph"),
    }
    Ok(encoded.bytes)
}

/// User time of this process so far, where Linux tells; less disturbed by others than the clock.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().nth(11);
    ticks.and_then(|ticks| ticks.parse().ok()).unwrap_or(0.0) / 100.0
}

fn read(path: &str) -> Result<Vec<f32>, Box<dyn Error>> {
    let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let (words, _) = bytes.as_chunks::<4>();
    Ok(words.iter().map(|word| f32::from_le_bytes(*word)).collect())
}

fn rows(vectors: &[&[f32]]) -> Result<Vec<Row>, Box<dyn Error>> {
    let row = |(i, vector): (usize, &&[f32])| {
        Ok(Row {
            key: format!("catalog/category/{i:08}.jpg"),
            product_id: format!("{i:08}"),
            etag: format!(
                "\"{:032x}\"",
                i as u128 * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835
            ),
            attributes: Attributes::new(),
            embedding: Quantised::new(vector)?,
        })
    };
    vectors.iter().enumerate().map(row).collect()
}

fn search(snapshot: &Snapshot, vector: &[f32]) -> Result<Vec<usize>, Box<dyn Error>> {
    let request = SearchRequest {
        vector,
        k: K,
        min_score: -1.0,
        without_product: None,
    };
    let hits = snapshot.search(request)?;
    hits.iter().map(|hit| Ok(hit.product_id.parse()?)).collect()
}

/// Share of the hits that are at least as similar as the `K`-th best row.
fn recall(
    snapshot: &Snapshot,
    vectors: &[&[f32]],
    queries: &[&[f32]],
) -> Result<f64, Box<dyn Error>> {
    let mut found = 0;
    for query in queries {
        let mut scores: Vec<f32> = vectors.iter().map(|vector| dot(query, vector)).collect();
        let hits = search(snapshot, query)?;
        let hits: Vec<f32> = hits.iter().map(|&hit| scores[hit]).collect();
        let (_, least, _) = scores.select_nth_unstable_by(K - 1, |a, b| b.total_cmp(a));
        found += hits.iter().filter(|&score| score >= least).count();
    }
    Ok(found as f64 / (K * queries.len()) as f64)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum()
}
