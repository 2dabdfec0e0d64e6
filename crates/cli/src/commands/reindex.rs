//! `lookalike reindex`: changes the encoder of a live catalog, or the engine of its base.

use std::time::Duration;

use anyhow::Result;
use lookalike_core::Role;
use lookalike_indexing::{Coverage, Indexer, MigrationError, Switched};
use serde_json::json;

use super::reindex_engine;
use crate::args::ReindexArguments;
use crate::deadline;
use crate::output::{CommandOutcome, report};
use crate::reindex_fill::{ReindexFill, incomplete_keys};
use crate::target::Target;

/// Time without growth of the index after which the indexer of this machine has finished.
const QUIET_HERE: Duration = Duration::from_secs(3);
/// Time without growth after which the indexer in AWS has finished: a function may have to start
/// first, and counts of queues are late.
const QUIET_THERE: Duration = Duration::from_secs(60);
/// Maximum number of attempts to switch while uploads keep changing the index.
const MAX_SWITCH_RETRIES: u32 = 10;
/// Maximum number of keys in a list for people.
const MAX_LISTED_KEYS: usize = 20;

pub(crate) async fn run(arguments: ReindexArguments) -> Result<CommandOutcome> {
    if let Some(engine) = arguments.engine {
        return reindex_engine::run(engine, &arguments).await;
    }
    let mut target = Target::connect(&arguments.output.target).await?;
    if let Some(encoder) = &arguments.encoder {
        target.settings.encoder = encoder.parse()?;
    }
    let indexer = target.indexer(target.encoders());
    if arguments.rollback {
        return roll_back(&indexer, &arguments).await;
    }
    if arguments.finish {
        return give_up(&indexer, Role::Previous, &arguments).await;
    }
    if arguments.cancel {
        return give_up(&indexer, Role::Building, &arguments).await;
    }
    reindex(&target, &indexer, &arguments).await
}

async fn reindex(
    target: &Target,
    indexer: &Indexer,
    arguments: &ReindexArguments,
) -> Result<CommandOutcome> {
    let building = indexer.begin_building(deadline::of_step()).await?;
    let queue = if arguments.here {
        None
    } else {
        target.cloud.changes.clone()
    };
    let fill = ReindexFill {
        indexer,
        quiet: match arguments.output.target.data {
            Some(_) => QUIET_HERE,
            None => QUIET_THERE,
        },
        queue: queue.clone(),
    };
    let mut tries = 0;
    let (coverage, switched) = loop {
        let coverage = fill.run().await?;
        let complete = incomplete_keys(&coverage).is_empty();
        if arguments.no_switch || !(complete || arguments.accept_missing) {
            break (coverage, None);
        }
        fill.build_graph().await?;
        match indexer
            .switch(Role::Building, &coverage.missing, deadline::of_step())
            .await
        {
            Ok(switched) => break (coverage, Some(switched)),
            // Something changed meanwhile: compare the indexes again.
            Err(MigrationError::Incomplete { .. }) if tries < MAX_SWITCH_RETRIES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    };
    if switched.is_some()
        && let Some(queue) = queue
    {
        // Records are about the serving index: those of images that only one of the encoders can
        // embed have to be rewritten.
        let keys = [&coverage.missing, &coverage.only_new, &coverage.neither];
        let keys: Vec<String> = keys.into_iter().flatten().cloned().collect();
        queue.push(&keys).await?;
    }
    let mut line = json!({
        "encoder": building,
        "pictures": coverage.images,
        "indexed": coverage.done,
        "missing": coverage.missing,
        "gone": coverage.gone,
        "only_new": coverage.only_new,
        "failed": coverage.neither.len(),
        "switched": switched.is_some(),
    });
    if let Some(switched) = &switched {
        line["generation"] = json!(switched.generation);
    }
    report(&arguments.output, line, || {
        print_coverage(&coverage);
        print_end(&building.encoder, switched.as_ref(), arguments);
    });
    let lost = !incomplete_keys(&coverage).is_empty();
    Ok(CommandOutcome::partial_if(lost && switched.is_none()))
}

fn print_coverage(coverage: &Coverage) {
    println!(
        "{} of {} images are indexed, {} could not be indexed before either",
        coverage.done,
        coverage.images,
        coverage.neither.len()
    );
    list("the new encoder cannot embed", &coverage.missing);
    list("only the new encoder can embed", &coverage.only_new);
    list(
        "still in the new index, but no longer in the bucket",
        &coverage.gone,
    );
}

fn list(what: &str, keys: &[String]) {
    if keys.is_empty() {
        return;
    }
    println!("{what}:");
    for key in keys.iter().take(MAX_LISTED_KEYS) {
        println!("  {key}");
    }
    if keys.len() > MAX_LISTED_KEYS {
        println!(
            "  and {} more; --json lists all",
            keys.len() - MAX_LISTED_KEYS
        );
    }
}

fn print_end(encoder: &str, switched: Option<&Switched>, arguments: &ReindexArguments) {
    match switched {
        Some(switched) => println!(
            "searched with {encoder:?} since generation {}; `lookalike reindex --rollback` goes back, \
             `lookalike reindex --finish` drops the old index",
            switched.generation
        ),
        None if arguments.no_switch => {
            println!(
                "the old index is still searched; without --no-switch the same command switches"
            );
        }
        None => println!(
            "the old index is still searched; --accept-missing switches anyway, --cancel drops the new one"
        ),
    }
}

async fn roll_back(indexer: &Indexer, arguments: &ReindexArguments) -> Result<CommandOutcome> {
    let mut accepted = Vec::new();
    let switched = loop {
        match indexer
            .switch(Role::Previous, &accepted, deadline::of_step())
            .await
        {
            Err(MigrationError::Incomplete { keys, .. })
                if arguments.accept_missing && keys.iter().any(|key| !accepted.contains(key)) =>
            {
                accepted.extend(keys);
            }
            Err(MigrationError::Incomplete { keys, .. }) => {
                report(
                    &arguments.output,
                    json!({ "switched": false, "missing": keys }),
                    || {
                        list("differs in the previous index", &keys);
                        println!(
                            "nothing was changed; `lookalike index verify --repair` indexes what is \
                         missing, --accept-missing goes back anyway"
                        );
                    },
                );
                return Ok(CommandOutcome::Partial);
            }
            switched => break switched?,
        }
    };
    let line = json!({
        "switched": true,
        "encoder": switched.encoder,
        "generation": switched.generation,
        "missing": switched.accepted,
    });
    report(&arguments.output, line, || {
        println!(
            "searched with {:?} since generation {}",
            switched.encoder, switched.generation
        );
    });
    Ok(CommandOutcome::Complete)
}

async fn give_up(
    indexer: &Indexer,
    role: Role,
    arguments: &ReindexArguments,
) -> Result<CommandOutcome> {
    let generation = indexer.give_up(role, deadline::of_step()).await?;
    let line = json!({ "gave_up": role.name(), "generation": generation });
    report(&arguments.output, line, || {
        println!(
            "the {} index is dropped; its files are removed later",
            role.name()
        );
    });
    Ok(CommandOutcome::Complete)
}
