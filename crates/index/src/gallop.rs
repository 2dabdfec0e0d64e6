//! Searching sorted items near a known position.

/// Returns the first item, from `from` on, for which `is_below` is false; items are ascending.
///
/// As fast as one comparison if the next item is the answer, and never much slower than a binary
/// search.
pub(crate) fn first_not_below(from: u32, count: u32, is_below: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut step) = (from, 1);
    while step <= count - low && is_below(low + step - 1) {
        low += step;
        step = step.saturating_mul(2);
    }
    let mut high = count.min(low.saturating_add(step - 1));
    while low < high {
        let middle = u32::midpoint(low, high);
        if is_below(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_item_is_found_from_any_start() {
        let items: Vec<u32> = (0..50).map(|i| 2 * i + i / 7).collect();
        for count in [0, 1, 2, 3, 17, 50] {
            for from in 0..=count {
                for wanted in 0..120 {
                    let below = items[..count as usize].partition_point(|&item| item < wanted);
                    let found = first_not_below(from, count, |i| items[i as usize] < wanted);
                    assert_eq!(found, from.max(below as u32), "{count} {from} {wanted}");
                }
            }
        }
    }
}
