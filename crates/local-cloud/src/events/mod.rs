//! Delivery of events to the handler: changes of objects, writes to a table and sent messages, in
//! SQS records or as stream records, batched and retried like a Lambda event source mapping does.

mod dead_letter;
mod deliverer;
mod handler;
mod message;
mod notification;
mod queue;
mod record;
mod stream_poller;

pub use dead_letter::DeadLetter;
pub(crate) use deliverer::Deliverer;
pub use handler::EventHandler;
pub(crate) use message::message_id;
pub(crate) use notification::{ObjectFacts, created, removed};
pub(crate) use queue::Queue;
pub(crate) use record::md5;
pub(crate) use stream_poller::StreamPoller;
