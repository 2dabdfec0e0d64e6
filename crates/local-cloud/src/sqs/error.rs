//! Errors of SQS.

use crate::signature::SignatureError;

/// The reason why SQS refuses a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqsError {
    #[error("The specified queue does not exist.")]
    QueueDoesNotExist,
    #[error("There should be at least one SendMessageBatchRequestEntry in the request.")]
    EmptyBatchRequest,
    #[error("Maximum number of entries per request are 10. You have sent {0}.")]
    TooManyEntriesInBatchRequest(usize),
    #[error("Id {0} repeated.")]
    BatchEntryIdsNotDistinct(String),
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
    )]
    InvalidBatchEntryId,
    #[error("Batch requests cannot be longer than {max} bytes. You have sent {sent} bytes.")]
    BatchRequestTooLong { max: usize, sent: usize },
    #[error(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )]
    InvalidMessageContents,
    #[error("Unknown Attribute {0}.")]
    InvalidAttributeName(String),
    #[error("{0}")]
    InvalidParameterValue(String),
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    #[error("{0}")]
    UnsupportedOperation(String),
    #[error("The request cannot be read: {0}")]
    Serialization(String),
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error("A request has at most {0} bytes.")]
    RequestTooLarge(usize),
}

/// Namespace of SQS's own errors.
const SQS: &str = "com.amazonaws.sqs#";
/// Namespace of errors that all services have.
const COMMON: &str = "com.amazon.coral.service#";

impl SqsError {
    /// Returns the HTTP status.
    pub(crate) fn status(&self) -> http::StatusCode {
        match self {
            Self::Signature(_) => http::StatusCode::FORBIDDEN,
            Self::RequestTooLarge(_) => http::StatusCode::PAYLOAD_TOO_LARGE,
            _ => http::StatusCode::BAD_REQUEST,
        }
    }

    /// Returns the name of the error in the JSON protocol.
    pub(crate) fn kind(&self) -> String {
        let (home, name) = match self {
            Self::QueueDoesNotExist => (SQS, "QueueDoesNotExist"),
            Self::EmptyBatchRequest => (SQS, "EmptyBatchRequest"),
            Self::TooManyEntriesInBatchRequest(_) => (SQS, "TooManyEntriesInBatchRequest"),
            Self::BatchEntryIdsNotDistinct(_) => (SQS, "BatchEntryIdsNotDistinct"),
            Self::InvalidBatchEntryId => (SQS, "InvalidBatchEntryId"),
            Self::BatchRequestTooLong { .. } => (SQS, "BatchRequestTooLong"),
            Self::InvalidMessageContents => (SQS, "InvalidMessageContents"),
            Self::InvalidAttributeName(_) => (SQS, "InvalidAttributeName"),
            Self::UnsupportedOperation(_) => (SQS, "UnsupportedOperation"),
            Self::InvalidParameterValue(_) => (COMMON, "InvalidParameterValueException"),
            Self::MissingParameter(_) => (COMMON, "MissingRequiredParameterException"),
            Self::Serialization(_) => (COMMON, "SerializationException"),
            Self::Signature(error) => (COMMON, error.name()),
            Self::RequestTooLarge(_) => (COMMON, "RequestEntityTooLargeException"),
        };
        format!("{home}{name}")
    }

    /// Returns its code in the older query protocol, which clients still look for.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            Self::EmptyBatchRequest => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::TooManyEntriesInBatchRequest(_) => {
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
            }
            Self::BatchEntryIdsNotDistinct(_) => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::InvalidBatchEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::BatchRequestTooLong { .. } => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::UnsupportedOperation(_) => "AWS.SimpleQueueService.UnsupportedOperation",
            Self::InvalidMessageContents => "InvalidMessageContents",
            Self::InvalidAttributeName(_) => "InvalidAttributeName",
            Self::InvalidParameterValue(_) => "InvalidParameterValue",
            Self::MissingParameter(_) => "MissingParameter",
            Self::Serialization(_) => "SerializationException",
            Self::Signature(error) => error.name(),
            Self::RequestTooLarge(_) => "RequestEntityTooLarge",
        }
    }
}
