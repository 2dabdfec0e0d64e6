//! The queue of events, in memory.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::dead_letter::DeadLetter;
use super::message::Message;
use crate::clock;
use crate::options::QueueOptions;

/// Maximum number of dead letters that are kept; the oldest are dropped first.
const MAX_DEAD_LETTERS: usize = 1000;
/// Maximum pause before another attempt.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The waiting events, in memory only.
#[derive(Debug)]
pub(crate) struct Queue {
    options: QueueOptions,
    state: Mutex<State>,
    arrival: Notify,
    /// Number of messages that wait, pause or are being handled.
    open: watch::Sender<usize>,
}

/// The numbers of messages that wait, that are being handled or pause after a failure, and that are
/// delayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) visible: usize,
    pub(crate) not_visible: usize,
    pub(crate) delayed: usize,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Message>,
    /// Failed and delayed messages, with the time when they become ready.
    paused: Vec<(Instant, Message)>,
    /// Number of messages that are being handled.
    in_hand: usize,
    dead: VecDeque<DeadLetter>,
}

impl Queue {
    pub(crate) fn new(options: QueueOptions) -> Self {
        Self {
            options,
            state: Mutex::default(),
            arrival: Notify::new(),
            open: watch::Sender::new(0),
        }
    }

    pub(crate) fn push(&self, body: &serde_json::Value) {
        self.send(body.to_string(), Duration::ZERO);
    }

    /// Adds a message of any text, to be handled after `delay`, and returns its id.
    pub(crate) fn send(&self, body: String, delay: Duration) -> String {
        let message = Message::new(body);
        let id = message.id.clone();
        self.open.send_modify(|open| *open += 1);
        let mut state = self.state();
        if delay.is_zero() {
            state.ready.push_back(message);
        } else {
            state.paused.push((Instant::now() + delay, message));
        }
        drop(state);
        self.arrival.notify_one();
        id
    }

    /// Counts the messages by state.
    pub(crate) fn counts(&self) -> Counts {
        let mut state = self.state();
        state.wake(Instant::now());
        let delayed = (state.paused.iter())
            .filter(|(_, message)| message.receives == 0)
            .count();
        Counts {
            visible: state.ready.len(),
            not_visible: state.in_hand + state.paused.len() - delayed,
            delayed,
        }
    }

    /// Drops every message that is not being handled.
    pub(crate) fn purge(&self) {
        let mut state = self.state();
        let closed = state.ready.len() + state.paused.len();
        state.ready.clear();
        state.paused.clear();
        drop(state);
        self.open.send_modify(|open| *open -= closed);
    }

    /// Waits for messages; the first one waits up to the window for others to fill the batch.
    pub(crate) async fn receive(&self) -> Vec<Message> {
        let batch = self.options.batch.max(1);
        let mut window_ends = None;
        loop {
            let next_due = {
                let mut state = self.state();
                let now = Instant::now();
                state.wake(now);
                if state.ready.is_empty() {
                    window_ends = None;
                } else {
                    let ends = *window_ends.get_or_insert(now + self.options.window);
                    if state.ready.len() >= batch || now >= ends {
                        let taken = state.take(batch);
                        if !state.ready.is_empty() {
                            self.arrival.notify_one();
                        }
                        return taken;
                    }
                }
                state.next_due()
            };
            let wake_at = [window_ends, next_due].into_iter().flatten().min();
            let sleep = async {
                match wake_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.arrival.notified() => {}
                () = sleep => {}
            }
        }
    }

    /// Ends the delivery of a batch: `reason` returns the reason why a message failed, if it did.
    pub(crate) fn settle(&self, batch: Vec<Message>, reason: impl Fn(&Message) -> Option<String>) {
        let mut closed = 0;
        let mut state = self.state();
        state.in_hand -= batch.len();
        for message in batch {
            match reason(&message) {
                None => closed += 1,
                Some(reason) if message.receives >= self.max_receives() => {
                    state.move_to_dead_letter_queue(DeadLetter {
                        message_id: message.id,
                        body: message.body,
                        receives: message.receives,
                        reason,
                    });
                    closed += 1;
                }
                Some(reason) => {
                    tracing::warn!(
                        message = message.id,
                        receives = message.receives,
                        reason,
                        "an event failed"
                    );
                    let due = Instant::now() + self.pause(message.receives);
                    state.paused.push((due, message));
                }
            }
        }
        drop(state);
        self.arrival.notify_one();
        self.open.send_modify(|open| *open -= closed);
    }

    /// Waits until no message waits, pauses or is being handled.
    pub(crate) async fn idle(&self) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    pub(crate) fn dead_letters(&self) -> Vec<DeadLetter> {
        self.state().dead.iter().cloned().collect()
    }

    /// Adds an event that was never in the queue to the dead letters.
    pub(super) fn add_dead_letter(&self, letter: DeadLetter) {
        self.state().move_to_dead_letter_queue(letter);
    }

    /// Returns the number of failed deliveries after which an event is given up.
    pub(super) fn max_receives(&self) -> u32 {
        self.options.max_receives.max(1)
    }

    /// Returns the pause before the next delivery of an event that was delivered `receives` times.
    pub(super) fn pause(&self, receives: u32) -> Duration {
        let doublings = receives.saturating_sub(1).min(16);
        (self.options.backoff * 2_u32.pow(doublings)).min(MAX_PAUSE)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Moves the paused messages whose pause is over to the ready ones.
    fn wake(&mut self, now: Instant) {
        let (due, paused) = std::mem::take(&mut self.paused)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.paused = paused;
        let due: Vec<(Instant, Message)> = due;
        self.ready
            .extend(due.into_iter().map(|(_, message)| message));
    }

    fn next_due(&self) -> Option<Instant> {
        self.paused.iter().map(|(at, _)| *at).min()
    }

    fn take(&mut self, batch: usize) -> Vec<Message> {
        let count = batch.min(self.ready.len());
        let mut taken: Vec<Message> = self.ready.drain(..count).collect();
        self.in_hand += count;
        let now = clock::now();
        for message in &mut taken {
            message.receives += 1;
            if message.first_received == 0 {
                message.first_received = now;
            }
        }
        taken
    }

    fn move_to_dead_letter_queue(&mut self, letter: DeadLetter) {
        tracing::error!(
            message = letter.message_id,
            body = letter.body,
            reason = letter.reason,
            "gave up an event"
        );
        if self.dead.len() == MAX_DEAD_LETTERS {
            self.dead.pop_front();
        }
        self.dead.push_back(letter);
    }
}
