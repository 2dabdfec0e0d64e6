//! The body of a request whose client may fall silent.

use std::error::Error;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// A body that fails if nothing of it arrives for a while: half-sent requests would stay forever.
pub(crate) struct RequestBody {
    body: Incoming,
    max_silence: Duration,
    silence: Pin<Box<Sleep>>,
}

impl RequestBody {
    /// Reads `body`, and fails if it pauses for longer than `max_silence`.
    pub(crate) fn new(body: Incoming, max_silence: Duration) -> Self {
        Self {
            body,
            max_silence,
            silence: Box::pin(sleep(max_silence)),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let until = Instant::now() + self.max_silence;
            self.silence.as_mut().reset(until);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        match self.silence.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                let reason = "the client sent nothing more of its request";
                let error = std::io::Error::new(ErrorKind::TimedOut, reason);
                Poll::Ready(Some(Err(error.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
