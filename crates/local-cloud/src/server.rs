//! An HTTP server with a clean shutdown.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::listener::HttpSocket;
use crate::origin::refusal_of;
use crate::request_body::RequestBody;

/// Maximum time for which the shutdown waits for running requests.
const REQUEST_GRACE: Duration = Duration::from_secs(2);

type BoxError = Box<dyn Error + Send + Sync>;
/// The body of an answer of any of the services.
pub(crate) type AnyBody = UnsyncBoxBody<Bytes, BoxError>;

/// A running HTTP server.
pub(crate) struct HttpServer {
    service: &'static str,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl HttpServer {
    /// Answers each request with `answer`; `service` is the name in the log.
    pub(crate) fn start<A, F, B>(service: &'static str, socket: HttpSocket, answer: A) -> Self
    where
        A: Fn(Request<RequestBody>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(service, socket, answer, stopped));
        Self {
            service,
            stop,
            task,
        }
    }

    pub(crate) async fn stop(self) {
        // If the server has ended already, there is no receiver.
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, service = self.service, "a server ended with an error");
        }
    }
}

async fn serve<A, F, B>(
    service: &'static str,
    socket: HttpSocket,
    answer: A,
    mut stopped: oneshot::Receiver<()>,
) where
    A: Fn(Request<RequestBody>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let HttpSocket {
        socket: listener,
        max_silence,
    } = socket;
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // For example too many open files: this passes, but not at once.
                    tracing::warn!(%error, service, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Sends small replies at once; without it they only arrive later.
        let _ = stream.set_nodelay(true);
        let answer = answer.clone();
        // Of the connection, because a server of all addresses is on the loopback interface too.
        let on_loopback = (stream.local_addr()).is_ok_and(|address| address.ip().is_loopback());
        let answer = service_fn(move |request: Request<Incoming>| {
            let (parts, body) = request.into_parts();
            let refusal = refusal_of(&parts, on_loopback);
            let request = Request::from_parts(parts, RequestBody::new(body, max_silence));
            let answered = refusal.map_or_else(|| Ok(answer(request)), Err);
            async move {
                Ok::<_, Infallible>(match answered {
                    Ok(answered) => boxed(answered.await),
                    Err(reason) => boxed(forbidden(reason)),
                })
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(max_silence)
            .serve_connection(TokioIo::new(stream), answer);
        let watched = graceful.watch(connection);
        connections.spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(%error, service, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(REQUEST_GRACE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(service, "stopped while requests were running");
    }
    connections.shutdown().await;
}

fn forbidden(reason: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(reason));
    *response.status_mut() = StatusCode::FORBIDDEN;
    let media_type = HeaderValue::from_static("text/plain");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// Returns a response whose body has the type that all services share.
pub(crate) fn boxed<B>(response: Response<B>) -> Response<AnyBody>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    response.map(|body| body.map_err(Into::into).boxed_unsync())
}
