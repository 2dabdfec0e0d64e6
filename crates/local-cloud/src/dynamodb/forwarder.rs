//! Passes requests on to the DynamoDB server, which only answers on a port.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response, Uri, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Passes requests to the DynamoDB server and its answers back; cheap to clone.
#[derive(Clone)]
pub(crate) struct DynamoDbForwarder {
    client: Client<HttpConnector, Full<Bytes>>,
    server: SocketAddr,
}

impl DynamoDbForwarder {
    /// Passes requests to the server at this address.
    pub(crate) fn new(server: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        // Small requests go out at once; without it they only come later.
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, server }
    }

    /// The server's answer, with the request as it was but for its address.
    ///
    /// # Errors
    /// A text, when the server does not answer.
    pub(crate) async fn answer(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, String> {
        let path = request.uri().path_and_query();
        let uri = Uri::builder()
            .scheme("http")
            .authority(self.server.to_string())
            .path_and_query(path.map_or("/", |path| path.as_str()))
            .build();
        *request.uri_mut() = uri.map_err(|error| error.to_string())?;
        *request.version_mut() = Version::HTTP_11;
        let answered = self.client.request(request).await;
        answered.map_err(|error| format!("the DynamoDB server does not answer: {error}"))
    }
}
