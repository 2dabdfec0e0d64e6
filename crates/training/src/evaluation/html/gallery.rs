//! Queries with their neighbors, worst first.

use std::path::Path;

use maud::{Markup, html};

use super::thumbnails::Thumbnails;
use crate::evaluation::{CategoryReport, EncoderReport, Evaluation};
use crate::labeled::LabeledImage;
use crate::retrieval::{Neighbor, QueryScores};

/// Maximum bytes of images in the page.
const BUDGET: usize = 8_500_000;
/// Number of neighbors that are shown for a query.
const NEIGHBORS: usize = 10;
/// Approximate bytes of a neighbor's text and tags.
const TAGS: usize = 300;
/// Number of categories that are unfolded at first.
const UNFOLDED: usize = 3;

/// A category and the queries to show, worst first.
struct Chapter<'a> {
    category: &'a CategoryReport,
    /// Queries that count, worst first.
    queries: Vec<usize>,
    /// Number of queries that are shown.
    shown: usize,
}

/// Renders the section of all categories, worst first by the first encoder's mAP.
pub(super) fn gallery(evaluation: &Evaluation, queries_shown: usize) -> Markup {
    let Some(report) = evaluation.encoders.first() else {
        return html! {};
    };
    let mut chapters = chapters(evaluation, report);
    let mut thumbnails = Thumbnails::default();
    let fits = choose(evaluation, &mut chapters, &mut thumbnails, queries_shown);
    let neighbors = NEIGHBORS.min(evaluation.setting.k);
    html! {
        section.gallery {
            h2 { "Queries and their neighbours" }
            p {
                "Worst categories first, worst queries first within them, nearest neighbours from \
                left to right. "
                span.key.right { "✓" } " right category, "
                span.key.wrong { "✗" } " wrong category; the number is the cosine similarity."
                @if neighbors < evaluation.setting.k {
                    " The first " (neighbors) " of " (evaluation.setting.k) " are shown."
                }
                @if !fits {
                    " Fewer queries than asked for are shown, so that the page stays small."
                }
            }
            @for (place, chapter) in chapters.iter().enumerate() {
                (chapter_of(evaluation, chapter, &thumbnails, place < UNFOLDED))
            }
        }
    }
}

fn chapters<'a>(evaluation: &'a Evaluation, report: &'a EncoderReport) -> Vec<Chapter<'a>> {
    let mut chapters: Vec<Chapter<'_>> = report
        .categories
        .iter()
        .enumerate()
        .filter(|(_, category)| category.scored > 0)
        .map(|(number, category)| Chapter {
            category,
            queries: worst_first(evaluation, report, number),
            shown: 0,
        })
        .collect();
    let quality = |chapter: &Chapter<'_>| {
        let measures = chapter.category.measures.unwrap_or_default();
        measures.average_precision.mean
    };
    chapters.sort_by(|a, b| quality(a).total_cmp(&quality(b)));
    chapters
}

/// Sorts the queries of a category by the first k results, which a shopper sees, then by the whole
/// ranking.
fn worst_first(evaluation: &Evaluation, report: &EncoderReport, category: usize) -> Vec<usize> {
    let labels = &evaluation.categories.queries;
    let mut queries: Vec<(QueryScores, usize)> = (0..labels.len())
        .filter(|&query| labels.first(query) == Some(category as u32))
        .filter_map(|query| Some((report.results[query].scores?, query)))
        .collect();
    queries.sort_by(|(a, i), (b, j)| {
        let by_k = a.precision.total_cmp(&b.precision);
        by_k.then(a.average_precision.total_cmp(&b.average_precision))
            .then(i.cmp(j))
    });
    queries.into_iter().map(|(_, query)| query).collect()
}

