//! Measures whether the cost of one more image stays flat. Indexes images through the real path
//! (S3 objects, conditional manifest, deltas, merges, rebuilds) on the local cloud. At 1,000,
//! 2,000, 5,000 and so on it reports the cost of an image since the previous size, the size of the
//! index, and the speed of searches: as a table and as a plot.

#![forbid(unsafe_code)]

mod plot;
mod report;
mod world;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use lookalike_aws::create_table;
use lookalike_benches::vectors::{AnyError, Numbered};
use lookalike_local_cloud::{LocalCloud, Options};

use report::{Growth, Since};
use world::World;

/// Measures how cost, size and speed grow with the catalog.
#[derive(Parser)]
struct Arguments {
    /// Number of images to index: 100,000 take three to four minutes on two cores.
    #[arg(long, default_value_t = 100_000, value_parser = at_least_one)]
    pictures: usize,
    /// Folder of images whose embeddings come first, and from which the others are made.
    #[arg(long)]
    photos: PathBuf,
    /// Number of images in an event batch.
    #[arg(long, default_value_t = 50, value_parser = at_least_one)]
    batch: usize,
    /// Number of queries at each size; they are of images that are not in the index.
    #[arg(long, default_value_t = 200, value_parser = at_least_one)]
    queries: usize,
    /// Keep everything in memory instead of in the local cloud.
    #[arg(long)]
    memory: bool,
    /// Folder for `growth.md` and `growth.svg`.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
    /// Fail if an image at the end costs more than this many at the beginning (only with the local
    /// cloud).
    #[arg(long, default_value_t = 1.5)]
    most: f64,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("it must be a number of at least 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let arguments = Arguments::parse();
    eprintln!("embedding the images of {}", arguments.photos.display());
    let numbered = Arc::new(Numbered::of_images(&arguments.photos)?);
    let growth = if arguments.memory {
        measure(&World::in_memory(numbered.clone()), &numbered, &arguments).await?
    } else {
        let folder = tempfile::tempdir()?;
        let local = LocalCloud::start(Options {
            buckets: vec!["catalog".to_owned(), "index".to_owned()],
            tables: vec![create_table("lookalike")],
            ..Options::new(folder.path())
        })
        .await?;
        let world = World::served(&local, numbered.clone())?;
        let growth = measure(&world, &numbered, &arguments).await;
        drop(world);
        local.shutdown().await;
        growth?
    };
    std::fs::create_dir_all(&arguments.out)?;
    let (table, drawing) = (
        arguments.out.join("growth.md"),
        arguments.out.join("growth.svg"),
    );
    let verdict = growth.verdict();
    let told = verdict.as_ref().map_or("", |(told, _)| told);
    std::fs::write(&table, format!("{}\n{told}", growth.table()))?;
    std::fs::write(&drawing, plot::svg(growth.points())?)?;
    let (told, ratio) = verdict?;
    println!("\n{told}");
    eprintln!("written to {} and {}", table.display(), drawing.display());
    // In memory a publication costs almost nothing, so rebuilds alone would decide.
    if ratio > arguments.most && !arguments.memory {
        return Err(format!("that is more than {}", arguments.most).into());
    }
    Ok(())
}

async fn measure(
    world: &World,
    numbered: &Numbered,
    arguments: &Arguments,
) -> Result<Growth, AnyError> {
    let mut growth = Growth::default();
    let mut since = Since::default();
    print!("{}", growth.table());
    let mut pictures = 0;
    for size in sizes(arguments.pictures) {
        while pictures < size {
            let end = (pictures + arguments.batch).min(size);
            let cost = world.batch(pictures..end).await?;
            since.add(end - pictures, &cost);
            growth.add(end - pictures, &cost);
            pictures = end;
        }
        let seen = world
            .look(arguments.queries.min(numbered.queries().len()))
            .await?;
        let recall = numbered.recall(pictures, &seen.found);
        println!(
            "{}",
            growth.reached(pictures, std::mem::take(&mut since), &seen, recall)
        );
    }
    Ok(growth)
}

/// Returns 1,000, 2,000, 5,000, 10,000 and so on, and `last`.
fn sizes(last: usize) -> Vec<usize> {
    let decades = (3..).map(|digits| 10usize.pow(digits));
    let steps = decades.flat_map(|decade| [decade, 2 * decade, 5 * decade]);
    let mut sizes: Vec<usize> = steps.take_while(|&size| size < last).collect();
    sizes.push(last);
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_end_where_they_are_told_to() {
        assert_eq!(sizes(700), [700]);
        assert_eq!(sizes(1000), [1000]);
        assert_eq!(sizes(12_000), [1000, 2000, 5000, 10_000, 12_000]);
    }
}
