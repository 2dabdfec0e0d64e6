//! Comparison of two encoders on the same queries.

use serde::Serialize;

use super::categories::Categories;
use super::report::{EncoderReport, Measures, headings, rows_by_category};
use crate::bootstrap::{Bootstrap, Estimate};

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
        bootstrap: Bootstrap,
        k: usize,
    ) -> Option<Self> {
        let our_rows = rows_by_category(&ours.results, categories);
        let their_rows = rows_by_category(&theirs.results, categories);
        let micro = bootstrap.differences(&our_rows.concat(), &their_rows.concat())?;
        let pairs = our_rows.iter().zip(&their_rows);
        let by_category = pairs
            .clone()
            .map(|(ours, theirs)| bootstrap.differences(ours, theirs).map(Measures::from))
            .collect();
        let differences: Vec<Vec<[f64; 5]>> = pairs
            .map(|(ours, theirs)| {
                let pairs = ours.iter().zip(theirs);
                pairs
                    .map(|(ours, theirs)| std::array::from_fn(|i| ours[i] - theirs[i]))
                    .collect()
            })
            .collect();
        let verdict = if ours.fingerprint == theirs.fingerprint {
            format!("{} and {} are the same encoder", ours.name, theirs.name)
        } else {
            sentence(ours, theirs, &micro, k)
        };
        Some(Self {
            micro: micro.into(),
            balanced: bootstrap.group_means(&differences)?.into(),
            categories: by_category,
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
