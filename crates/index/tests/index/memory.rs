//! The memory of a rebuild, measured in a process of its own, because the peak is that of a whole process.

#![cfg(target_os = "linux")]

use std::process::Command;

use bytes::Bytes;
use lookalike_index::{
    CompactionPolicy, HEADER_BYTES, LiveRows, Segment, SegmentEntry, SegmentKind, rebuild_base,
    rebuild_bytes,
};
use xxhash_rust::xxh3::xxh3_64;

use crate::support::{ENCODER, Vectors, content, id, row};

/// File of a stored base and its dimensions: set in the process that is measured.
const ASKED: &str = "LOOKALIKE_MEASURED_REBUILD";
const NAME: &str = "memory::a_rebuild_takes_no_more_memory_than_estimated";

#[test]
fn a_rebuild_takes_no_more_memory_than_estimated() {
    if let Ok(asked) = std::env::var(ASKED) {
        let (dimensions, file) = asked.split_once(' ').unwrap();
        return measure(file, dimensions.parse().unwrap());
    }
    for (version, rows, dimensions) in [(2, 12_000, 256), (1, 12_000, 256), (1, 7000, 1280)] {
        let name = format!(
            "lookalike-{}-{version}-{dimensions}.seg",
            std::process::id()
        );
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, stored(version, rows, dimensions)).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([NAME, "--exact", "--nocapture"]);
        command.env(ASKED, format!("{dimensions} {}", file.display()));
        let output = command.output();
        std::fs::remove_file(&file).unwrap();
        let output = output.unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let wrong = String::from_utf8_lossy(&output.stderr);
        let asked = format!("version {version}, {rows} x {dimensions}");
        assert!(output.status.success(), "{asked}: {told} {wrong}");
        println!(
            "{asked}: {}",
            told.lines().find(|l| l.contains("times")).unwrap()
        );
    }
}

/// Reads a base and rebuilds it. Memory that the process used before does not count.
fn measure(file: &str, dimensions: usize) {
    let before = kilobytes("VmRSS:") * 1024;
    let stored = Bytes::from(std::fs::read(file).unwrap());
    let segment = Segment::open(&stored, id(1), ENCODER).unwrap();
    let live_rows = LiveRows::new(vec![segment.meta().clone()]);
    let content = rebuild_base(&live_rows, &[segment]);
    let graph = CompactionPolicy::default().graph_for(content.rows.len());
    let encoded = content.encode_base(id(2), ENCODER, dimensions, graph);
    assert!(encoded.unwrap().recall.is_some());
    let peak = kilobytes("VmHWM:") * 1024 - before;
    let times = peak as f64 / stored.len() as f64;
    let said = rebuild_bytes(&[SegmentEntry {
        id: id(1),
        kind: SegmentKind::Base,
        rows: content.rows.len() as u32,
        bytes: stored.len() as u64,
        meta_bytes: 0,
        recall: None,
        match_thresholds: None,
    }]);
    println!(
        "\n{times:.2} times {} bytes, estimated were {said}",
        stored.len()
    );
    assert!(peak <= said, "{times:.2} times what is stored");
    // Otherwise rebuilds would be postponed although there is enough memory.
    assert!(2 * peak >= said, "{times:.2} times what is stored");
}

fn stored(version: u8, rows: usize, dimensions: usize) -> Vec<u8> {
    let vectors = Vectors::new(3, dimensions).clustered(rows, rows / 50);
    let rows = vectors.iter().enumerate().map(|(i, vector)| {
        let product = format!("{:032x}", i as u128 * 0x9e37_79b9_7f4a_7c15);
        let mut row = row(&format!("catalog/shoes/{product}.jpg"), &product, vector);
        let category = "shoes".into();
        row.attributes.insert("category".to_owned(), category);
        row
    });
    // Version 1 stored graphs in another form, and a rebuild does not read its links.
    let graph = CompactionPolicy::default().graph_for(rows.len());
    let graph = graph.filter(|_| version > 1);
    let content = content(rows.collect());
    let encoded = content.encode_base(id(1), ENCODER, dimensions, graph);
    let mut bytes = encoded.unwrap().bytes;
    if version == 1 {
        // Vectors of version 1 are not rotated.
        bytes[8] = 1;
        let checksum = xxh3_64(&bytes[..HEADER_BYTES - 8]);
        bytes[HEADER_BYTES - 8..HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
    }
    bytes
}

fn kilobytes(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
