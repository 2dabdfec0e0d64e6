//! Measurements at each size, and the conclusion from them.

use std::time::Duration;

use lookalike_benches::vectors::AnyError;

use crate::world::{BatchCost, Seen};

/// One size of the catalog.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) pictures: usize,
    /// Milliseconds for each image since the previous size.
    pub(crate) published_ms: f64,
    pub(crate) maintained_ms: f64,
    rebuilds: usize,
    /// Seconds of the last rebuild, if there was one since the previous size.
    pub(crate) rebuild_s: Option<f64>,
    segments: usize,
    pub(crate) bytes_per_picture: f64,
    pub(crate) load_ms: f64,
    pub(crate) query_ms: f64,
    recall: f64,
    pub(crate) memory_mb: Option<f64>,
}

/// Batches since a point in time.
#[derive(Default)]
pub(crate) struct Since {
    pictures: usize,
    publishing: Duration,
    maintaining: Duration,
    rebuilds: Vec<Duration>,
}

impl Since {
    pub(crate) fn add(&mut self, pictures: usize, cost: &BatchCost) {
        self.pictures += pictures;
        self.publishing += cost.publishing;
        self.maintaining += cost.maintaining;
        if cost.rebuilt {
            self.rebuilds.push(cost.maintaining);
        }
    }
}

/// All measurements.
#[derive(Default)]
pub(crate) struct Growth {
    points: Vec<Point>,
    cycles: Vec<f64>,
    cycle: Since,
}

impl Growth {
    /// Adds a batch. Rebuilds of the base become more expensive and rarer as the catalog grows, so
    /// a fixed number of images contains either too many or none: the cost of maintenance is
    /// summed from one rebuild to the next.
    pub(crate) fn add(&mut self, pictures: usize, cost: &BatchCost) {
        self.cycle.add(pictures, cost);
        if cost.rebuilt {
            let cycle = std::mem::take(&mut self.cycle);
            self.cycles
                .push(per_picture(cycle.maintaining, cycle.pictures));
        }
    }

    /// Records the measurements at a size; returns its line of the table.
    pub(crate) fn reached(
        &mut self,
        pictures: usize,
        since: Since,
        seen: &Seen,
        recall: f64,
    ) -> String {
        let point = Point {
            pictures,
            published_ms: per_picture(since.publishing, since.pictures),
            maintained_ms: per_picture(since.maintaining, since.pictures),
            rebuilds: since.rebuilds.len(),
            rebuild_s: since.rebuilds.last().map(Duration::as_secs_f64),
            segments: seen.segments,
            bytes_per_picture: seen.index_bytes as f64 / pictures as f64,
            load_ms: seen.load_ms,
            query_ms: seen.query_ms,
            recall,
            memory_mb: seen.memory_bytes.map(|bytes| bytes as f64 / 1e6),
        };
        let line = point.line();
        self.points.push(point);
        line
    }

    pub(crate) fn points(&self) -> &[Point] {
        &self.points
    }

    /// Returns the table in Markdown.
    pub(crate) fn table(&self) -> String {
        let head = "\
            | pictures | published, ms per picture | maintained, ms per picture | rebuilds | the last, s | \
            segments | bytes per picture | load, ms | query, ms | recall@10 | memory, MB |\n\
            |---|---|---|---|---|---|---|---|---|---|---|\n";
        let lines = self.points.iter().map(|point| point.line() + "\n");
        std::iter::once(head.to_owned()).chain(lines).collect()
    }

    /// Compares the cost of an image at the end with that at the beginning: in words, and as a
    /// ratio.
    pub(crate) fn verdict(&self) -> Result<(String, f64), AnyError> {
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            return Err("nothing was measured".into());
        };
        let (Some(kept_first), Some(kept_last)) = (self.cycles.first(), self.cycles.last()) else {
            return Err("no base was rebuilt: measure more --pictures".into());
        };
        let (at_first, at_last) = (
            first.published_ms + kept_first,
            last.published_ms + kept_last,
        );
        let ratio = at_last / at_first;
        let told = format!(
            "A picture costs {at_first:.3} ms at first ({:.3} published, {kept_first:.3} maintained) and {at_last:.3} ms \
             at last ({:.3} and {kept_last:.3}), embedding apart: {ratio:.2} times as much. Maintained is from one \
             rebuild of the base to the next, that included.\n",
            first.published_ms, last.published_ms,
        );
        Ok((told, ratio))
    }
}

impl Point {
    fn line(&self) -> String {
        let rebuild = self
            .rebuild_s
            .map_or_else(String::new, |s| format!("{s:.2}"));
        let memory = self
            .memory_mb
            .map_or_else(String::new, |mb| format!("{mb:.1}"));
        format!(
            "| {} | {:.2} | {:.2} | {} | {rebuild} | {} | {:.0} | {:.1} | {:.3} | {:.4} | {memory} |",
            self.pictures,
            self.published_ms,
            self.maintained_ms,
            self.rebuilds,
            self.segments,
            self.bytes_per_picture,
            self.load_ms,
            self.query_ms,
            self.recall,
        )
    }
}

fn per_picture(time: Duration, images: usize) -> f64 {
    time.as_secs_f64() * 1000.0 / images.max(1) as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn cost(maintaining: u64, rebuilt: bool) -> BatchCost {
        BatchCost {
            publishing: Duration::from_millis(100),
            maintaining: Duration::from_millis(maintaining),
            rebuilt,
        }
    }

    fn seen() -> Seen {
        Seen {
            segments: 3,
            index_bytes: 70_000,
            load_ms: 4.0,
            query_ms: 0.125,
            memory_bytes: Some(2_000_000),
            found: Vec::new(),
        }
    }

    #[test]
    fn a_rebuild_counts_for_the_pictures_since_the_last_one() {
        let mut growth = Growth::default();
        for (maintaining, rebuilt) in [
            (10, false),
            (90, true),
            (20, false),
            (0, false),
            (0, false),
            (180, true),
            (7, false),
        ] {
            growth.add(50, &cost(maintaining, rebuilt));
        }
        assert_eq!(growth.cycles, [1.0, 1.0]);
    }

    #[test]
    fn a_line_is_about_the_pictures_since_the_size_before() {
        let mut growth = Growth::default();
        assert!(growth.verdict().is_err(), "nothing was measured");
        let mut since = Since::default();
        for (maintaining, rebuilt) in [(0, false), (300, true)] {
            since.add(50, &cost(maintaining, rebuilt));
            growth.add(50, &cost(maintaining, rebuilt));
        }
        let line = growth.reached(100, std::mem::take(&mut since), &seen(), 0.99);
        let expected = "| 100 | 2.00 | 3.00 | 1 | 0.30 | 3 | 700 | 4.0 | 0.125 | 0.9900 | 2.0 |";
        assert_eq!(line, expected);
        assert_eq!(growth.table().lines().last(), Some(expected));
        since.add(50, &cost(0, false));
        let line = growth.reached(150, since, &seen(), 0.99);
        assert!(
            line.starts_with("| 150 | 2.00 | 0.00 | 0 |  | 3 |"),
            "{line}"
        );
        let (told, ratio) = growth.verdict().unwrap();
        assert!(
            told.contains("5.000 ms at first (2.000 published, 3.000 maintained)"),
            "{told}"
        );
        assert_eq!(ratio, 1.0);
    }
}
