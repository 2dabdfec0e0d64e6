//! `lookalike index gc`: removes segments and vector bases that are no longer part of the index.

use anyhow::Result;
use lookalike_core::StoreErrorKind;
use lookalike_indexing::{BaseMigration, Indexer, IndexingError, VectorBaseError};
use serde_json::json;

use crate::args::OutputArguments;
use crate::output::{CommandOutcome, report};
use crate::target::Target;

pub(super) async fn run(output: &OutputArguments) -> Result<CommandOutcome> {
    let target = Target::connect(&output.target).await?;
    let indexer = target.indexer(target.encoders());
    let collected = indexer.collect_garbage().await?;
    let vector_bases = remove_vector_bases(&target, &indexer).await?;
    let mut line = json!(collected);
    line["vector_bases"] = json!(vector_bases);
    report(output, line, || {
        println!("removed {} segments", collected.removed);
        if collected.doomed > 0 {
            println!(
                "{} more are not needed: a run in an hour or later removes them",
                collected.doomed
            );
        }
        if vector_bases > 0 {
            println!("removed {vector_bases} vector bases");
        }
    });
    Ok(CommandOutcome::Complete)
}

/// Removes the vector bases that no generation has. Without vector bases, operators may lack the rights to list tables.
async fn remove_vector_bases(target: &Target, indexer: &Indexer) -> Result<usize> {
    let migration = BaseMigration::new(indexer, target.cloud.vector_base_admin.clone());
    match migration.remove_unused().await {
        Err(VectorBaseError::Indexing(IndexingError::Store(error)))
            if error.kind == StoreErrorKind::Denied =>
        {
            eprintln!("vector bases that are not needed were not looked for: {error}");
            Ok(0)
        }
        removed => Ok(removed?),
    }
}
