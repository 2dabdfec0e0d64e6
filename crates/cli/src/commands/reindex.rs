//! `lookalike reindex`: change the encoder of a live catalog.

use std::time::Duration;

use anyhow::Result;
use lookalike_core::{Deadline, Role};
use lookalike_indexing::{Coverage, Indexer, MigrationError, Switched};
use serde_json::{Value, json};

use crate::args::ReindexArguments;
use crate::building::{Builder, lacking};
use crate::output::Done;
use crate::target::Target;

/// Nobody kills a command line after fifteen minutes.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// How long an index that does not grow may still be worked on: on this machine, and where a function
/// may have to start first and queues tell late what waits in them.
const QUIET_HERE: Duration = Duration::from_secs(3);
const QUIET_THERE: Duration = Duration::from_secs(60);
/// How often the switch is tried while uploads come in between.
const SWITCHES: u32 = 10;
/// Keys that are listed for people.
const SHOWN: usize = 20;

pub(crate) async fn run(arguments: ReindexArguments) -> Result<Done> {
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

async fn reindex(target: &Target, indexer: &Indexer, arguments: &ReindexArguments) -> Result<Done> {
    let building = indexer.begin_building(deadline()).await?;
    let queue = match arguments.here {
        true => None,
        false => target.cloud.changes.clone(),
    };
    let builder = Builder {
        indexer,
        quiet: match arguments.output.target.data {
            Some(_) => QUIET_HERE,
            None => QUIET_THERE,
        },
        queue: queue.clone(),
    };
    let mut tries = 0;
    let (coverage, switched) = loop {
        let coverage = builder.fill().await?;
        let complete = lacking(&coverage).is_empty();
        if arguments.no_switch || !(complete || arguments.accept_missing) {
            break (coverage, None);
        }
        builder.put_in_order().await?;
        match indexer
            .switch(Role::Building, &coverage.missing, deadline())
            .await
        {
            Ok(switched) => break (coverage, Some(switched)),
            // Something changed since: the indexes are compared again.
            Err(MigrationError::Incomplete { .. }) if tries < SWITCHES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    };
    if switched.is_some()
        && let Some(queue) = queue
    {
        // Records speak of the index that is searched: those of pictures that one encoder can embed
        // and the other cannot are to be written anew.
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
    report(arguments, line, || {
        print_coverage(&coverage);
        print_end(&building.encoder, switched.as_ref(), arguments);
    });
    let lost = !lacking(&coverage).is_empty();
    Ok(Done::unless(lost && switched.is_none()))
}

fn print_coverage(coverage: &Coverage) {
    println!(
        "{} of {} pictures are indexed, {} could not be indexed before either",
        coverage.done,
        coverage.images,
        coverage.neither.len()
    );
    list("the new encoder cannot embed", &coverage.missing);
    list("only the new encoder can embed", &coverage.only_new);
    list(
        "still in the new index, but gone from the bucket",
        &coverage.gone,
    );
}

fn list(what: &str, keys: &[String]) {
    if keys.is_empty() {
        return;
    }
    println!("{what}:");
    for key in keys.iter().take(SHOWN) {
        println!("  {key}");
    }
    if keys.len() > SHOWN {
        println!("  and {} more; --json lists all", keys.len() - SHOWN);
    }
}

fn print_end(encoder: &str, switched: Option<&Switched>, arguments: &ReindexArguments) {
    match switched {
        Some(switched) => println!(
            "searched with {encoder:?} since generation {}; `lookalike reindex --rollback` goes back, \
             `lookalike reindex --finish` gives up the old index",
            switched.generation
        ),
        None if arguments.no_switch => {
            println!(
                "the old index is still searched; without --no-switch the same command switches"
            );
        }
        None => println!(
            "the old index is still searched; --accept-missing switches nevertheless, --cancel gives up"
        ),
    }
}

async fn roll_back(indexer: &Indexer, arguments: &ReindexArguments) -> Result<Done> {
    let mut accepted = Vec::new();
    let switched = loop {
        match indexer.switch(Role::Previous, &accepted, deadline()).await {
            Err(MigrationError::Incomplete { keys, .. })
                if arguments.accept_missing && keys.iter().any(|key| !accepted.contains(key)) =>
            {
                accepted.extend(keys);
            }
            Err(MigrationError::Incomplete { keys, .. }) => {
                report(
                    arguments,
                    json!({ "switched": false, "missing": keys }),
                    || {
                        list("differs in the previous index", &keys);
                        println!(
                            "nothing was changed; `lookalike index verify --repair` indexes what is \
                         missing, --accept-missing goes back nevertheless"
                        );
                    },
                );
                return Ok(Done::Partly);
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
    report(arguments, line, || {
        println!(
            "searched with {:?} since generation {}",
            switched.encoder, switched.generation
        );
    });
    Ok(Done::All)
}

async fn give_up(indexer: &Indexer, role: Role, arguments: &ReindexArguments) -> Result<Done> {
    let generation = indexer.give_up(role, deadline()).await?;
    let line = json!({ "gave_up": role.name(), "generation": generation });
    report(arguments, line, || {
        println!(
            "the {} index is given up; its files are removed later",
            role.name()
        );
    });
    Ok(Done::All)
}

fn report(arguments: &ReindexArguments, line: Value, people: impl FnOnce()) {
    match arguments.output.json {
        true => println!("{line}"),
        false => people(),
    }
}

fn deadline() -> Deadline {
    Deadline::after(PATIENCE)
}
