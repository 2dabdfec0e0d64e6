//! Kinds of AWS's error codes and statuses.

use lookalike_core::StoreErrorKind;

/// Codes of temporary errors.
const LATER: &[&str] = &[
    "BandwidthLimitExceeded",
    "InternalError",
    "InternalServerError",
    "KMS.ThrottlingException",
    "KmsThrottled",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ResourceInUseException",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// Codes of insufficient credentials.
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "KMS.AccessDeniedException",
    "KmsAccessDenied",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
];

/// Codes of a bucket, table or queue that does not exist.
pub(super) const NO_SUCH_RESOURCE: &[&str] = &[
    "AWS.SimpleQueueService.NonExistentQueue",
    "InvalidAddress",
    "NoSuchBucket",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
];

/// Codes of a bucket in another region than the client's.
pub(super) const OTHER_REGION: &[&str] = &[
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "PermanentRedirect",
    "TemporaryRedirect",
];

/// Returns the kind of an error by its code, otherwise by its HTTP status.
pub(super) fn kind_of(code: &str, status: u16) -> StoreErrorKind {
    match (code, status) {
        // The object was moved to an archive: a policy does not help, but restoring it does.
        ("InvalidObjectState", _) => StoreErrorKind::Invalid,
        ("ConditionalCheckFailedException", _) => StoreErrorKind::Conflict,
        (code, _) if LATER.contains(&code) => StoreErrorKind::Unavailable,
        (code, _) if DENIED.contains(&code) => StoreErrorKind::Denied,
        (_, 401 | 403) => StoreErrorKind::Denied,
        (_, 404) => StoreErrorKind::NotFound,
        (_, 409 | 412) => StoreErrorKind::Conflict,
        (_, 408 | 425 | 429 | 500..=u16::MAX) => StoreErrorKind::Unavailable,
        // Neither an error nor a readable answer: it was cut off on its way.
        (_, 0..=399) => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_statuses_have_kinds() {
        for (code, status, kind) in [
            ("SlowDown", 503, StoreErrorKind::Unavailable),
            (
                "ProvisionedThroughputExceededException",
                400,
                StoreErrorKind::Unavailable,
            ),
            ("RequestTimeout", 400, StoreErrorKind::Unavailable),
            ("", 502, StoreErrorKind::Unavailable),
            ("", 200, StoreErrorKind::Unavailable),
            ("AccessDenied", 403, StoreErrorKind::Denied),
            ("UnrecognizedClientException", 400, StoreErrorKind::Denied),
            ("ExpiredToken", 400, StoreErrorKind::Denied),
            ("", 403, StoreErrorKind::Denied),
            ("InvalidObjectState", 403, StoreErrorKind::Invalid),
            ("NoSuchKey", 404, StoreErrorKind::NotFound),
            ("PreconditionFailed", 412, StoreErrorKind::Conflict),
            ("ConditionalRequestConflict", 409, StoreErrorKind::Conflict),
            ("ValidationException", 400, StoreErrorKind::Invalid),
            ("EntityTooLarge", 400, StoreErrorKind::Invalid),
        ] {
            assert_eq!(kind_of(code, status), kind, "{code} {status}");
        }
    }
}
