//! What was learned about the hosts of links: pauses that they asked for, and failures.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::error::FetchError;

/// Failures in a row after which a host is not asked any more: each takes several attempts and time-outs, and a
/// catalog may have a million links to a server that is down.
const MAX_FAILURES: u32 = 100;

/// Hosts by name.
#[derive(Debug, Default)]
pub(crate) struct Hosts(Mutex<HashMap<String, Host>>);

#[derive(Debug, Default)]
struct Host {
    /// No download begins before this time.
    busy_until: Option<Instant>,
    /// Downloads that failed because of the host since the last one that did not.
    failures: u32,
}

impl Hosts {
    /// Waits until the host may be asked, or fails if it failed too often.
    pub(crate) async fn ready(&self, host: &str) -> Result<(), FetchError> {
        loop {
            let until = {
                let mut hosts = self.locked();
                let known = hosts.entry(host.to_owned()).or_default();
                if known.failures >= MAX_FAILURES {
                    return Err(FetchError::HostIsDown {
                        host: host.to_owned(),
                        failures: known.failures,
                    });
                }
                known.busy_until
            };
            match until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                _ => return Ok(()),
            }
        }
    }

    /// Lets every download from the host wait until `until`.
    pub(crate) fn pause(&self, host: &str, until: Instant) {
        let mut hosts = self.locked();
        let known = hosts.entry(host.to_owned()).or_default();
        known.busy_until = known.busy_until.max(Some(until));
    }

    /// Counts the outcome of a download after all its attempts.
    pub(crate) fn note(&self, host: &str, failed: bool) {
        let mut hosts = self.locked();
        let known = hosts.entry(host.to_owned()).or_default();
        known.failures = if failed { known.failures + 1 } else { 0 };
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        // No code panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_host_that_fails_again_and_again_is_left_alone() {
        let hosts = Hosts::default();
        for _ in 1..MAX_FAILURES {
            hosts.note("down", true);
        }
        assert!(hosts.ready("down").await.is_ok());
        hosts.note("down", false);
        for _ in 0..MAX_FAILURES {
            hosts.note("down", true);
        }
        assert!(hosts.ready("down").await.is_err());
        assert!(hosts.ready("up").await.is_ok());
    }

    #[tokio::test]
    async fn the_longest_pause_holds_for_every_download() {
        let hosts = Hosts::default();
        let now = Instant::now();
        let long = now + Duration::from_millis(80);
        hosts.pause("busy", long);
        hosts.pause("busy", now + Duration::from_millis(1));
        hosts.ready("busy").await.unwrap();
        assert!(Instant::now() >= long);
    }
}
