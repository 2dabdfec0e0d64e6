//! The endpoints that the environment or a profile names.

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

/// Returns the endpoint that `AWS_ENDPOINT_URL_<service>`, `AWS_ENDPOINT_URL` or the profile names for a service. An
/// empty text is the value of a variable that the SAM CLI was given none for; the SDK would take it for an address.
pub(crate) fn named(config: &SdkConfig, service_id: &str) -> Endpoint {
    let key = ServiceConfigKey::builder()
        .service_id(service_id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let found = config.service_config().zip(key.ok());
    match found.and_then(|(settings, key)| settings.load_config(key)) {
        None => Endpoint::Unset,
        Some(url) if url.trim().is_empty() => Endpoint::Empty,
        Some(url) => Endpoint::Url(url),
    }
}

/// The setting of a service's endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// There is no such setting.
    Unset,
    /// It is set to an empty text, which counts as unset.
    Empty,
    /// It is set to this.
    Url(String),
}
