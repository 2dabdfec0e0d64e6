//! An HTTP server with a clean shutdown.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

/// Maximum time for which the shutdown waits for running requests.
const REQUEST_GRACE: Duration = Duration::from_secs(2);

/// A running HTTP server.
pub(crate) struct HttpServer {
    service: &'static str,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl HttpServer {
    /// Answers each request with `answer`; `service` is the name in the log.
    pub(crate) fn start<A, F, B>(service: &'static str, listener: TcpListener, answer: A) -> Self
    where
        A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(service, listener, answer, stopped));
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
    listener: TcpListener,
    answer: A,
    mut stopped: oneshot::Receiver<()>,
) where
    A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
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
        let answer = service_fn(move |request| {
            let answered = answer(request);
            async move { Ok::<_, Infallible>(answered.await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
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
