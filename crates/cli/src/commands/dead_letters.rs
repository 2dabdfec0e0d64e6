//! `lookalike dead-letters`: shows what a deployed system gave up, and has it done after all.

use std::collections::{BTreeSet, HashSet};
use std::future::ready;
use std::time::Duration;

use anyhow::{Result, bail};
use futures::{StreamExt, stream};
use lookalike_aws::{ReceivedLetter, SqsDeadLetters};
use lookalike_core::time::rfc3339;
use lookalike_events::{DeadLetter, EventError, LostWork};
use serde_json::{Value, json};

use super::index::refresh_rows;
use crate::args::{DeadLetterAction, DeadLettersArguments};
use crate::deadline;
use crate::output::CommandOutcome;
use crate::target::Target;

/// Time for which letters are hidden from other readers, unless the command releases them before. Receiving thousands of
/// letters takes minutes, and so does updating all rows of a large catalog.
const HIDDEN: Duration = Duration::from_secs(3600);

/// Releases in flight at the same time.
const PARALLEL_RELEASES: usize = 16;

/// A letter and its queue.
struct Letter<'a> {
    queue: &'a SqsDeadLetters,
    received: ReceivedLetter,
    content: Result<DeadLetter, EventError>,
}

pub(crate) async fn run(arguments: DeadLettersArguments) -> Result<CommandOutcome> {
    let (DeadLetterAction::List(output) | DeadLetterAction::Replay(output)) = &arguments.action;
    let target = Target::connect(&output.target).await?;
    if target.dead_letters.is_empty() {
        bail!(
            "only a deployed stack has dead-letter queues: name it with --stack. `lookalike serve` prints what it \
             gives up, and tries everything again when it starts"
        );
    }
    match arguments.action {
        DeadLetterAction::List(output) => list(&target, output.json).await,
        DeadLetterAction::Replay(output) => replay(&target, output.json).await,
    }
}

async fn list(target: &Target, as_json: bool) -> Result<CommandOutcome> {
    let mut letters = receive(target).await?;
    release(&letters).await;
    letters.sort_by_key(|letter| letter.received.sent);
    if as_json {
        let letters: Vec<Value> = letters.iter().map(Letter::to_json).collect();
        println!("{}", json!({ "dead_letters": letters }));
        return Ok(CommandOutcome::Complete);
    }
    for letter in &letters {
        println!("{}", letter.to_line());
    }
    match letters.len() {
        0 => println!("there are no dead letters"),
        count => println!("{count} dead letters; `lookalike dead-letters replay` tries them again"),
    }
    Ok(CommandOutcome::Complete)
}

async fn replay(target: &Target, as_json: bool) -> Result<CommandOutcome> {
    let letters = receive(target).await?;
    let replayed = replay_all(target, &letters).await;
    // Those that were deleted are gone, whatever is said of them now; hidden letters would look as if they were, too.
    release(&letters).await;
    let done = replayed?;
    let is_left = |letter: &&Letter<'_>| letter.content.is_err();
    let left: Vec<&Letter<'_>> = letters.iter().filter(is_left).collect();
    if as_json {
        let left: Vec<Value> = left.iter().map(|letter| letter.to_json()).collect();
        println!("{}", json!({ "replayed": done, "left": left }));
    } else {
        println!("{done} dead letters replayed");
        for letter in &left {
            println!("{}", letter.to_line());
        }
        if !left.is_empty() {
            println!(
                "{} letters are no events and stay: delete them with `aws sqs purge-queue`",
                left.len()
            );
        }
    }
    Ok(CommandOutcome::partial_if(done < letters.len()))
}

/// Receives each letter of all queues once.
async fn receive(target: &Target) -> Result<Vec<Letter<'_>>> {
    let mut letters = Vec::new();
    for queue in &target.dead_letters {
        let mut known = HashSet::new();
        loop {
            let received = queue.receive(HIDDEN).await?;
            let new = (received.into_iter()).filter(|letter| known.insert(letter.id.clone()));
            let before = letters.len();
            letters.extend(new.map(|received| Letter {
                queue,
                content: DeadLetter::parse(&received.body),
                received,
            }));
            if letters.len() == before {
                break;
            }
        }
    }
    Ok(letters)
}

