//! Batches of messages within the limits of SQS.

/// Maximum number of messages in one `SendMessageBatch`.
const MAX_MESSAGES: usize = 10;
/// Maximum bytes of one batch that every queue accepts.
const MAX_BATCH_BYTES: usize = 256 * 1024;

/// Splits bodies into batches that SQS accepts, in order. A body over the limit is in a batch of
/// its own.
pub(super) fn batches(bodies: &[String]) -> Vec<&[String]> {
    let mut batches = Vec::new();
    let mut begin = 0;
    let mut bytes = 0;
    for (position, body) in bodies.iter().enumerate() {
        let full = position - begin == MAX_MESSAGES || bytes + body.len() > MAX_BATCH_BYTES;
        if full && position > begin {
            batches.push(&bodies[begin..position]);
            begin = position;
            bytes = 0;
        }
        bytes += body.len();
    }
    if begin < bodies.len() {
        batches.push(&bodies[begin..]);
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn batches_keep_the_limits(sizes in prop::collection::vec(1_usize..80_000, 0..60)) {
            let bodies: Vec<String> = sizes.iter().map(|size| "x".repeat(*size)).collect();
            let batches = batches(&bodies);
            for batch in &batches {
                prop_assert!((1..=MAX_MESSAGES).contains(&batch.len()));
                prop_assert!(batch.iter().map(String::len).sum::<usize>() <= MAX_BATCH_BYTES);
            }
            // Every body once and in order, and no two adjacent batches that would have fit
            // together.
            prop_assert_eq!(batches.concat(), bodies.as_slice());
            for pair in batches.windows(2) {
                let bytes = pair[0].iter().map(String::len).sum::<usize>() + pair[1][0].len();
                prop_assert!(pair[0].len() == MAX_MESSAGES || bytes > MAX_BATCH_BYTES);
            }
        }
    }
}
