//! Calls of the handler by Lambda.

use std::time::{Duration, SystemTime};

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use lookalike_core::Deadline;
use lookalike_indexing::{Handler, HandlerError};
use serde_json::Value;

/// Part of an invocation's time that is reserved for the answer.
const TO_ANSWER: Duration = Duration::from_secs(1);

/// Handles one Lambda invocation within its time.
///
/// # Errors
/// The errors of [`Handler::handle`], in the form of the Lambda API.
pub(crate) async fn invoke(
    handler: &Handler,
    event: LambdaEvent<Value>,
) -> Result<Value, Diagnostic> {
    let deadline = deadline_of(&event.context);
    let answer = handler.handle(event.payload, deadline).await;
    answer.map_err(|error| diagnostic(&error))
}

fn deadline_of(context: &Context) -> Deadline {
    let left = context
        .deadline()
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    Deadline::after(left.saturating_sub(TO_ANSWER))
}

fn diagnostic(error: &HandlerError) -> Diagnostic {
    let error_type = match error {
        HandlerError::Event(_) => "UnreadableEvent",
        HandlerError::Indexing(_) => "IndexingFailed",
        HandlerError::Unfinished { .. } => "Unfinished",
    };
    Diagnostic {
        error_type: error_type.to_owned(),
        error_message: error.to_string(),
    }
}
