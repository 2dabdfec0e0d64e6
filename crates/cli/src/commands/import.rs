//! `lookalike import`: stores product metadata in the table, and waits for the index.

use anyhow::Result;
use lookalike_aws::Cloud;
use lookalike_core::{Filterable, Product};
use lookalike_product_table::{ProductTable, TableProduct};
use serde_json::{Value, json};

use crate::args::ImportArguments;
use crate::commands::import_images::{ImageImport, ImportedImages};
use crate::image_products::{self, Assignment};
use crate::import_comparison::{CHUNK_PRODUCTS, Compared, compare};
use crate::import_report::{self, TypeChange};
use crate::import_watch::{ImportWatch, Seen};
use crate::output::{self, CommandOutcome};
use crate::product_file;
use crate::target::Target;

pub(crate) async fn run(arguments: ImportArguments) -> Result<CommandOutcome> {
    let table = product_file::read(&arguments.csv, &arguments.columns.options())?;
    if arguments.dry_run {
        return dry_run(&arguments, &table).await;
    }
    let fetch = ImageImport::prepare(&arguments.images, &arguments.csv)?;
    let target = Target::connect(&arguments.target).await?;
    let filterable = &target.settings.filterable;
    if !arguments.json {
        import_report::warn(&table, filterable);
    }
    let Compared {
        changed,
        type_changes,
    } = compare(&target.cloud, &table, filterable).await?;
    let watch = if arguments.no_wait {
        None
    } else {
        watch(&target, &changed).await
    };
    put(&target.cloud, &changed).await?;
    let images = assign_images(&target, &table, false).await?;
    let mut seen = match watch {
        Some(watch) => Some(watch.after().await?),
        None => None,
    };
    if let (Some(seen), Some(images)) = (&mut seen, &images) {
        let indexer = target.indexer(target.encoders());
        seen.waiting += image_products::wait(&indexer, images.wanted.clone()).await?;
    }
    let fetched = match fetch {
        Some(fetch) => Some(fetch.run(&target.cloud, &table).await?),
        None => None,
    };
    let done = Done {
        table: &table,
        changed: changed.len(),
        type_changes,
        images,
        seen,
        fetched,
    };
    match arguments.json {
        true => println!("{}", done.json(filterable)),
        false => done.print(),
    }
    let missing = done
        .fetched
        .as_ref()
        .is_some_and(ImportedImages::is_partial);
    let waiting = seen.is_some_and(|seen| seen.waiting > 0);
    Ok(CommandOutcome::partial_if(
        waiting || missing || table.bad_line_count > 0,
    ))
}

/// Shows how a table is read, and what would change if a system is named.
async fn dry_run(arguments: &ImportArguments, table: &ProductTable) -> Result<CommandOutcome> {
    let is_named = arguments.target.stack.is_some() || arguments.target.data.is_some();
    let target = match Target::connect(&arguments.target).await {
        Ok(target) => Some(target),
        Err(error) if is_named => return Err(error),
        Err(_) => None,
    };
    let filterable = target
        .as_ref()
        .map(|target| target.settings.filterable.clone());
    let filterable = filterable.unwrap_or_default();
    if !arguments.json {
        import_report::warn(table, &filterable);
    }
    let compared = match &target {
        Some(target) => compare(&target.cloud, table, &filterable).await?,
        None => Compared::default(),
    };
    let images = match &target {
        Some(target) => assign_images(target, table, true).await?,
        None => None,
    };
    let done = Done {
        table,
        changed: compared.changed.len(),
        type_changes: compared.type_changes,
        images,
        seen: None,
        fetched: None,
    };
    if arguments.json {
        let mut line = done.json(&filterable);
        line["dry_run"] = true.into();
        println!("{line}");
    } else {
        match target {
            Some(_) => println!(
                "{} products, {} of them would change; nothing was stored",
                table.products.len(),
                done.changed
            ),
            None => println!("{} products; nothing was stored", table.products.len()),
        }
        done.print_details(true);
    }
    Ok(CommandOutcome::partial_if(table.bad_line_count > 0))
}

/// The result of an import.
struct Done<'t> {
    table: &'t ProductTable,
    changed: usize,
    type_changes: Vec<TypeChange>,
    images: Option<Assignment>,
    seen: Option<Seen>,
    /// What `--fetch-images` did.
    fetched: Option<ImportedImages>,
}

