//! Outputs of a CloudFormation stack, by the one call that this needs. CloudFormation's SDK would
//! do the same, but has hundreds of other calls, which would all have to be compiled. The SDK's
//! runtime signs the request and retries it if that helps.

mod stack_xml;

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::clients::NoRegion;
use crate::endpoint::{self, Endpoint};
use crate::errors::unanswered;
use stack_xml::{read_error, read_outputs};

/// The reason why the outputs of a stack are not known.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The configuration has no region.
    #[error(transparent)]
    NoRegion(#[from] NoRegion),
    /// CloudFormation refuses the request, or cannot be reached.
    #[error("cannot describe stack {stack:?}: {reason}")]
    NotDescribed {
        /// Name of the stack.
        stack: String,
        /// Message of CloudFormation or of the connection.
        reason: String,
    },
    /// CloudFormation returns no stack.
    #[error("there is no stack {stack:?} in this account and region")]
    NoStack {
        /// Name of the stack.
        stack: String,
    },
}

/// Outputs by name; `None` if there is no stack.
type Outputs = Option<HashMap<String, String>>;

/// Returns the outputs of a stack by name.
///
/// # Errors
/// If there is no such stack, or CloudFormation does not describe it.
pub async fn stack_outputs(
    config: &SdkConfig,
    stack: &str,
) -> Result<HashMap<String, String>, StackError> {
    let described = describe_stacks(config)?.invoke(stack.to_owned()).await;
    let outputs = described.map_err(|error| StackError::NotDescribed {
        stack: stack.to_owned(),
        reason: match error.as_service_error().and_then(ErrorMetadata::message) {
            Some(message) => message.to_owned(),
            None => unanswered(&error).1,
        },
    })?;
    outputs.ok_or_else(|| StackError::NoStack {
        stack: stack.to_owned(),
    })
}

fn describe_stacks(
    config: &SdkConfig,
) -> Result<Operation<String, Outputs, ErrorMetadata>, NoRegion> {
    let region = config.region().ok_or(NoRegion)?.clone();
    let mut operation = Operation::builder()
        .service_name("CloudFormation")
        .operation_name("DescribeStacks")
        .endpoint_url(&endpoint(config, region.as_ref()))
        .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
        .retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
        .retry_classifier(HttpStatusCodeClassifier::default())
        .runtime_plugin(signing(config, region.into()));
    if let Some(retries) = config.retry_config() {
        operation = operation.standard_retry(retries);
    }
    if let Some(limits) = config.timeout_config() {
        operation = operation.timeout_config(limits.clone());
    }
    if let Some(client) = config.http_client() {
        operation = operation.http_client(client);
    }
    if let Some(sleep) = config.sleep_impl() {
        operation = operation.sleep_impl(sleep);
    }
    Ok(operation.serializer(request).deserializer(outputs).build())
}

/// Signs for CloudFormation in a region, with the credentials of the configuration.
fn signing(config: &SdkConfig, region: SigningRegion) -> StaticRuntimePlugin {
    let mut layer = Layer::new("DescribeStacks");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: Some(region),
        name: Some(SigningName::from_static("cloudformation")),
        ..SigV4OperationSigningConfig::default()
    });
    let mut components = RuntimeComponentsBuilder::new("DescribeStacks")
        .with_auth_scheme(SigV4AuthScheme::new())
        .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![
            SCHEME_ID,
        ])))
        .with_identity_cache(config.identity_cache());
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    StaticRuntimePlugin::new()
        .with_config(layer.freeze())
        .with_runtime_components(components)
}

/// Returns the endpoint in the environment or the profile, otherwise that of the region.
fn endpoint(config: &SdkConfig, region: &str) -> String {
    if let Endpoint::Url(url) = endpoint::named(config, "CloudFormation") {
        return url;
    }
    config.endpoint_url().map_or_else(
        || {
            let fips = config.use_fips().unwrap_or(false);
            regional_endpoint(region, fips, config.use_dual_stack().unwrap_or(false))
        },
        str::to_owned,
    )
}

fn regional_endpoint(region: &str, fips: bool, dual_stack: bool) -> String {
    let suffix = match (region.starts_with("cn-"), dual_stack) {
        (false, false) => "amazonaws.com",
        (false, true) => "api.aws",
        (true, false) => "amazonaws.com.cn",
        (true, true) => "api.amazonwebservices.com.cn",
    };
    // All endpoints of GovCloud are FIPS endpoints, under the plain name.
    let plain = !fips || (region.starts_with("us-gov-") && !dual_stack);
    let service = if plain {
        "cloudformation"
    } else {
        "cloudformation-fips"
    };
    format!("https://{service}.{region}.{suffix}")
}

fn request(stack: String) -> Result<HttpRequest, BoxError> {
    let stack = utf8_percent_encode(&stack, NON_ALPHANUMERIC);
    let form = format!("Action=DescribeStacks&Version=2010-05-15&StackName={stack}");
    let mut request = HttpRequest::new(SdkBody::from(form));
    request.set_method("POST")?;
    request
        .headers_mut()
        .try_insert("content-type", "application/x-www-form-urlencoded")?;
    Ok(request)
}

fn outputs(response: &HttpResponse) -> Result<Outputs, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        read_outputs(body).map_err(|error| OrchestratorError::response(error.into()))
    } else {
        let error = read_error(body).unwrap_or_else(|_| ErrorMetadata::builder().build());
        Err(OrchestratorError::operation(error))
    }
}

#[cfg(test)]
mod tests {
    use super::regional_endpoint;

    #[test]
    fn endpoints_agree_with_the_sdk() {
        let cases = [
            (
                "eu-west-1",
                false,
                false,
                "cloudformation.eu-west-1.amazonaws.com",
            ),
            (
                "us-east-1",
                true,
                false,
                "cloudformation-fips.us-east-1.amazonaws.com",
            ),
            ("us-east-1", false, true, "cloudformation.us-east-1.api.aws"),
            (
                "us-gov-west-1",
                true,
                false,
                "cloudformation.us-gov-west-1.amazonaws.com",
            ),
            (
                "us-gov-east-1",
                true,
                true,
                "cloudformation-fips.us-gov-east-1.api.aws",
            ),
            (
                "cn-north-1",
                false,
                false,
                "cloudformation.cn-north-1.amazonaws.com.cn",
            ),
            (
                "cn-north-1",
                true,
                true,
                "cloudformation-fips.cn-north-1.api.amazonwebservices.com.cn",
            ),
        ];
        for (region, fips, dual_stack, host) in cases {
            let found = regional_endpoint(region, fips, dual_stack);
            assert_eq!(found, format!("https://{host}"));
        }
    }
}
