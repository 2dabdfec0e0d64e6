//! The audit as one HTML file without scripts; images are loaded through signed links.

use std::collections::HashMap;

use anyhow::Result;
use lookalike_search::{AuditReport, AuditedGroup, AuditedImage, Listed, Searcher};
use lookalike_training::evaluation::html::STYLE;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::repair::Repaired;
use crate::separation::Separation;

const OWN_STYLE: &str = include_str!("page.css");

/// Links by key.
type Links = HashMap<String, String>;

/// Renders the page of a report; everything in the report is shown.
pub(super) async fn page(
    report: &AuditReport,
    separation: &Separation,
    repaired: Option<&Repaired>,
    searcher: &Searcher,
) -> Result<String> {
    let links = links(report, searcher).await?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "Catalog audit" }
                style { (PreEscaped(STYLE)) (PreEscaped(OWN_STYLE)) }
            }
            body {
                main {
                    h1 { "Catalog audit" }
                    (opening(report))
                    @if let Some(repaired) = repaired { (repair(repaired)) }
                    h2 { "Categories" }
                    @for line in separation.text().lines() { p { (line.trim()) } }
                    (groups("Identical images", &report.duplicates, &links))
                    (groups("Nearly identical images", &report.near_duplicates, &links))
                    (misplaced(report, &links))
                    (products(report))
                    (pictures_without_product(report, &links))
                    (products_of_several_folders(report))
                    (failed(report, &links))
                    (keys("In the bucket, and neither indexed nor failed", &report.unindexed))
                    (keys("Indexed in another version than in the bucket", &report.outdated))
                    (keys("Indexed, but no longer in the bucket", &report.gone))
                    (records(report))
                }
            }
        }
    };
    Ok(page.into_string())
}

/// Signs a link for every image of the page.
async fn links(report: &AuditReport, searcher: &Searcher) -> Result<Links> {
    let groups = [&report.duplicates, &report.near_duplicates];
    let groups = groups.into_iter().flat_map(|listed| listed.items.iter());
    let keys = groups.flat_map(|group| group.images.items.iter().map(|picture| &picture.key));
    let keys = keys.chain(report.misplaced.items.iter().map(|one| &one.key));
    let alone = &report.images_without_product.items;
    let keys = keys.chain(alone.iter().map(|one| &one.key));
    let keys = keys.chain(report.failed.items.iter().map(|record| &record.key));
    let mut links = Links::new();
    for key in keys {
        if !links.contains_key(key) {
            links.insert(key.clone(), searcher.image_link(key).await?);
        }
    }
    Ok(links)
}

fn opening(report: &AuditReport) -> Markup {
    html! {
        p.lead {
            "Generation " (report.generation) ": " (report.images) " images of " (report.products)
            " products are indexed; " (report.stored) " images in the bucket, " (report.in_table)
            " products in the table."
        }
        div.verdict {
            @if report.is_consistent() {
                "Bucket, index and records agree."
            } @else {
                (report.differences()) " differences between bucket, index and records: "
                code { "lookalike audit --repair" } " repairs them."
            }
        }
        p.note {
            "Nearly identical means a cosine similarity from " (format!("{:.3}", report.threshold)) " up"
            @if report.calibrated { ", as measured on this catalog." } @else { "." }
            " Images come through links that are good for about an hour."
        }
    }
}

fn repair(repaired: &Repaired) -> Markup {
    html! {
        section.problems {
            h2 { "Repaired" }
            ul {
                li { (repaired.indexed.len()) " images indexed" }
                li { (repaired.removed.len()) " removed from the index" }
                li { (repaired.recorded.len()) " records rewritten" }
                li { (repaired.records_removed.len()) " false records removed" }
                @for one in repaired.failed.iter().chain(&repaired.not_done) {
                    li { code { (one.key) } ": " (one.reason) }
                }
            }
        }
    }
}

