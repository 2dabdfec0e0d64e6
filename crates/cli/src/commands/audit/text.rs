//! The audit as text for a terminal.

use lookalike_search::{AuditReport, AuditedGroup, Listed};

use super::repair::{NotIndexed, Repaired};
use crate::separation::Separation;

/// Prints the report.
pub(super) fn print(report: &AuditReport, separation: &Separation, was_repaired: bool) {
    println!(
        "generation {}: {} images of {} products are indexed; {} images in the bucket, {} products in the table",
        report.generation, report.images, report.products, report.stored, report.in_table
    );
    groups("identical images", &report.duplicates);
    let how = if report.calibrated {
        "as measured on this catalog"
    } else {
        "too few images to measure it"
    };
    let nearly = format!(
        "nearly identical, cosine from {:.3} up, {how}",
        report.threshold
    );
    groups(&nearly, &report.near_duplicates);
    list(
        "images among those of another category",
        &report.misplaced,
        |one| {
            format!(
                "{}  {}, but {:.0} % of its neighbours are {}",
                one.key,
                one.category,
                100.0 * one.confidence,
                one.suggested
            )
        },
    );
    list(
        "products without images",
        &report.products_without_images,
        Clone::clone,
    );
    list(
        "images whose product is not in the table",
        &report.images_without_product,
        |one| format!("{}  product {}", one.key, one.product_id),
    );
    list(
        "products of several folders, only because file names are equal; if the images show different products, \
         upload them with --product-id path",
        &report.products_of_several_folders,
        |one| {
            let more = match one.images.left_out() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{}  {}{more}", one.product_id, one.images.items.join(", "))
        },
    );
    list("images that cannot be indexed", &report.failed, |record| {
        let failure = record.failure.as_ref();
        let reason = failure.map_or("", |failure| failure.reason.as_str());
        format!("{}  {reason}", record.key)
    });
    list(
        "in the bucket, and neither indexed nor failed",
        &report.unindexed,
        Clone::clone,
    );
    list(
        "indexed in another version than in the bucket",
        &report.outdated,
        Clone::clone,
    );
    list(
        "indexed, but no longer in the bucket",
        &report.gone,
        Clone::clone,
    );
    list(
        "records that contradict the index",
        &report.contradictions,
        |record| {
            let wrong = record.contradiction.explained();
            format!("{}  product {}: {wrong}", record.key, record.product_id)
        },
    );
    println!("\n{}\n", separation.text());
    match (report.is_consistent(), was_repaired) {
        (true, _) => println!("bucket, index and records agree"),
        (false, false) => println!(
            "{} differences: `lookalike audit --repair` repairs them; those that wait for the indexer \
             disappear by themselves",
            report.differences()
        ),
        (false, true) => println!(
            "{} differences are left, see above; those that wait for the indexer disappear by themselves",
            report.differences()
        ),
    }
}

/// Prints the result of a repair.
pub(super) fn print_repaired(repaired: &Repaired) {
    if repaired.is_nothing() {
        println!("nothing to repair");
        return;
    }
    println!(
        "repaired: {} indexed, {} removed from the index, {} records rewritten, {} false records removed, {} cannot be \
         indexed, {} not done",
        repaired.indexed.len(),
        repaired.removed.len(),
        repaired.recorded.len(),
        repaired.records_removed.len(),
        repaired.failed.len(),
        repaired.not_done.len()
    );
    let reasons = |what: &str, keys: &[NotIndexed]| {
        for NotIndexed { key, reason } in keys {
            println!("  {what}: {key}: {reason}");
        }
    };
    reasons("cannot be indexed", &repaired.failed);
    reasons("not done", &repaired.not_done);
    println!("");
}

fn groups(what: &str, groups: &Listed<AuditedGroup>) {
    list(what, groups, |group| {
        let images = group.images.items.iter();
        let images: Vec<String> = images
            .map(|image| format!("\n    {}  product {}", image.key, image.product_id))
            .collect();
        let more = match group.images.left_out() {
            0 => String::new(),
            more => format!("\n    and {more} more"),
        };
        let products = match group.products {
            1 => "one product".to_owned(),
            products => format!("{products} products"),
        };
        format!(
            "{} images of {products}, {:.3}{}{more}",
            group.images.total,
            group.score,
            images.concat()
        )
    });
}

/// Prints a list, or nothing if it is empty.
fn list<T>(what: &str, listed: &Listed<T>, line: impl Fn(&T) -> String) {
    if listed.total == 0 {
        return;
    }
    println!("\n{what}: {}", listed.total);
    for item in &listed.items {
        println!("  {}", line(item));
    }
    if listed.left_out() > 0 {
        println!(
            "  and {} more; --limit or --json list them",
            listed.left_out()
        );
    }
}
