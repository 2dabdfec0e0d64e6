//! Ctrl-C, or SIGTERM from a service manager.

use anyhow::Result;
use tokio::sync::watch;

/// Receives the request to stop the process.
#[derive(Debug, Clone)]
pub(crate) struct StopSignal(watch::Receiver<bool>);

impl StopSignal {
    /// Starts listening; from now on, the signals no longer end the process.
    pub(crate) fn listen() -> Result<Self> {
        let (sender, receiver) = watch::channel(false);
        let signal = signal()?;
        tokio::spawn(async move {
            signal.await;
            sender.send_replace(true);
            // The sender must outlive all receivers.
            sender.closed().await;
        });
        Ok(Self(receiver))
    }

    /// True if a signal was received.
    pub(crate) fn has_come(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once a signal was received.
    pub(crate) async fn came(&self) {
        // Fails only without its task, which ends with the runtime: also a reason to stop.
        let _ = self.0.clone().wait_for(|came| *came).await;
    }

    /// Returns the result of `work`, or `None` if a signal is received first.
    pub(crate) async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.came() => None,
        }
    }
}

#[cfg(unix)]
fn signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signal() -> Result<impl Future<Output = ()>> {
    Ok(async {
        // An error means that this system has no such signals.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}