/// Makes letters visible to other readers again. Where that fails, they become visible by themselves later.
async fn release(letters: &[Letter<'_>]) {
    let releases = letters
        .iter()
        .map(|letter| letter.queue.release(&letter.received));
    let released = stream::iter(releases).buffer_unordered(PARALLEL_RELEASES);
    let failed = released
        .filter(|released| ready(released.is_err()))
        .count()
        .await;
    tracing::debug!(failed, "released letters, of which some may be deleted");
}

async fn replay_all(target: &Target, letters: &[Letter<'_>]) -> Result<usize> {
    Ok(replay_changes(target, letters).await?
        + replay_table_writes(target, letters).await?
        + replay_maintenance(target, letters).await?)
}

/// Queues the changed keys of the catalog bucket again, and returns the number of letters that had them.
async fn replay_changes(target: &Target, letters: &[Letter<'_>]) -> Result<usize> {
    let mut keys = BTreeSet::new();
    let mut replayed = Vec::new();
    for letter in letters {
        if let Some(LostWork::Changes(changes)) = letter.work() {
            let ours = changes
                .iter()
                .filter(|change| change.bucket == target.settings.catalog_bucket);
            keys.extend(ours.map(|change| change.key.clone()));
            replayed.push(letter);
        }
    }
    if !keys.is_empty() {
        let Some(queue) = &target.cloud.changes else {
            bail!("the stack names no queue of changes: it lacks the output ChangesQueueUrl");
        };
        // Queued before the letters are deleted: what is queued twice is indexed once.
        queue.push(&keys.into_iter().collect::<Vec<_>>()).await?;
    }
    delete(&replayed).await
}

/// Updates the rows of all products, since the letters do not name those that changed.
async fn replay_table_writes(target: &Target, letters: &[Letter<'_>]) -> Result<usize> {
    let writes = |letter: &&Letter<'_>| matches!(letter.work(), Some(LostWork::TableWrites(_)));
    let writes: Vec<&Letter<'_>> = letters.iter().filter(writes).collect();
    if writes.is_empty() {
        return Ok(0);
    }
    let failed = refresh_rows(&target.indexer(target.encoders())).await?;
    if failed > 0 {
        return Ok(0);
    }
    delete(&writes).await
}

async fn replay_maintenance(target: &Target, letters: &[Letter<'_>]) -> Result<usize> {
    let runs = |letter: &&Letter<'_>| matches!(letter.work(), Some(LostWork::Maintenance));
    let runs: Vec<&Letter<'_>> = letters.iter().filter(runs).collect();
    if !runs.is_empty() {
        let indexer = target.indexer(target.encoders());
        indexer.maintain(deadline::of_step()).await?;
    }
    delete(&runs).await
}

/// Deletes letters, and returns their number.
async fn delete(letters: &[&Letter<'_>]) -> Result<usize> {
    for letter in letters {
        letter.queue.delete(&letter.received).await?;
    }
    Ok(letters.len())
}

impl Letter<'_> {
    fn work(&self) -> Option<&LostWork> {
        self.content.as_ref().ok().map(|content| &content.work)
    }

    /// The error of the last attempt, or the reason why the letter itself cannot be read.
    fn reason(&self) -> Option<String> {
        match &self.content {
            Ok(content) => content.reason.clone(),
            Err(error) => Some(error.to_string()),
        }
    }

    fn to_line(&self) -> String {
        let what = match self.work() {
            Some(LostWork::Changes(changes)) => {
                let keys: Vec<&str> = changes.iter().map(|change| change.key.as_str()).collect();
                keys.join(", ")
            }
            Some(LostWork::TableWrites(count)) => format!("{count} writes of products"),
            Some(LostWork::Maintenance) => "maintenance of the index".to_owned(),
            None => format!("message {}", self.received.id),
        };
        let sent = self.received.sent.map_or_else(String::new, rfc3339);
        match self.reason() {
            Some(reason) => format!("{sent}  {what}: {reason}"),
            None => format!("{sent}  {what}"),
        }
    }

    fn to_json(&self) -> Value {
        let mut line = match self.work() {
            Some(LostWork::Changes(changes)) => {
                let keys: Vec<&str> = changes.iter().map(|change| change.key.as_str()).collect();
                json!({ "kind": "changes", "keys": keys })
            }
            Some(LostWork::TableWrites(count)) => {
                json!({ "kind": "table_writes", "count": count })
            }
            Some(LostWork::Maintenance) => json!({ "kind": "maintenance" }),
            None => json!({ "kind": "unreadable", "body": self.received.body }),
        };
        line["queue"] = json!(self.queue.name());
        line["message_id"] = json!(self.received.id);
        line["sent"] = json!(self.received.sent.map(rfc3339));
        line["reason"] = json!(self.reason());
        line
    }
}
