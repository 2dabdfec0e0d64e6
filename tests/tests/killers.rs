//! Images that kill the process, beside good ones: a model of SQS, and a process that dies at each of them.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lookalike_core::{Deadline, EncoderCell};
use lookalike_indexing::{Handler, IndexSettings, Indexer};
use lookalike_test_support::encoders::TwoByteEncoder;
use lookalike_test_support::memory::MemoryCloud;
use serde_json::{Value, json};
use tokio::sync::Notify;

const BUCKET: &str = "lookalike-catalog";
/// As in template.yaml.
const MAX_RECEIVES: u32 = 5;
/// First byte of an image that ends the process.
const KILLER: u8 = 2;

/// Returns an encoder that notifies `killed` when the process would be gone.
fn encoder(killed: Arc<Notify>) -> EncoderCell {
    EncoderCell::ready(Arc::new(TwoByteEncoder::calling(move |image| {
        if image[0] == KILLER {
            killed.notify_one();
        }
    })))
}

#[derive(Clone)]
struct Message {
    key: String,
    receives: u32,
}

impl Message {
    fn of(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            receives: 0,
        }
    }
}

/// A bucket, both queues, and what became of the messages.
struct World {
    cloud: Arc<MemoryCloud>,
    changes: Vec<Message>,
    retries: Vec<Message>,
    dead: BTreeSet<String>,
    most_receives: u32,
    has_retries: bool,
}

impl World {
    /// So many images, of which those at these places kill.
    fn new(images: usize, killers: &[usize], has_retries: bool) -> Self {
        let cloud = MemoryCloud::new();
        let keys = (0..images).map(|number| {
            let key = format!("catalog/{number:02}.jpg");
            let first = if killers.contains(&number) { KILLER } else { 1 };
            cloud.put_image(&key, vec![first, number as u8], BTreeMap::new());
            Message::of(&key)
        });
        let changes = keys.collect();
        Self {
            cloud,
            changes,
            retries: Vec::new(),
            dead: BTreeSet::new(),
            most_receives: 0,
            has_retries,
        }
    }

    /// Delivers batches until both queues are empty; `mix` changes the order of what waits before each batch.
    async fn run(&mut self, batch: usize, mut mix: impl FnMut(&mut Vec<Message>)) {
        loop {
            mix(&mut self.changes);
            let count = batch.min(self.changes.len());
            let taken: Vec<Message> = self.changes.drain(..count).collect();
            let back = self.deliver(taken).await;
            self.changes.extend(back);
            // The other queue hands out one message at a time.
            if let Some(one) = self.retries.pop() {
                let back = self.deliver(vec![one]).await;
                self.retries.splice(0..0, back);
            }
            let pushed = self.cloud.take_changes();
            self.retries
                .extend(pushed.iter().map(|key| Message::of(key)));
            if self.changes.is_empty() && self.retries.is_empty() {
                return;
            }
        }
    }

    /// Hands a batch to a new process; returns what is to be delivered again.
    async fn deliver(&mut self, mut batch: Vec<Message>) -> Vec<Message> {
        if batch.is_empty() {
            return batch;
        }
        for message in &mut batch {
            message.receives += 1;
            self.most_receives = self.most_receives.max(message.receives);
        }
        let killed = Arc::new(Notify::new());
        let encoder = encoder(Arc::clone(&killed));
        let indexer = Indexer::new(
            self.cloud.index_ports(encoder.into()),
            IndexSettings {
                // What the model delivers again has ended.
                longest_try: Duration::ZERO,
                ..IndexSettings::default()
            },
        );
        let queue = self.has_retries.then(|| self.cloud.clone() as Arc<_>);
        let handler = Handler::new(Arc::new(indexer), BUCKET).with_retries(queue);
        let deadline = Deadline::after(Duration::from_secs(60));
        // Whatever else was going on ends with the process.
        let reply = tokio::select! {
            biased;
            () = killed.notified() => None,
            reply = handler.handle(event(&batch), deadline) => Some(reply.unwrap()),
        };
        let comes_back = |message: &Message| match &reply {
            None => true,
            Some(reply) => reply["batchItemFailures"]
                .as_array()
                .unwrap()
                .contains(&json!({ "itemIdentifier": message.key })),
        };
        batch.retain(comes_back);
        let (dead, back) = batch
            .into_iter()
            .partition(|message| message.receives >= MAX_RECEIVES);
        let dead: Vec<Message> = dead;
        self.dead
            .extend(dead.into_iter().map(|message| message.key));
        back
    }

