//! Translates errors of the SDK into store errors: a kind for the caller, and a message for a person.

mod codes;

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use lookalike_core::{StoreError, StoreErrorKind};

use crate::resource::Resource;

/// Translates the error of `operation` on `resource`.
pub(crate) fn translate<E>(
    resource: &Resource,
    operation: impl Into<String>,
    error: SdkError<E, HttpResponse>,
) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let (kind, message) = match &error {
        SdkError::ServiceError(_) | SdkError::ResponseError(_) => answered(resource, &error),
        _ => unanswered(&error),
    };
    StoreError::new(kind, operation, message).caused_by(error)
}

/// Translates the error of one entry of a batch, which has only code and message.
pub(crate) fn translate_entry(
    resource: &Resource,
    operation: impl Into<String>,
    code: &str,
    message: Option<&str>,
) -> StoreError {
    let kind = codes::kind_of(code, 400);
    let said = match message {
        Some(message) => format!("{code}: {}", message.trim_end_matches('.')),
        None => code.to_owned(),
    };
    let message = match kind {
        StoreErrorKind::Denied => denied(resource, &said),
        _ => said,
    };
    StoreError::new(kind, operation, message)
}

/// True if there is no object at a key, in a bucket that exists.
pub(crate) fn is_missing_object<E: ProvideErrorMetadata>(
    error: &SdkError<E, HttpResponse>,
) -> bool {
    status(error) == Some(404) && matches!(code(error), None | Some("NoSuchKey" | "NotFound"))
}

/// True if there is no bucket, table or queue of this name.
pub(crate) fn is_missing_resource<E: ProvideErrorMetadata>(
    error: &SdkError<E, HttpResponse>,
) -> bool {
    code(error).is_some_and(|code| codes::NO_SUCH_RESOURCE.contains(&code))
}

/// True if a condition on a write did not hold, or another write was in progress.
pub(crate) fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let kind = codes::kind_of(
        code(error).unwrap_or_default(),
        status(error).unwrap_or(400),
    );
    kind == StoreErrorKind::Conflict
}

/// Returns the HTTP status of an answer, if there was one.
pub(crate) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|reply| reply.status().as_u16())
}

/// Describes that the bucket, table or queue itself does not exist.
pub(crate) fn no_such_resource(resource: &Resource) -> String {
    let Resource {
        kind,
        name,
        variable,
    } = resource;
    format!(
        "there is no {kind} {name:?} in this account and region: correct {variable}, or create it"
    )
}

/// Makes the error of a body that broke off before its end.
pub(crate) fn interrupted(
    operation: &str,
    cause: impl Into<Box<dyn Error + Send + Sync>>,
) -> StoreError {
    let cause = cause.into();
    let message = format!("the answer broke off: {}", deepest(cause.as_ref()));
    StoreError::new(StoreErrorKind::Unavailable, operation, message).caused_by(cause)
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}

/// Translates an error answer of the server.
fn answered<E>(resource: &Resource, error: &SdkError<E, HttpResponse>) -> (StoreErrorKind, String)
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let code = code(error).unwrap_or_default();
    let status = status(error).unwrap_or_default();
    let said = said(error);
    let Resource {
        kind,
        name,
        variable,
    } = resource;
    if codes::NO_SUCH_RESOURCE.contains(&code) {
        return (StoreErrorKind::NotFound, no_such_resource(resource));
    }
    if codes::OTHER_REGION.contains(&code) || matches!(status, 301 | 307) {
        let message = format!(
            "{kind} {name:?} is in another region ({said}): set AWS_REGION to its region or correct {variable}"
        );
        return (StoreErrorKind::Invalid, message);
    }
    if code == "RequestTimeTooSkewed" {
        return (
            StoreErrorKind::Denied,
            format!("{said}: set this machine's clock"),
        );
    }
    match codes::kind_of(code, status) {
        kind @ StoreErrorKind::Denied => (kind, denied(resource, &said)),
        kind => (kind, said),
    }
}

/// Describes that the credentials are insufficient.
fn denied(resource: &Resource, said: &str) -> String {
    let Resource { kind, name, .. } = resource;
    format!("{said}: allow it in the policy for {kind} {name:?}, or use other credentials")
}

/// Returns the server's message: code, message, request id.
fn said<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = status(error).unwrap_or_default();
    let service = error.as_service_error();
    let mut said = match service.and_then(ProvideErrorMetadata::code) {
        Some(code) => format!("{code} (status {status})"),
        None => format!("status {status}"),
    };
    if let Some(message) = service.and_then(ProvideErrorMetadata::message) {
        said.push_str(": ");
        said.push_str(message.trim_end_matches('.'));
    }
    let headers = error.raw_response().map(|reply| reply.headers());
    let id = headers.and_then(|headers| {
        headers
            .get("x-amz-request-id")
            .or_else(|| headers.get("x-amzn-requestid"))
    });
    if let Some(id) = id {
        said.push_str(" [request ");
        said.push_str(id);
        said.push(']');
    }
    said
}

/// Translates an error without an answer: wrong input, no credentials, no connection, no time.
pub(crate) fn unanswered<E: Error + 'static>(
    error: &SdkError<E, HttpResponse>,
) -> (StoreErrorKind, String) {
    let cause = deepest(error);
    if let Some(credentials) = find::<CredentialsError>(error) {
        return match credentials {
            CredentialsError::ProviderTimedOut(_) => (
                StoreErrorKind::Unavailable,
                format!("the credentials did not arrive in time: {cause}"),
            ),
            // Its cause is a list of all the places where there are none.
            CredentialsError::CredentialsNotLoaded(_) => (
                StoreErrorKind::Denied,
                "no AWS credentials: run `aws configure`, set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY"
                    .to_owned(),
            ),
            _ => (
                StoreErrorKind::Denied,
                format!(
                    "no usable AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
                         AWS_SECRET_ACCESS_KEY, or log in again ({cause})"
                ),
            ),
        };
    }
    match error {
        SdkError::ConstructionFailure(_) => (
            StoreErrorKind::Invalid,
            format!("the request cannot be built: {cause}"),
        ),
        SdkError::TimeoutError(_) => (
            StoreErrorKind::Unavailable,
            format!("no answer in time: {cause}"),
        ),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => (
            StoreErrorKind::Unavailable,
            format!("no answer in time: {cause}"),
        ),
        SdkError::DispatchFailure(failure) if failure.is_user() => (
            StoreErrorKind::Invalid,
            format!("the request cannot be sent: {cause}"),
        ),
        _ => (
            StoreErrorKind::Unavailable,
            format!("no connection: {cause}"),
        ),
    }
}

/// Returns the two deepest causes, which describe the fault in the SDK's chains.
fn deepest(error: &(dyn Error + 'static)) -> String {
    let causes: Vec<_> = chain(error).map(ToString::to_string).collect();
    causes[causes.len().saturating_sub(2)..].join(": ")
}

fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let next = |error: &&'e (dyn Error + 'static)| -> Option<&'e (dyn Error + 'static)> {
        (*error).source()
    };
    std::iter::successors(Some(error), next)
}