/// Takes the worst query of every category, then the second worst, until all requested ones are
/// taken or the budget is spent; returns true if all fit.
fn choose<'a>(
    evaluation: &'a Evaluation,
    chapters: &mut [Chapter<'_>],
    thumbnails: &mut Thumbnails<'a>,
    queries_shown: usize,
) -> bool {
    let mut spent = 0;
    for round in 0..queries_shown {
        let of_round = chapters.iter().filter_map(|c| c.queries.get(round));
        let paths: Vec<&Path> = of_round
            .flat_map(|&query| images(evaluation, query))
            .collect();
        if paths.is_empty() {
            return true;
        }
        thumbnails.make(paths.into_iter());
        for chapter in chapters.iter_mut() {
            let Some(&query) = chapter.queries.get(round) else {
                continue;
            };
            let bytes = images(evaluation, query).map(|path| thumbnails.bytes(path) + TAGS);
            spent += bytes.sum::<usize>();
            if spent > BUDGET {
                return false;
            }
            chapter.shown += 1;
        }
    }
    true
}

/// Returns every image in a query's part of the page, as often as it occurs.
fn images(evaluation: &Evaluation, query: usize) -> impl Iterator<Item = &Path> {
    let setting = &evaluation.setting;
    let own = setting.queries().images[query].path.as_path();
    let neighbors = evaluation.encoders.iter().flat_map(move |report| {
        let shown = report.results[query].neighbors.iter().take(NEIGHBORS);
        shown.map(|found| setting.catalog.images[found.row].path.as_path())
    });
    std::iter::once(own).chain(neighbors)
}

fn chapter_of(
    evaluation: &Evaluation,
    chapter: &Chapter<'_>,
    thumbnails: &Thumbnails<'_>,
    open: bool,
) -> Markup {
    let measures = chapter.category.measures.unwrap_or_default();
    html! {
        details open[open] {
            summary {
                b { (chapter.category.category) }
                span.note {
                    "mAP " (two(measures.average_precision.mean))
                    ", P@1 " (two(measures.first.mean))
                    "; " (chapter.shown) " of " (chapter.queries.len()) " queries"
                }
            }
            @for &query in &chapter.queries[..chapter.shown] {
                (query_of(evaluation, query, thumbnails))
            }
        }
    }
}

fn query_of(evaluation: &Evaluation, query: usize, thumbnails: &Thumbnails<'_>) -> Markup {
    let image = &evaluation.setting.queries().images[query];
    let both = evaluation.encoders.len() > 1;
    html! {
        article {
            figure.query {
                (thumbnail(image, thumbnails))
                figcaption { (image.name) }
            }
            div.answers {
                @for report in &evaluation.encoders {
                    @let result = &report.results[query];
                    p.note {
                        @if both { b { (report.name) } " " }
                        @if let Some(scores) = result.scores {
                            "P@" (evaluation.setting.k) " " (two(scores.precision))
                            ", AP " (two(scores.average_precision))
                        }
                    }
                    ol.neighbors {
                        @for found in result.neighbors.iter().take(NEIGHBORS) {
                            (neighbor(evaluation, image, found, thumbnails))
                        }
                    }
                }
            }
        }
    }
}

fn neighbor(
    evaluation: &Evaluation,
    query: &LabeledImage,
    found: &Neighbor,
    thumbnails: &Thumbnails<'_>,
) -> Markup {
    let image = &evaluation.setting.catalog.images[found.row];
    let right = image.shares_label(query);
    html! {
        li class=(if right { "right" } else { "wrong" }) title=(image.name) {
            (thumbnail(image, thumbnails))
            span.mark { (if right { "✓" } else { "✗" }) " " (two(f64::from(found.similarity))) }
            @if !right {
                span.label { (image.label) }
            }
        }
    }
}

fn thumbnail(image: &LabeledImage, thumbnails: &Thumbnails<'_>) -> Markup {
    html! {
        @if let Some(url) = thumbnails.url(&image.path) {
            img src=(url) alt=(image.label) loading="lazy" decoding="async";
        } @else {
            span.gone { "the file was removed" }
        }
    }
}

fn two(value: f64) -> String {
    format!("{value:.2}")
}
