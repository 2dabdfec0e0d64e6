use aws_config::retry::RetryConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::server::{Reply, Server};
use crate::clients::http_client;
use crate::cloudformation::{StackError, stack_outputs};

fn config(url: &str) -> SdkConfig {
    let credentials = Credentials::new("key", "secret", Some("token".to_owned()), None, "test");
    let retries = RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1));
    SdkConfig::builder()
        .region(Region::new("eu-central-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client())
        .retry_config(retries)
        .build()
}

fn described(stacks: &str) -> Reply {
    Reply::new(
        200,
        format!(
            r#"<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
                <DescribeStacksResult><Stacks>{stacks}</Stacks></DescribeStacksResult>
                <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
            </DescribeStacksResponse>"#
        ),
    )
}

fn refused(status: u16, code: &str) -> Reply {
    Reply::new(
        status,
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>The message.</Message></Error></ErrorResponse>"
        ),
    )
}

const STACK: &str = "<member>
    <Parameters><member><ParameterKey>Name</ParameterKey><ParameterValue>x</ParameterValue></member></Parameters>
    <Outputs>
        <member><OutputKey>Table</OutputKey><OutputValue>a &amp; b</OutputValue><Description>The table.</Description></member>
        <member><OutputValue></OutputValue><OutputKey>Encoder</OutputKey></member>
        <member><OutputKey>Unset</OutputKey></member>
    </Outputs>
</member>";

#[tokio::test]
async fn outputs_of_the_first_stack() {
    let other = "<member><Outputs><member><OutputKey>Table</OutputKey>\
        <OutputValue>other</OutputValue></member></Outputs></member>";
    let server = Server::replying([described(&format!("{STACK}{other}"))]).await;
    let outputs = stack_outputs(&config(server.url()), "shop/1")
        .await
        .unwrap();
    assert_eq!(outputs.len(), 2);
    assert_eq!(outputs["Table"], "a & b");
    assert_eq!(outputs["Encoder"], "");
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/"));
    assert_eq!(
        seen.body,
        "Action=DescribeStacks&Version=2010-05-15&StackName=shop%2F1"
    );
    let signature = seen.header("authorization").unwrap();
    assert!(signature.contains("/eu-central-1/cloudformation/aws4_request"));
    assert_eq!(seen.header("x-amz-security-token"), Some("token"));
    let kind = seen.header("content-type");
    assert_eq!(kind, Some("application/x-www-form-urlencoded"));
}

#[tokio::test]
async fn a_stack_without_outputs_and_none_at_all() {
    let server = Server::replying([described("<member/>"), described("")]).await;
    let config = config(server.url());
    assert!(stack_outputs(&config, "shop").await.unwrap().is_empty());
    let error = stack_outputs(&config, "shop").await.unwrap_err();
    assert!(matches!(error, StackError::NoStack { .. }), "{error}");
}

#[tokio::test]
async fn refusals_are_reported_and_throttling_is_retried() {
    let replies = [
        refused(400, "Throttling"),
        refused(503, "ServiceUnavailable"),
        refused(400, "ValidationError"),
    ];
    let server = Server::replying(replies).await;
    let error = stack_outputs(&config(server.url()), "shop")
        .await
        .unwrap_err();
    let text = r#"cannot describe stack "shop": The message."#;
    assert_eq!(error.to_string(), text);
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn an_answer_that_is_not_xml_is_an_error() {
    for status in [200, 403] {
        let server = Server::replying([Reply::new(status, "<html")]).await;
        let error = stack_outputs(&config(server.url()), "shop")
            .await
            .unwrap_err();
        assert!(
            error.to_string().starts_with("cannot describe stack"),
            "{error}"
        );
    }
}
