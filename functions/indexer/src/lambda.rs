//! How Lambda calls the handler.

use std::time::{Duration, SystemTime};

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use lookalike_core::Deadline;
use serde_json::Value;

use crate::handler::{Handler, HandlerError};

/// Kept back of an invocation's time for the answer.
const TO_ANSWER: Duration = Duration::from_secs(1);

impl Handler {
    /// Handles one Lambda invocation within its time.
    ///
    /// # Errors
    /// As [`handle`](Self::handle), in the words of the Lambda API.
    pub async fn invoke(&self, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
        let deadline = deadline_of(&event.context);
        Ok(self.handle(event.payload, deadline).await?)
    }
}

fn deadline_of(context: &Context) -> Deadline {
    let left = context
        .deadline()
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    Deadline::after(left.saturating_sub(TO_ANSWER))
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match error {
            HandlerError::Event(_) => "UnreadableEvent",
            HandlerError::Indexing(_) => "IndexingFailed",
            HandlerError::Unfinished { .. } => "Unfinished",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}
