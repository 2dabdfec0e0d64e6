//! Lambda function that keeps the index up to date: events in, a report out.
//!
//! [`Event`] reads what S3, EventBridge, SNS, SQS or a schedule send; [`Handler`] has the changed keys
//! indexed and answers in the form that the sender understands. The local server hands its queue's events
//! to the very same handler.

#![forbid(unsafe_code)]

mod events;
mod handler;
mod lambda;

pub use events::{Change, Event, EventError, Message};
pub use handler::{Handler, HandlerError};
