//! The figures of a comparison, for people.

use lookalike_training::bootstrap::Estimate;
use lookalike_training::gain::{Estimates, Gain, MIN_PRODUCTS};

use crate::output;

/// Returns a table of P@1, P@10 and mAP before and after, with intervals.
pub(crate) fn gain_table(gain: &Gain) -> String {
    let head = ["", "P@1", "P@10", "mAP"].map(str::to_owned).to_vec();
    let cells = |name: &str, estimates: &Estimates, cell: fn(&Estimate) -> String| {
        let Estimates {
            first,
            precision,
            average_precision,
        } = estimates;
        let figures = [first, precision, average_precision].map(cell);
        [vec![name.to_owned()], figures.to_vec()].concat()
    };
    let rows = [
        head,
        cells("before", &gain.before, share),
        cells("after", &gain.after, share),
        cells("gain", &gain.gain, difference),
    ];
    let few = if gain.products < MIN_PRODUCTS {
        format!("fewer than {MIN_PRODUCTS} held-out products are too few to tell which is better\n")
    } else {
        String::new()
    };
    format!(
        "{} held-out products with {} images, before by {:?}; 95 % intervals\n{}{few}",
        gain.products,
        gain.images,
        gain.encoder,
        output::table(&rows)
    )
}

fn share(estimate: &Estimate) -> String {
    let Estimate { mean, low, high } = estimate;
    format!("{mean:.3} [{low:.3}, {high:.3}]")
}

fn difference(estimate: &Estimate) -> String {
    let Estimate { mean, low, high } = estimate;
    format!("{mean:+.3} [{low:+.3}, {high:+.3}]")
}
