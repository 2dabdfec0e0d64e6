//! Comparison of two encoders on the same queries.

use serde::Serialize;

use super::categories::Categories;
use super::measures::{Measures, headings};
use super::query_rows::QueryRows;
use super::report::EncoderReport;
use super::setting::Setting;
use crate::bootstrap::Estimate;

/// The measures in a verdict: mAP, P@1, P@k.
pub(crate) const VERDICT_MEASURES: [usize; 3] = [3, 0, 1];

/// The measures of one encoder minus those of another, query by query.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Means over all queries.
    pub micro: Measures,
    /// Means over categories.
    #[serde(rename = "macro")]
    pub balanced: Measures,
    /// Means by category, in the order of their names; `None` without queries that count.
    pub categories: Vec<Option<Measures>>,
    /// The conclusion in a sentence.
    pub verdict: String,
}

impl Comparison {
    /// Compares two encoders; `None` if no query counts.
    pub(crate) fn new(
        ours: &EncoderReport,
        theirs: &EncoderReport,
        categories: &Categories,
        setting: &Setting,
    ) -> Option<Self> {
        let rows = |report: &EncoderReport| QueryRows::new(setting, &report.results, categories);
        let differences = rows(ours).minus(&rows(theirs));
        let bootstrap = setting.bootstrap;
        let micro = differences.micro(bootstrap)?;
        let verdict = if ours.fingerprint == theirs.fingerprint {
            format!("{} and {} are the same encoder", ours.name, theirs.name)
        } else {
            sentence(ours, theirs, &micro.to_array(), setting.k)
        };
        Some(Self {
            micro,
            balanced: differences.balanced(bootstrap)?,
            categories: differences.by_category(bootstrap),
            verdict,
        })
    }
}

/// Formats `A against B: mAP better by ..., P@1 ..., P@10 ...`.
fn sentence(
    ours: &EncoderReport,
    theirs: &EncoderReport,
    difference: &[Estimate; 5],
    k: usize,
) -> String {
    let headings = headings(k);
    let parts: Vec<String> = VERDICT_MEASURES
        .into_iter()
        .map(|i| format!("{} {}", headings[i], verdict(difference[i])))
        .collect();
    format!(
        "{} against {}: {}",
        ours.name,
        theirs.name,
        parts.join("; ")
    )
}

/// Describes a difference in words: `better by 0.040 [0.020, 0.060]`, `worse by ...`, or that the
/// interval contains zero.
pub fn verdict(difference: Estimate) -> String {
    let Estimate { mean, low, high } = difference;
    if low > 0.0 {
        format!("better by {mean:.3} [{low:.3}, {high:.3}]")
    } else if high < 0.0 {
        let (mean, low, high) = (-mean, -high, -low);
        format!("worse by {mean:.3} [{low:.3}, {high:.3}]")
    } else {
        format!("not clearly different, {mean:+.3} [{low:+.3}, {high:+.3}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_decides_the_verdict() {
        let said = |mean, low, high| verdict(Estimate { mean, low, high });
        assert_eq!(said(0.04, 0.02, 0.06), "better by 0.040 [0.020, 0.060]");
        assert_eq!(said(-0.04, -0.06, -0.02), "worse by 0.040 [0.020, 0.060]");
        assert_eq!(
            said(0.01, -0.02, 0.04),
            "not clearly different, +0.010 [-0.020, +0.040]"
        );
    }
}
