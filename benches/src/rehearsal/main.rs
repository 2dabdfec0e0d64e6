//! Rehearses a catalog of a million images in memory, through the real indexing and searching: with its base in an engine,
//! or of segments. Reports what an image costs, what searches find and how long they take without the engine, and the
//! memory of both functions, at several sizes.

#![forbid(unsafe_code)]

mod catalog;
mod growing;
mod meter;
mod report;
mod searches;
mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use lookalike_benches::vectors::{AnyError, Numbered};
use lookalike_test_support::CountingAllocator;

use catalog::Catalog;
use growing::Growing;
use report::Point;
use world::World;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Images that are indexed before the base moves to the engine.
const MOVED_AT: usize = 5000;

/// Where the base of the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// A vector base, in an engine in memory that compares every row.
    Dynamodb,
    /// A segment.
    Segments,
}

/// Measures an index at a million images: merging, memory, completeness and cost.
#[derive(Parser)]
struct Arguments {
    /// Where the base of the index is.
    #[arg(long, value_enum, default_value = "dynamodb")]
    engine: Engine,
    /// Sizes at which everything is measured, ascending; the vector base is made at 5,000.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    sizes: Vec<usize>,
    /// Folder of images whose embeddings come first, and from which the others are made.
    #[arg(long)]
    photos: PathBuf,
    /// Number of images of a product.
    #[arg(long, default_value_t = 1)]
    images_per_product: usize,
    /// Number of images in an event batch.
    #[arg(long, default_value_t = 50)]
    batch: usize,
    /// Number of images that arrive in an hour, by the clock of the stores.
    #[arg(long, default_value_t = 10_000)]
    images_per_hour: u64,
    /// Number of slots of the vector base.
    #[arg(long, default_value_t = 8)]
    slots: u32,
    /// Number of queries with each filter; they are of images that are not in the index.
    #[arg(long, default_value_t = 200)]
    queries: usize,
    /// Folder for the tables.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let arguments = Arguments::parse();
    eprintln!("embedding the images of {}", arguments.photos.display());
    let numbered = Numbered::of_images(&arguments.photos)?.grouped(arguments.images_per_product);
    let queries = arguments.queries.min(numbered.queries().len());
    let catalog = Catalog {
        numbered: Arc::new(numbered),
        images_per_product: arguments.images_per_product.max(1),
    };
    let mut world = World::new(catalog, arguments.images_per_hour.max(1));
    let (mut growing, mut points) = (Growing::default(), Vec::new());
    let (begun, mut images) = (Instant::now(), 0);
    let mut has_base = arguments.engine == Engine::Segments;
    for &size in &arguments.sizes {
        while images < size {
            let stop = if has_base { size } else { size.min(MOVED_AT) };
            let end = (images + arguments.batch.max(1)).min(stop);
            let cost = world.batch(images..end).await?;
            growing.add(end - images, &cost);
            images = end;
            if !has_base && images == MOVED_AT {
                let took = world.move_base(arguments.slots).await?;
                eprintln!("the base moved in {took:.1?}");
                growing.begin_again();
                has_base = true;
            }
        }
        eprintln!("{images} images after {:.0?}", begun.elapsed());
        let (searches, memory) = searches::search(&world, images, queries).await?;
        points.push(Point {
            images,
            deltas: world.deltas()?,
            costs: growing.costs(),
            peaks: growing.take_peaks(),
            searches,
            memory,
            daily: growing::compare(&world).await?,
        });
        eprintln!("measured after {:.0?}", begun.elapsed());
        println!("{}", report::tables(&points[points.len() - 1..]));
    }
    std::fs::create_dir_all(&arguments.out)?;
    let name = format!(
        "rehearsal-{:?}-{}.md",
        arguments.engine, arguments.images_per_product
    );
    let file = arguments.out.join(name.to_lowercase());
    std::fs::write(&file, report::tables(&points))?;
    eprintln!("written to {}", file.display());
    Ok(())
}
