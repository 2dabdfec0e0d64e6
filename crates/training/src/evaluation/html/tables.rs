//! The tables of the page.

use maud::{Markup, html};

use crate::bootstrap::Estimate;
use crate::evaluation::{
    CategoryReport, Comparison, EncoderReport, Evaluation, Measures, headings, verdict,
};

/// Maximum number of categories for which the whole heat table is readable.
const HEAT_CATEGORIES: usize = 25;
/// Number of pairs of categories that are listed.
const PAIRS: usize = 10;

/// Renders the measures over everything, of one encoder or of two with their difference.
pub(super) fn summary(evaluation: &Evaluation) -> Markup {
    html! {
        section {
            h2 { "Summary" }
            (averages(evaluation, "every query counts the same", |r| r.micro, |c| c.micro))
            (averages(evaluation, "every category counts the same", |r| r.balanced, |c| c.balanced))
            p.note {
                "Brackets and bars are 95 % intervals by resampling the queries. P@1: the nearest is \
                right. P@" (evaluation.setting.k) ": share of right ones among the first "
                (evaluation.setting.k) ". R@" (evaluation.setting.k) ": any of them is right. mAP: \
                mean precision at the ranks of all right ones. MRR: one over the rank of the first \
                right one."
            }
        }
    }
}

fn averages(
    evaluation: &Evaluation,
    caption: &str,
    of: impl Fn(&EncoderReport) -> Measures,
    of_difference: impl Fn(&Comparison) -> Measures,
) -> Markup {
    let headings = headings(evaluation.setting.k);
    let difference = evaluation
        .comparison
        .as_ref()
        .map(|comparison| of_difference(comparison).to_array());
    html! {
        div.scroll {
            table.summary {
                caption { (caption) }
                thead {
                    tr {
                        th scope="col" { "measure" }
                        @for report in &evaluation.encoders {
                            th scope="col" { (report.name) }
                        }
                        @if let Some([_, theirs, ..]) = evaluation.encoders.get(..2) {
                            th scope="col" { "against " (theirs.name) }
                        }
                    }
                }
                tbody {
                    @for (i, heading) in headings.iter().enumerate() {
                        tr {
                            th scope="row" { (heading) }
                            @for report in &evaluation.encoders {
                                td { (with_bar(of(report).to_array()[i])) }
                            }
                            @if let Some(difference) = &difference {
                                td class={ "words " (direction(difference[i])) } { (verdict(difference[i])) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Renders the section that compares the index with an exact search.
pub(super) fn index(evaluation: &Evaluation) -> Markup {
    let k = evaluation.setting.k;
    html! {
        section {
            h2 { "Index" }
            @for report in &evaluation.encoders {
                p {
                    "With " b { (report.name) } ", the index finds "
                    (format!("{:.2} %", 100.0 * report.index.recall.mean))
                    " of the " (k) " nearest that an exact search finds, "
                    @if report.index.walks_a_graph {
                        "walking its graph"
                    } @else {
                        "looking at every row, as it does in a catalog of this size"
                    }
                    "; it takes " (format!("{:.1} MB", report.index.bytes as f64 / 1e6)) " for "
                    (report.dimensions) " dimensions."
                }
            }
        }
    }
}

/// Renders the measures by category, worst mAP of the first encoder first.
pub(super) fn by_category(evaluation: &Evaluation) -> Markup {
    let Some(report) = evaluation.encoders.first() else {
        return html! {};
    };
    let headings = headings(evaluation.setting.k);
    let mut order: Vec<(usize, &CategoryReport, Measures)> = report
        .categories
        .iter()
        .enumerate()
        .filter_map(|(i, category)| Some((i, category, category.measures?)))
        .collect();
    order.sort_by(|(_, _, a), (_, _, b)| {
        a.average_precision
            .mean
            .total_cmp(&b.average_precision.mean)
    });
    html! {
        section {
            h2 { "By category" }
            p.note { "Worst first" @if evaluation.encoders.len() > 1 { ", measures of " (report.name) } "." }
            div.scroll {
                table.categories {
                    thead {
                        tr {
                            th scope="col" { "category" }
                            th scope="col" { "catalog" }
                            th scope="col" { "queries" }
                            @for heading in &headings {
                                th scope="col" { (heading) }
                            }
                            @if let Some([_, theirs, ..]) = evaluation.encoders.get(..2) {
                                th scope="col" { "mAP against " (theirs.name) }
                            }
                        }
                    }
                    tbody {
                        @for (number, category, measures) in order {
                            tr {
                                th scope="row" { (category.category) }
                                td { (category.catalog) }
                                td { (category.scored) }
                                @for estimate in measures.to_array() {
                                    td { (interval(estimate)) }
                                }
                                (difference(evaluation, number))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn difference(evaluation: &Evaluation, category: usize) -> Markup {
    let comparison = evaluation.comparison.as_ref();
    let measures = comparison.and_then(|comparison| comparison.categories[category]);
    html! {
        @if let Some(measures) = measures {
            @let difference = measures.average_precision;
            td class={ "words " (direction(difference)) } { (verdict(difference)) }
        }
    }
}

/// Renders the section of the nearest neighbors' categories.
pub(super) fn confusion(evaluation: &Evaluation) -> Markup {
    html! {
        section {
            h2 { "Confusion" }
            p.note { "The category of the nearest neighbour, by that of the query, in percent of its queries." }
            @for report in &evaluation.encoders {
                @if evaluation.encoders.len() > 1 { h3 { (report.name) } }
                @if evaluation.categories.names.len() <= HEAT_CATEGORIES {
                    (heat(evaluation, report))
                }
                (pairs(evaluation, report))
            }
        }
    }
}

fn heat(evaluation: &Evaluation, report: &EncoderReport) -> Markup {
    let names = &evaluation.categories.names;
    let rows = report.confusion.iter().enumerate();
    html! {
        div.scroll {
            table.heat {
                thead {
                    tr {
                        th scope="col" { "query ↓ nearest →" }
                        @for name in names { th scope="col" { span { (name) } } }
                    }
                }
                tbody {
                    @for (query, row) in rows.filter(|(_, row)| row.iter().sum::<usize>() > 0) {
                        @let all = row.iter().sum::<usize>();
                        tr {
                            th scope="row" { (names[query]) }
                            @for (nearest, &count) in row.iter().enumerate() {
                                @let percent = (100 * count + all / 2) / all;
                                td.own[query == nearest] style=(format!("--heat:{percent}%"))
                                    title=(format!("{count} of {all} {} nearest to {}", names[query], names[nearest])) {
                                    @if count > 0 { (percent) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Renders the pairs of categories that are confused most often.
fn pairs(evaluation: &Evaluation, report: &EncoderReport) -> Markup {
    let names = &evaluation.categories.names;
    let mut pairs: Vec<(usize, usize, usize)> = Vec::new();
    for (query, row) in report.confusion.iter().enumerate() {
        let wrong = row.iter().enumerate();
        let wrong = wrong.filter(|&(nearest, &count)| nearest != query && count > 0);
        pairs.extend(wrong.map(|(nearest, &count)| (count, query, nearest)));
    }
    pairs.sort_by_key(|&(count, query, nearest)| (usize::MAX - count, query, nearest));
    html! {
        @if pairs.is_empty() {
            p { "Every nearest neighbour is of the right category." }
        } @else {
            p {
                "Most often: "
                @for (i, &(count, query, nearest)) in pairs.iter().take(PAIRS).enumerate() {
                    @if i > 0 { ", " }
                    span.pair { (names[query]) " taken for " (names[nearest]) " (" (count) ")" }
                }
                "."
            }
        }
    }
}

fn with_bar(estimate: Estimate) -> Markup {
    let percent = |value: f64| format!("{:.1}%", 100.0 * value.clamp(0.0, 1.0));
    let width = estimate.high - estimate.low;
    html! {
        (interval(estimate))
        span.bar aria-hidden="true" {
            span.range style=(format!("left:{};width:{}", percent(estimate.low), percent(width))) {}
            span.dot style=(format!("left:{}", percent(estimate.mean))) {}
        }
    }
}

fn interval(estimate: Estimate) -> Markup {
    html! {
        span.mean { (format!("{:.3}", estimate.mean)) } " "
        span.interval { (format!("[{:.3}, {:.3}]", estimate.low, estimate.high)) }
    }
}

fn direction(difference: Estimate) -> &'static str {
    if difference.low > 0.0 {
        "better"
    } else if difference.high < 0.0 {
        "worse"
    } else {
        "same"
    }
}