/// Renders a section with a list; nothing if the list is empty.
fn section<T>(title: &str, listed: &Listed<T>, content: Markup) -> Markup {
    html! {
        @if listed.total > 0 {
            section {
                h2 { (title) ": " (listed.total) }
                (content)
                @if listed.left_out() > 0 {
                    p.note { "And " (listed.left_out()) " more; " code { "--limit" } " shows them." }
                }
            }
        }
    }
}

fn groups(title: &str, listed: &Listed<AuditedGroup>, links: &Links) -> Markup {
    let content = html! {
        @for group in &listed.items {
            article.group {
                p {
                    b { (group.images.total) " images of " (group.products)
                        @if group.products == 1 { " product" } @else { " products" } }
                    @if group.score < 1.0 {
                        span.note { " at least " (format!("{:.3}", group.score)) " similar" }
                    }
                }
                (pictures(&group.images, links))
            }
        }
    };
    section(title, listed, content)
}

fn pictures(listed: &Listed<AuditedImage>, links: &Links) -> Markup {
    html! {
        (each(listed, links))
        @if listed.left_out() > 0 {
            p.note { "And " (listed.left_out()) " more images." }
        }
    }
}

fn each(listed: &Listed<AuditedImage>, links: &Links) -> Markup {
    html! {
        ol.pictures {
            @for picture in &listed.items {
                li {
                    (image(&picture.key, &picture.product_id, links))
                    b { (picture.product_id) }
                    (picture.key)
                }
            }
        }
    }
}

fn image(key: &str, product_id: &str, links: &Links) -> Markup {
    html! {
        @if let Some(url) = links.get(key) {
            img src=(url) alt=(format!("Product {product_id}")) loading="lazy" decoding="async";
        }
    }
}

fn misplaced(report: &AuditReport, links: &Links) -> Markup {
    let listed = &report.misplaced;
    let content = html! {
        ol.pictures {
            @for one in &listed.items {
                li {
                    (image(&one.key, &one.product_id, links))
                    b { (one.category) " → " (one.suggested) }
                    (format!("{:.0}", 100.0 * one.confidence)) " % of its neighbours, "
                    (format!("{:.2}", one.score)) " similar"
                    br;
                    (one.product_id) br; (one.key)
                }
            }
        }
    };
    section("Images among those of another category", listed, content)
}

fn products(report: &AuditReport) -> Markup {
    keys("Products without images", &report.products_without_images)
}

fn keys(title: &str, listed: &Listed<String>) -> Markup {
    let content = html! {
        ul.plain { @for key in &listed.items { li { code { (key) } } } }
    };
    section(title, listed, content)
}

fn pictures_without_product(report: &AuditReport, links: &Links) -> Markup {
    let listed = &report.images_without_product;
    let title = "Images whose product is not in the table";
    section(title, listed, each(listed, links))
}

fn products_of_several_folders(report: &AuditReport) -> Markup {
    let listed = &report.products_of_several_folders;
    let content = html! {
        ul.plain {
            @for product in &listed.items {
                li {
                    b { (product.product_id) } ": " (product.images.items.join(", "))
                    @if product.images.left_out() > 0 { " and " (product.images.left_out()) " more" }
                }
            }
        }
    };
    section(
        "Products of several folders, only because file names are equal",
        listed,
        content,
    )
}

fn failed(report: &AuditReport, links: &Links) -> Markup {
    let listed = &report.failed;
    let content = html! {
        ul.plain {
            @for record in &listed.items {
                li {
                    @match links.get(&record.key) {
                        Some(url) => a href=(url) { (record.key) },
                        None => code { (record.key) },
                    }
                    @if let Some(failure) = &record.failure { ": " (failure.reason) }
                }
            }
        }
    };
    section("Images that cannot be indexed", listed, content)
}

fn records(report: &AuditReport) -> Markup {
    let listed = &report.contradictions;
    let content = html! {
        ul.plain {
            @for record in &listed.items {
                li {
                    code { (record.key) } ", product " b { (record.product_id) } ": "
                    (record.contradiction.explained())
                }
            }
        }
    };
    section("Records that contradict the index", listed, content)
}
