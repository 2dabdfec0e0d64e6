//! One port for all services: each request goes to the service that its signature names. So `AWS_ENDPOINT_URL` is the
//! only address that a client needs.

mod refusal;
mod service;
mod sts;

use std::error::Error;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Incoming};
use tokio::net::TcpListener;

use self::refusal::{is_form, not_implemented, unavailable};
use self::service::Service;
use crate::dynamodb::DynamoDbForwarder;
use crate::s3::S3Endpoint;
use crate::server::HttpServer;
use crate::sqs::LocalSqs;

type BoxError = Box<dyn Error + Send + Sync>;
/// The body of an answer of any of the services.
type AnyBody = UnsyncBoxBody<Bytes, BoxError>;

/// Answers requests to every service; cheap to clone.
#[derive(Clone)]
pub(crate) struct CombinedEndpoint {
    pub(crate) s3: S3Endpoint,
    pub(crate) sqs: LocalSqs,
    pub(crate) dynamodb: DynamoDbForwarder,
}

impl CombinedEndpoint {
    /// Serves all services on one port.
    pub(crate) fn serve(self, listener: TcpListener) -> HttpServer {
        HttpServer::start("AWS", listener, move |request| {
            let endpoint = self.clone();
            async move { endpoint.answer(request).await }
        })
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<AnyBody> {
        let (parts, body) = request.into_parts();
        let service = Service::of(&parts);
        let is_form = is_form(&parts.headers);
        let request = Request::from_parts(parts, body);
        match service {
            Service::S3 => boxed(self.s3.answer(request).await),
            Service::Sqs => boxed(self.sqs.answer(request).await),
            Service::DynamoDb => match self.dynamodb.answer(request).await {
                Ok(response) => boxed(response),
                Err(reason) => {
                    tracing::error!(reason, "a DynamoDB request failed");
                    boxed(unavailable(&reason, is_form))
                }
            },
            Service::Sts => boxed(sts::answer(request).await),
            Service::Other(name) => {
                let reason = format!("there is no {name} here, only S3, DynamoDB and SQS");
                boxed(not_implemented(&reason, is_form))
            }
        }
    }
}

fn boxed<B>(response: Response<B>) -> Response<AnyBody>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    response.map(|body| body.map_err(Into::into).boxed_unsync())
}
