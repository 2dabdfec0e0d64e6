//! `lookalike reindex --engine`: moves the base of the index into a vector base, and back.

use anyhow::{Result, bail};
use lookalike_indexing::{
    BaseComparison, BaseMigration, Indexer, RECALL_FLOOR, VectorBaseError, VectorBaseState,
};
use serde_json::json;

use crate::args::{Engine, ReindexArguments};
use crate::deadline;
use crate::output::{self, CommandOutcome, report};
use crate::target::Target;
use crate::vector_base_backfill::Backfill;
use crate::vector_base_fill::VectorBaseFill;

pub(super) async fn run(engine: Engine, arguments: &ReindexArguments) -> Result<CommandOutcome> {
    let goes_back = arguments.rollback || arguments.cancel;
    let goes_on = arguments.finish || arguments.backfill;
    if engine == Engine::Segments && (goes_back || goes_on || arguments.slots.is_some()) {
        bail!("--engine segments takes the base segment back: leave other options out");
    }
    let target = Target::connect(&arguments.output.target).await?;
    let indexer = target.indexer(target.encoders());
    let admin = target.cloud.vector_base_admin.clone();
    let migration = BaseMigration::new(&indexer, admin);
    let state = migration.state().await?;
    match (engine, state) {
        (Engine::Segments, None) => Ok(nothing_to_do(arguments)),
        (Engine::Dynamodb, None) if goes_back || goes_on => Err(VectorBaseError::Missing.into()),
        (Engine::Segments, Some(state)) if !state.can_roll_back => {
            return_to_segments(&target, &indexer, &migration, &state, arguments).await
        }
        (Engine::Segments, Some(state)) => give_up(&migration, &state, arguments).await,
        (_, Some(state)) if goes_back => give_up(&migration, &state, arguments).await,
        (_, Some(state)) if arguments.backfill => {
            expect_finished(&state)?;
            backfill(&target, &indexer, &state, arguments).await
        }
        (_, Some(state)) if arguments.finish => finish(&migration, &state, arguments).await,
        (Engine::Dynamodb, Some(state)) if state.is_serving => Ok(done_before(&state, arguments)),
        (Engine::Dynamodb, state) => {
            expect_permissions(&target)?;
            expect_same_slots(state.as_ref(), arguments)?;
            move_base(&migration, arguments).await
        }
    }
}

/// Fills the vector base and switches to it.
async fn move_base(
    migration: &BaseMigration<'_>,
    arguments: &ReindexArguments,
) -> Result<CommandOutcome> {
    let fill = VectorBaseFill::new(migration);
    let state = fill.run(arguments.slots).await?;
    let switches = !arguments.no_switch;
    let compared = match switches {
        true => fill.switch().await?,
        false => fill.compare().await?,
    };
    let is_good = compared.missing == 0 && compared.recall >= RECALL_FLOOR;
    let line = json!({
        "engine": "dynamodb",
        "name": state.name,
        "slots": state.slots,
        "rows": compared.rows,
        "missing": compared.missing,
        "recall": compared.recall,
        "switched": switches,
    });
    report(&arguments.output, line, || {
        print_comparison(&state, &compared);
        print_end(switches, is_good);
    });
    Ok(CommandOutcome::partial_if(!is_good))
}

fn print_comparison(state: &VectorBaseState, compared: &BaseComparison) {
    println!(
        "{} of {} rows are in vector base {} of {} slots; of the ten nearest images that searches of the base segment \
         find, its searches find {:.1} %",
        compared.rows - compared.missing,
        compared.rows,
        state.name,
        state.slots,
        100.0 * compared.recall
    );
}

fn print_end(switched: bool, is_good: bool) {
    match (switched, is_good) {
        (true, _) => println!(
            "searches use it; `lookalike reindex --engine dynamodb --rollback` goes back to the base segment, \
             --finish gives that up, so that deltas are moved to the vector base"
        ),
        (false, true) => println!(
            "the base segment is still searched; without --no-switch the same command switches, --cancel drops the \
             vector base"
        ),
        (false, false) => println!(
            "the base segment is still searched; run the command again in a minute, because an engine shows new rows \
             late, or drop the vector base with --cancel"
        ),
    }
}

/// Copies the rows of the vector base into a new base segment.
async fn return_to_segments(
    target: &Target,
    indexer: &Indexer,
    migration: &BaseMigration<'_>,
    state: &VectorBaseState,
    arguments: &ReindexArguments,
) -> Result<CommandOutcome> {
    let bar = output::progress("reading", state.rows);
    let progress = |rows| bar.set_position(rows);
    let rows = migration
        .return_to_segments(deadline::of_step(), progress)
        .await?;
    bar.finish_and_clear();
    // A backfill may have written rows after they were read.
    let missed = indexer.missed_changes(deadline::of_step()).await?;
    match &target.cloud.changes {
        Some(queue) => queue.push(&missed).await?,
        None => drop(indexer.index_keys(&missed, deadline::of_step()).await?),
    }
    let line = json!({
        "engine": "segments",
        "dropped": state.name,
        "switched": true,
        "rows": rows,
        "queued": missed.len(),
    });
    report(&arguments.output, line, || {
        println!(
            "searches use a new base segment of {rows} rows; vector base {} is dropped, and `lookalike index gc` deletes \
             its table in an hour or later",
            state.name
        );
    });
    Ok(CommandOutcome::Complete)
}

