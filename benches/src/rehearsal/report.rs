//! The tables of the rehearsal, in Markdown.

use std::fmt::Write as _;
use std::time::Duration;

use crate::growing::{Daily, ImageCost, Peaks};
use crate::searches::{SearchMemory, Searched};

/// One size of the catalog.
pub(crate) struct Point {
    pub(crate) images: usize,
    /// Rows of deltas, and deltas.
    pub(crate) deltas: (u64, usize),
    /// Of the first thousand images, and of the last.
    pub(crate) costs: [ImageCost; 2],
    pub(crate) peaks: Peaks,
    pub(crate) searches: Vec<Searched>,
    pub(crate) memory: SearchMemory,
    pub(crate) daily: Daily,
}

/// Returns all tables.
pub(crate) fn tables(points: &[Point]) -> String {
    [costs(points), memory(points), searches(points)].join("\n")
}

fn costs(points: &[Point]) -> String {
    let mut table = "\
        | images | rows of deltas | deltas | published, ms per image | of the first | maintained, ms per image | of the first |\n\
        |---|---|---|---|---|---|---|\n"
        .to_owned();
    let cycle = |cost: Option<f64>| cost.map_or("-".to_owned(), |cost| format!("{cost:.3}"));
    for Point {
        images,
        deltas,
        costs: [first, last],
        ..
    } in points
    {
        let _ = writeln!(
            table,
            "| {images} | {} | {} | {:.3} | {:.3} | {} | {} |",
            deltas.0,
            deltas.1,
            last.published,
            first.published,
            cycle(last.maintained),
            cycle(first.maintained)
        );
    }
    table
}

fn memory(points: &[Point]) -> String {
    let mut table = "\
        | images | search function, started, MB | after searches | a search adds | indexer, started | a batch adds | \
        merging adds | draining or rebuilding adds | rows drained at once | the daily comparison adds | its time, s | \
        of it the engine |\n\
        |---|---|---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for point in points {
        let (memory, peaks, daily) = (&point.memory, &point.peaks, &point.daily);
        let megabytes = [
            memory.started,
            memory.used,
            memory.search,
            daily.started,
            peaks.batch,
            peaks.merge,
            peaks.drain,
        ];
        let megabytes = megabytes.map(|bytes| format!("{:.2}", bytes as f64 / 1e6));
        let _ = writeln!(
            table,
            "| {} | {} | {} | {:.2} | {:.1} | {:.1} |",
            point.images,
            megabytes.join(" | "),
            peaks.drained_rows,
            daily.taken.peak_bytes as f64 / 1e6,
            daily.taken.time.as_secs_f64(),
            daily.taken.engine.as_secs_f64(),
        );
    }
    table
}

fn searches(points: &[Point]) -> String {
    let mut table = "\
        | images | filter | k | searches of slots | rows | merging p50, ms | p99, ms | engine p50, ms | complete | \
        recall@k | fewer than k | refused |\n\
        |---|---|---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    for point in points {
        for one in &point.searches {
            let _ = writeln!(
                table,
                "| {} | {} | {} | {:.0} | {:.0} | {:.2} | {:.2} | {:.1} | {:.1} % | {:.4} | {:.1} % | {:.1} % |",
                point.images,
                one.filter,
                one.k,
                one.slot_searches,
                one.rows,
                milliseconds(one.own_p50),
                milliseconds(one.own_p99),
                milliseconds(one.engine_p50),
                100.0 * one.complete,
                one.recall,
                100.0 * one.short,
                100.0 * one.refused
            );
        }
    }
    table
}
