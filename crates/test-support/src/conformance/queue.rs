//! The contract of the queue of changes.

use std::sync::Arc;

use lookalike_core::ports::ChangeQueue;

use super::support::{AWKWARD_KEYS, done};

const MANY: usize = 1000;

/// Tests pushing keys and counting waiting messages. `receive` takes everything out of the queue,
/// as the indexer would, and returns the keys that it received; no other consumer may take anything
/// before.
pub async fn changes(queue: Arc<dyn ChangeQueue>, receive: impl AsyncFn() -> Vec<String>) {
    let waiting = || async { done("count waiting messages", queue.waiting().await) };
    assert_eq!(waiting().await, 0, "a new queue is empty");
    done("push nothing", queue.push(&[]).await);
    assert_eq!(waiting().await, 0, "nothing was pushed");

    let plain = (0..MANY).map(|number| format!("catalog/many/{number:04}.jpg"));
    let awkward = AWKWARD_KEYS.iter().map(|key| (*key).to_owned());
    let long = std::iter::once(format!("catalog/{}", "ü".repeat(508)));
    let mut keys: Vec<String> = plain.chain(awkward).chain(long).collect();
    done("push many keys", queue.push(&keys).await);
    assert_ne!(waiting().await, 0, "something was pushed");

    let mut received = receive().await;
    received.sort();
    keys.sort();
    assert_eq!(received, keys, "every key arrives once, as it was pushed");
    assert_eq!(waiting().await, 0, "everything was received");
}
