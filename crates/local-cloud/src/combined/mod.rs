//! One port for all services: each request goes to the service that its signature names. So `AWS_ENDPOINT_URL` is the
//! only address that a client needs.

mod service;
mod sts;

use http::{Request, Response};

use self::service::Service;
use crate::dynamodb::DynamoDbEndpoint;
use crate::listener::HttpSocket;
use crate::refusal::{is_form, not_implemented};
use crate::request_body::RequestBody;
use crate::s3::S3Endpoint;
use crate::server::{AnyBody, HttpServer, boxed};
use crate::sqs::LocalSqs;

/// Answers requests to every service; cheap to clone.
#[derive(Clone)]
pub(crate) struct CombinedEndpoint {
    pub(crate) s3: S3Endpoint,
    pub(crate) sqs: LocalSqs,
    pub(crate) dynamodb: DynamoDbEndpoint,
}

impl CombinedEndpoint {
    /// Serves all services on one port.
    pub(crate) fn serve(self, socket: HttpSocket) -> HttpServer {
        HttpServer::start("AWS", socket, move |request| {
            let endpoint = self.clone();
            async move { endpoint.answer(request).await }
        })
    }

    async fn answer(&self, request: Request<RequestBody>) -> Response<AnyBody> {
        let (parts, body) = request.into_parts();
        let service = Service::of(&parts);
        let is_form = is_form(&parts.headers);
        let request = Request::from_parts(parts, body);
        match service {
            Service::S3 => boxed(self.s3.answer(request).await),
            Service::Sqs => boxed(self.sqs.answer(request).await),
            Service::DynamoDb => self.dynamodb.answer(request).await,
            Service::Sts => boxed(sts::answer(request).await),
            Service::Other(name) => {
                let reason = format!("there is no {name} here, only S3, DynamoDB and SQS");
                boxed(not_implemented(&reason, is_form))
            }
        }
    }
}