    /// Every good image is indexed, every other one recorded, and nothing is given up.
    fn check(&self, killers: &[usize], story: &str) {
        assert_eq!(self.dead, BTreeSet::new(), "{story}");
        assert!(
            self.most_receives <= self.expected_receives(),
            "{story}: {} receives",
            self.most_receives
        );
        let records = self.cloud.image_records();
        for record in &records {
            let number: usize = record.key[8..10].parse().unwrap();
            let code = record.failure.as_ref().map(|failure| failure.code.as_str());
            let expected = killers.contains(&number).then_some("interrupted");
            assert_eq!(code, expected, "{} {story}", record.key);
        }
        assert_eq!(records.len(), self.cloud.image_versions().len(), "{story}");
    }

    /// Two are left for faults of other services.
    fn expected_receives(&self) -> u32 {
        if self.has_retries { 3 } else { MAX_RECEIVES }
    }

    /// Images in the index, which is sound.
    async fn indexed(&self) -> u64 {
        let encoder = encoder(Arc::default());
        let ports = self.cloud.index_ports(encoder.into());
        let report = Indexer::new(ports, IndexSettings::default()).verify().await;
        let report = report.unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
        report.images
    }
}

fn event(batch: &[Message]) -> Value {
    let records = batch.iter().map(|Message { key, receives }| {
        let body = json!({ "Records": [{
            "eventSource": "aws:s3",
            "s3": { "bucket": { "name": BUCKET }, "object": { "key": key } },
        }]});
        json!({
            "eventSource": "aws:sqs",
            "messageId": key,
            "attributes": { "ApproximateReceiveCount": receives.to_string() },
            "body": body.to_string(),
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}

/// Every choice of 1 to `most` of ten places.
fn placements(most: u32) -> impl Iterator<Item = Vec<usize>> {
    (1_u32..1 << 10)
        .filter(move |bits| bits.count_ones() <= most)
        .map(|bits| (0..10).filter(|place| bits >> place & 1 == 1).collect())
}

#[tokio::test]
async fn killers_anywhere_in_a_batch_take_nothing_with_them() {
    // Those of smaller batches come back among others that are new.
    for batch in [10, 7, 4] {
        for killers in placements(5) {
            let mut world = World::new(10, &killers, true);
            world.run(batch, |_| {}).await;
            let story = format!("batches of {batch}, killers at {killers:?}");
            world.check(&killers, &story);
            assert_eq!(world.indexed().await, 10 - killers.len() as u64, "{story}");
        }
    }
}

#[tokio::test]
async fn killers_in_any_mix_of_batches_take_nothing_with_them() {
    for seed in 1..=40 {
        let mut state = seed;
        let mut dice = |below: usize| {
            // Knuth's linear congruential generator, its high bits.
            state = 6_364_136_223_846_793_005_u64
                .wrapping_mul(state)
                .wrapping_add(seed | 1);
            (state >> 33) as usize % below
        };
        let killers: Vec<usize> = (0..4).map(|part| part * 12 + dice(12)).collect();
        let mut world = World::new(50, &killers, true);
        let mix = |messages: &mut Vec<Message>| {
            for place in (1..messages.len()).rev() {
                messages.swap(place, dice(place + 1));
            }
        };
        world.run(10, mix).await;
        let story = format!("seed {seed}, killers at {killers:?}");
        world.check(&killers, &story);
        assert_eq!(world.indexed().await, 46, "{story}");
    }
}

/// Where one process is all there is, the guarantee ends where the receives do.
#[tokio::test]
async fn without_a_queue_of_retries_three_killers_take_nothing_with_them() {
    for killers in placements(3) {
        let mut world = World::new(10, &killers, false);
        world.run(10, |_| {}).await;
        let story = format!("killers at {killers:?}");
        world.check(&killers, &story);
        assert_eq!(world.indexed().await, 10 - killers.len() as u64, "{story}");
    }
}