impl Done<'_> {
    fn json(&self, filterable: &Filterable) -> Value {
        let table = self.table;
        let mut line = json!({
            "imported": table.products.len(),
            "changed": self.changed,
            "bad_lines": table.bad_lines,
            "bad_line_count": table.bad_line_count,
            "not_filterable": import_report::not_filterable(table, filterable),
            "format": table.format,
            "encoding": table.encoding.to_string(),
            "id_column": table.id_column,
            "columns": table.columns,
            "duplicates": table.duplicates,
            "type_changes": self.type_changes,
            "notes": table.notes,
        });
        if let Some(images) = &self.images {
            line["images"] = json!(images);
        }
        if let Some(seen) = self.seen {
            line["index"] = json!(seen);
        }
        if let Some(fetched) = &self.fetched {
            line["fetched"] = json!(fetched);
        }
        line
    }

    fn print(&self) {
        println!("{}", summary(self.table, self.changed));
        if let Some(seen) = self.seen {
            print_seen(seen);
        }
        if let Some(fetched) = &self.fetched {
            fetched.print();
        }
        self.print_details(false);
    }

    fn print_details(&self, dry_run: bool) {
        if let Some(images) = &self.images {
            import_report::print_images(images, dry_run);
        }
        import_report::warn_of_type_changes(&self.type_changes);
        import_report::print(self.table);
    }
}

/// Gives the images of the catalog the products that the table names; `None` if it names no images.
async fn assign_images(
    target: &Target,
    table: &ProductTable,
    dry_run: bool,
) -> Result<Option<Assignment>> {
    let matcher = product_file::matcher(table);
    if matcher.is_empty() {
        return Ok(None);
    }
    let cloud = &target.cloud;
    let assignment = image_products::assign_all(cloud, matcher, dry_run).await?;
    // Only the event of a store names a product that changed while the bytes stayed: if it is lost, this one is left.
    if let Some(queue) = &cloud.changes
        && !assignment.wanted.is_empty()
        && !dry_run
    {
        let keys: Vec<String> = assignment.wanted.keys().cloned().collect();
        if let Err(error) = queue.push(&keys).await {
            eprintln!("the changed images could not be queued as well: {error}");
        }
    }
    Ok(Some(assignment))
}

/// Stores the products of a table whose metadata is not in the table yet, and returns their
/// number.
pub(crate) async fn store(target: &Target, table: &ProductTable) -> Result<usize> {
    let compared = compare(&target.cloud, table, &target.settings.filterable).await?;
    import_report::warn_of_type_changes(&compared.type_changes);
    put(&target.cloud, &compared.changed).await?;
    Ok(compared.changed.len())
}

async fn put(cloud: &Cloud, products: &[&TableProduct]) -> Result<()> {
    let bar = output::progress("importing", products.len() as u64);
    for chunk in products.chunks(CHUNK_PRODUCTS) {
        let chunk: Vec<Product> = chunk
            .iter()
            .map(|product| Product {
                product_id: product.product_id.clone(),
                metadata: product.metadata.clone(),
            })
            .collect();
        cloud.products.put_many(&chunk).await?;
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Reads the index before anything is stored; without permission to read it, the command does not wait for it.
async fn watch<'t>(target: &'t Target, changed: &[&'t TableProduct]) -> Option<ImportWatch<'t>> {
    let indexer = target.indexer(target.encoders());
    let watch = ImportWatch::before(indexer, &target.settings.filterable, changed).await;
    watch
        .inspect_err(|error| eprintln!("the index cannot be read: {error}"))
        .ok()
}

/// A summary of the import for people.
pub(crate) fn summary(table: &ProductTable, changed: usize) -> String {
    format!(
        "imported {} products, {changed} of them changed",
        table.products.len()
    )
}

fn print_seen(seen: Seen) {
    println!(
        "{} images updated in the index, {} embedded",
        seen.updated, seen.embedded
    );
    if seen.waiting > 0 {
        eprintln!(
            "{} images are not updated yet: is the indexer running? `lookalike index \
             refresh-attributes` updates them from here",
            seen.waiting
        );
    }
}