/// Takes the base segment back, or stops filling the vector base, and drops that.
async fn give_up(
    migration: &BaseMigration<'_>,
    state: &VectorBaseState,
    arguments: &ReindexArguments,
) -> Result<CommandOutcome> {
    match migration.give_up(deadline::of_step()).await {
        Err(error @ VectorBaseError::Finished) => {
            bail!(
                "{error}: `lookalike reindex --engine segments` makes a new one of the vector base"
            )
        }
        given_up => given_up?,
    }
    let line = json!({
        "engine": "segments",
        "dropped": state.name,
        "switched": state.is_serving,
    });
    report(&arguments.output, line, || {
        println!(
            "searches {} the base segment; vector base {} is dropped, and `lookalike index gc` deletes its table in an \
             hour or later",
            match state.is_serving {
                true => "again use",
                false => "still use",
            },
            state.name
        );
    });
    Ok(CommandOutcome::Complete)
}

async fn finish(
    migration: &BaseMigration<'_>,
    state: &VectorBaseState,
    arguments: &ReindexArguments,
) -> Result<CommandOutcome> {
    migration.finish(deadline::of_step()).await?;
    let line = json!({ "engine": "dynamodb", "name": state.name, "finished": true });
    report(&arguments.output, line, || {
        println!(
            "the base segment is given up, and its file is removed later; the indexer moves deltas to vector base {} \
             once they are old enough",
            state.name
        );
    });
    Ok(CommandOutcome::Complete)
}

/// Indexes the images that the vector base lacks.
async fn backfill(
    target: &Target,
    indexer: &Indexer,
    state: &VectorBaseState,
    arguments: &ReindexArguments,
) -> Result<CommandOutcome> {
    let backfill = Backfill::new(target)?;
    let sent = backfill.send().await?;
    backfill.wait(sent).await?;
    let spinner = output::spinner("counting");
    let images = indexer.recount(deadline::of_step()).await?;
    spinner.finish_and_clear();
    let line = json!({
        "engine": "dynamodb",
        "name": state.name,
        "named": sent,
        "images": images,
    });
    let images = images.unwrap_or_default();
    report(&arguments.output, line, || {
        println!("the catalog has {sent} images, and the index has {images}");
        if images < sent {
            println!(
                "`lookalike status --failed` lists those that cannot be indexed, `lookalike dead-letters list` what was \
                 given up, and `lookalike index verify --repair` queues the rest"
            );
        }
    });
    Ok(CommandOutcome::partial_if(images < sent))
}

/// Refuses a vector base that the index may still leave: what is written to it alone would be lost.
fn expect_finished(state: &VectorBaseState) -> Result<()> {
    if state.is_serving && !state.can_roll_back {
        return Ok(());
    }
    bail!(
        "the index can still go back to its base segment, which would lack the images: move the base, then run \
         `lookalike reindex --engine dynamodb --finish`, and this command again"
    )
}

/// Reports that searches use the vector base already. A run may have lost the answer to its last write.
fn done_before(state: &VectorBaseState, arguments: &ReindexArguments) -> CommandOutcome {
    let line = json!({
        "engine": "dynamodb",
        "name": state.name,
        "slots": state.slots,
        "switched": false,
    });
    report(&arguments.output, line, || {
        println!(
            "nothing to do: searches use vector base {} already; {}",
            state.name,
            match state.can_roll_back {
                true => "--rollback goes back to the base segment, --finish gives that up",
                false => "the base segment was given up",
            }
        );
    });
    CommandOutcome::Complete
}

fn nothing_to_do(arguments: &ReindexArguments) -> CommandOutcome {
    let line = json!({ "engine": "segments", "switched": false });
    report(&arguments.output, line, || {
        println!("nothing to do: the index has no vector base");
    });
    CommandOutcome::Complete
}

/// Refuses a stack whose functions could not use a vector base: all searches would fail.
fn expect_permissions(target: &Target) -> Result<()> {
    if target.allows_vector_bases {
        return Ok(());
    }
    bail!(
        "the functions of the stack may not use vector bases: deploy it with this release's template and Engine=dynamodb \
         first"
    )
}

/// Refuses other slots than those of the vector base that is being filled.
fn expect_same_slots(state: Option<&VectorBaseState>, arguments: &ReindexArguments) -> Result<()> {
    let (Some(state), Some(slots)) = (state, arguments.slots) else {
        return Ok(());
    };
    if slots.next_power_of_two() == state.slots {
        return Ok(());
    }
    bail!(
        "the vector base that is being filled has {} slots: leave --slots out, or drop it with --cancel first",
        state.slots
    )
}
