//! The evaluation for people, as text.

use std::fmt::Write;

use lookalike_training::bootstrap::Estimate;
use lookalike_training::evaluation::{
    CategoryReport, EncoderReport, Evaluation, Measures, headings, verdict,
};

use crate::output::table;

/// Formats everything except the problems.
pub(super) fn all(evaluation: &Evaluation) -> String {
    let mut text = opening(evaluation);
    let k = evaluation.setting.k;
    for report in &evaluation.encoders {
        let _ = write!(text, "\n{}\n\n{}", report.name, summary(report, k));
    }
    for report in &evaluation.encoders {
        text.push_str(&label_agreements(report, k));
    }
    if let Some(comparison) = &evaluation.comparison {
        let differences = table(&differences(&comparison.micro, &comparison.balanced, k));
        let _ = write!(text, "\n{}\n\n{differences}", comparison.verdict);
    }
    for report in &evaluation.encoders {
        let _ = write!(text, "\nby category, worst first: {}\n\n", report.name);
        text.push_str(&table(&by_category(report, k)));
    }
    text.push('\n');
    for report in &evaluation.encoders {
        text.push_str(&agreement(report, k));
    }
    text
}

fn opening(evaluation: &Evaluation) -> String {
    let setting = &evaluation.setting;
    let (catalog, queries) = (setting.catalog.images.len(), setting.queries().images.len());
    let categories = evaluation
        .encoders
        .first()
        .map_or(0, |r| r.categories.len());
    let mut text = if setting.leaves_one_out() {
        format!("{catalog} images, each searched for among the others, {categories} categories\n")
    } else {
        format!("{queries} queries, {catalog} catalog images, {categories} categories\n")
    };
    if let Some(products) = &setting.products {
        let count = products.count();
        let _ = writeln!(
            text,
            "{count} products; images of the query's own product do not count"
        );
    }
    text
}

fn summary(report: &EncoderReport, k: usize) -> String {
    let mut rows = vec![cells(["", "over queries", "over categories"])];
    let estimates = report.micro.to_array().into_iter();
    let estimates = estimates.zip(report.balanced.to_array());
    for (heading, (micro, balanced)) in headings(k).into_iter().zip(estimates) {
        rows.push(vec![heading, three(micro), three(balanced)]);
    }
    table(&rows)
}

fn label_agreements(report: &EncoderReport, k: usize) -> String {
    if report.label_agreements.is_empty() {
        return String::new();
    }
    let mut rows = vec![cells([
        "",
        "queries",
        &format!("agree, of {k}"),
        "by chance",
    ])];
    for label in &report.label_agreements {
        rows.push(vec![
            label.label.clone(),
            label.queries.to_string(),
            three(label.share),
            format!("{:.3}", label.chance),
        ]);
    }
    format!(
        "\nlabels of the nearest: {}\n\n{}",
        report.name,
        table(&rows)
    )
}

fn differences(micro: &Measures, balanced: &Measures, k: usize) -> Vec<Vec<String>> {
    let mut rows = vec![cells(["", "over queries", "over categories"])];
    let pairs = micro.to_array().into_iter().zip(balanced.to_array());
    for (heading, (micro, balanced)) in headings(k).into_iter().zip(pairs) {
        rows.push(vec![heading, verdict(micro), verdict(balanced)]);
    }
    rows
}

fn by_category(report: &EncoderReport, k: usize) -> Vec<Vec<String>> {
    let mut categories: Vec<(&CategoryReport, Measures)> = report
        .categories
        .iter()
        .filter_map(|category| Some((category, category.measures?)))
        .collect();
    let quality = |measures: &Measures| measures.average_precision.mean;
    categories.sort_by(|(_, a), (_, b)| quality(a).total_cmp(&quality(b)));
    let mut rows = vec![cells(["", "catalog", "queries"])];
    rows[0].extend(headings(k));
    for (category, measures) in categories {
        let mut row = vec![
            category.category.clone(),
            category.catalog.to_string(),
            category.scored.to_string(),
        ];
        row.extend(measures.to_array().map(two));
        rows.push(row);
    }
    rows
}

fn agreement(report: &EncoderReport, k: usize) -> String {
    let how = if report.index.walks_a_graph {
        "walking its graph"
    } else {
        "looking at every row"
    };
    let recall = 100.0 * report.index.recall.mean;
    format!(
        "index with {}: {recall:.2} % of the {k} nearest that an exact search finds, {how}\n",
        report.name
    )
}

fn cells<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

fn three(Estimate { mean, low, high }: Estimate) -> String {
    format!("{mean:.3} [{low:.3}, {high:.3}]")
}

fn two(Estimate { mean, low, high }: Estimate) -> String {
    format!("{mean:.2} [{low:.2}, {high:.2}]")
}
