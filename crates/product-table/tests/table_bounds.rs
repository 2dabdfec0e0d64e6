//! Memory and time of hostile tables, counted by the allocator.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use lookalike_product_table::{ImageMatcher, ProductTable, ReadOptions};
use lookalike_test_support::{Cost, CountingAllocator};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const ROWS: u64 = 50_000;

/// Returns the peak of the memory that reading a table takes for each of its rows.
fn bytes_per_row(name: &str, header: &str, row: impl Fn(u64) -> String) -> u64 {
    let rows: String = (0..ROWS).map(row).collect();
    let text = format!("{header}{rows}");
    let (_, cost) = Cost::of(|| ProductTable::read(text.as_bytes(), &ReadOptions::default()));
    let each = cost.memory / ROWS;
    println!(
        "{name}: {each} bytes for each row of {} bytes",
        text.len() as u64 / ROWS
    );
    each
}

fn entries_of_one_name(entries: usize) -> Duration {
    let ids: Vec<String> = (0..entries).map(|n| n.to_string()).collect();
    let mut matcher = ImageMatcher::new(ids.iter().map(|id| (id.as_str(), "photo.jpg")));
    let (found, cost) = Cost::of(|| {
        let images = ids.iter().map(|id| format!("{id}/photo.jpg"));
        images
            .filter_map(|image| matcher.find(&image, &image))
            .count()
    });
    assert_eq!(found, 0);
    cost.time
}

/// Everything is in one test, because the counters are those of the whole process.
#[test]
fn memory_and_time_are_bounded() {
    let row = |n: u64| format!("{n},1\n");
    assert!(bytes_per_row("products", "product_id,a\n", row) < 1100);
    let row = |n: u64| format!("{n},1,2,3,4,5,6,7,8,9\n");
    assert!(bytes_per_row("cells", "product_id,a,b,c,d,e,f,g,h,i\n", row) < 1200);
    let row = |_: u64| ",\n".to_owned();
    assert!(bytes_per_row("rows without an id", "product_id,a\n", row) < 200);
    let row = |_: u64| "a,b,c\n".to_owned();
    assert!(bytes_per_row("lines with too many fields", "product_id,a\n", row) < 20);

    let entry = "a/".repeat(100) + "1.jpg";
    let entries: Vec<String> = (0..20_000).map(|n| format!("{entry}{n}")).collect();
    let entries = entries.iter().map(|entry| ("p", entry.as_str()));
    let (matcher, cost) = Cost::of(|| ImageMatcher::new(entries));
    assert!(!matcher.is_empty());
    println!("entries: {} bytes each", cost.memory / 20_000);
    assert!(cost.memory / 20_000 < 1200);

    // Ten times as many take ten times as long: the time of an image does not grow with the entries of its name.
    let (few, many) = (entries_of_one_name(5000), entries_of_one_name(50_000));
    println!("5,000 images of one name: {few:?}, 50,000: {many:?}");
    assert!(many < few * 30 + Duration::from_millis(100));
}
