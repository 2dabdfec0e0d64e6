//! The table of further labels.

use maud::{Markup, html};

use crate::bootstrap::Estimate;
use crate::evaluation::Evaluation;

/// Renders how often neighbors agree in each label; nothing if no further label was asked for.
pub(super) fn label_agreements(evaluation: &Evaluation) -> Markup {
    let k = evaluation.setting.k;
    html! {
        @for report in &evaluation.encoders {
            @if !report.label_agreements.is_empty() {
                section {
                    h2 { "Labels of the " (k) " nearest: " (report.name) }
                    div.scroll {
                        table.summary {
                            thead {
                                tr {
                                    th scope="col" { "label" }
                                    th scope="col" { "queries" }
                                    th scope="col" { "agree" }
                                    th scope="col" { "by chance" }
                                }
                            }
                            tbody {
                                @for label in &report.label_agreements {
                                    tr {
                                        th scope="row" { (label.label) }
                                        td { (label.queries) }
                                        td { (with_interval(label.share)) }
                                        td { (format!("{:.3}", label.chance)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn with_interval(Estimate { mean, low, high }: Estimate) -> String {
    format!("{mean:.3} [{low:.3}, {high:.3}]")
}
