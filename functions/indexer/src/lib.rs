//! Lambda function that keeps the index up to date: events in, a report out.
//!
//! [`Event`](lookalike_events::Event) reads what S3, EventBridge, SNS, SQS, the table's stream or a schedule send; [`Handler`] has the
//! changed keys and products indexed and answers in the form that the sender understands. The local server
//! hands the events of its queue and its table to the very same handler.

#![forbid(unsafe_code)]

mod handler;
mod lambda;

pub use handler::{Handler, HandlerError};
