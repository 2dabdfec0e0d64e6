//! The report as one self-contained HTML file: no script, no network, images inside.

mod gallery;
mod label_agreement;
mod tables;
mod thumbnails;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::comparison::VERDICT_MEASURES;
use super::{Comparison, Evaluation, headings, verdict};
use crate::skipped::Skipped;

/// Style of reports: light or dark as the reader prefers, narrow or wide.
pub const STYLE: &str = include_str!("style.css");
/// Number of problems that are shown in full; the rest is counted.
const PROBLEMS_SHOWN: usize = 20;

/// Renders the page. Of each category at most `queries_shown` queries are shown with their
/// neighbors, and fewer if the images would make the page too large for a mail or a browser.
/// `skipped` are the files that could not be used.
pub fn page(evaluation: &Evaluation, queries_shown: usize, skipped: &[Skipped]) -> String {
    let names: Vec<&str> = evaluation
        .encoders
        .iter()
        .map(|report| report.name.as_str())
        .collect();
    let title = format!("Retrieval with {}", names.join(" and "));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (title) }
                    (opening(evaluation))
                    (problems(evaluation, skipped))
                    (tables::summary(evaluation))
                    (label_agreement::label_agreements(evaluation))
                    (tables::index(evaluation))
                    (tables::by_category(evaluation))
                    (tables::confusion(evaluation))
                    (gallery::gallery(evaluation, queries_shown))
                }
            }
        }
    };
    page.into_string()
}

fn opening(evaluation: &Evaluation) -> Markup {
    let setting = &evaluation.setting;
    let queries = setting.queries().images.len();
    let catalog = setting.catalog.images.len();
    html! {
        p.lead {
            @if setting.leaves_one_out() {
                (catalog) " images, each searched for among the others, "
            } @else {
                (queries) " queries against a catalog of " (catalog) " images, "
            }
            (evaluation.categories.names.len()) " categories. A neighbour is right when it is of the \
            query's category."
            @if setting.products.is_some() { " Images of the query's own product do not count." }
        }
        @if let Some(comparison) = &evaluation.comparison {
            div.verdict { (verdict_of(evaluation, comparison)) }
        }
    }
}

/// Renders the verdict, measure by measure.
fn verdict_of(evaluation: &Evaluation, comparison: &Comparison) -> Markup {
    let headings = headings(evaluation.setting.k);
    html! {
        @if let [ours, theirs, ..] = evaluation.encoders.as_slice() {
            @if ours.fingerprint == theirs.fingerprint {
                p { (comparison.verdict) }
            } @else {
                p { (ours.name) " against " (theirs.name) ":" }
                ul {
                    @for i in VERDICT_MEASURES {
                        li { (headings[i]) " " (verdict(comparison.micro.to_array()[i])) }
                    }
                }
            }
        }
    }
}

/// Renders the section of queries and files that do not count, with the reasons.
fn problems(evaluation: &Evaluation, skipped: &[Skipped]) -> Markup {
    let unanswerable = evaluation.unanswerable();
    let copies = evaluation.setting.queries_in_catalog();
    let notes = evaluation.notes();
    html! {
        @if !(unanswerable.is_empty() && skipped.is_empty() && notes.is_empty()) || copies > 0 {
            section.problems {
                h2 { "To know" }
                ul {
                    @if copies > 0 {
                        li {
                            (copies) " queries are also in the catalog, byte for byte: they find \
                            themselves, and the measures are too good."
                        }
                    }
                    @for note in notes {
                        li { (note) }
                    }
                    @for (category, queries) in unanswerable {
                        li {
                            (queries) " queries of " b { (category) } " do not count: there is \
                            nothing of their category to find."
                        }
                    }
                    @for skipped in skipped.iter().take(PROBLEMS_SHOWN) {
                        li { "Left out: " code { (skipped.what) } ": " (skipped.reason) }
                    }
                    @if skipped.len() > PROBLEMS_SHOWN {
                        li { "Left out: " (skipped.len() - PROBLEMS_SHOWN) " more." }
                    }
                }
            }
        }
    }
}
