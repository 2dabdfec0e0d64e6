//! Connections that explain why a URL is refused.
//!
//! A raw `<` in a URL is refused by the HTTP server before there is a request, with a bare 400. API Gateway and browsers
//! never pass one on, but `curl` does, and the filters of the API have such characters.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::serve::Listener;
use lookalike_http::refuse_raw_target;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Maximum number of bytes that are kept of a request: its first line.
const MAX_KEPT_BYTES: usize = 8192;
/// The beginning of the reply to a request that cannot be parsed.
const BARE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n";
/// A header of it, which no reply of the API has with that status.
const WITHOUT_BODY: &[u8] = b"content-length: 0\r\n";

/// A listener whose connections explain why a URL is refused.
pub(super) struct ExplainingListener(pub(super) TcpListener);

/// A connection.
pub(super) struct ExplainingStream {
    stream: TcpStream,
    /// The beginning of the current request.
    request: Vec<u8>,
    /// The rest of the explanation that is being sent.
    pending: Vec<u8>,
}

impl Listener for ExplainingListener {
    type Io = ExplainingStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let stream = ExplainingStream {
            stream,
            request: Vec::new(),
            pending: Vec::new(),
        };
        (stream, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl ExplainingStream {
    fn send_pending(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.pending.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, &self.pending))?;
            self.pending.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for ExplainingStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = &buffer.filled()[before..];
        let room = MAX_KEPT_BYTES - self.request.len();
        self.request
            .extend_from_slice(&read[..read.len().min(room)]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ExplainingStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.send_pending(context))?;
        let request = std::mem::take(&mut self.request);
        if let Some(explained) = explanation(&request, bytes) {
            self.pending = explained;
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.send_pending(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.send_pending(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Returns what to send instead of a bare reply, if the URL is the reason for it.
fn explanation(request: &[u8], reply: &[u8]) -> Option<Vec<u8>> {
    let is_bare = reply.starts_with(BARE)
        && reply
            .windows(WITHOUT_BODY.len())
            .any(|part| part == WITHOUT_BODY);
    if !is_bare {
        return None;
    }
    let line = request.split(|byte| *byte == b'\r').next()?;
    let (method, rest) = line.split_at(line.iter().position(|byte| *byte == b' ')?);
    let target = rest.strip_suffix(b" HTTP/1.1").unwrap_or(rest);
    let explained = refuse_raw_target(target.strip_prefix(b" ")?)?;
    let mut bytes = BARE.to_vec();
    for (name, value) in explained.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    if method != b"HEAD" {
        bytes.extend_from_slice(explained.body());
    }
    Some(bytes)
}
