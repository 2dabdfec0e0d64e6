//! When to ask a server again.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::error::FetchError;

/// Maximum pause that a server may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(8);

/// Returns the error of an answer that is no success.
pub(crate) fn error_of(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> FetchError {
    let is_busy = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
    ) || status.is_server_error();
    if !is_busy {
        return FetchError::Status(status);
    }
    match retry_after(headers, now) {
        Some(retry_after) if retry_after > MAX_RETRY_AFTER => FetchError::AskedToWait {
            status,
            retry_after,
        },
        retry_after => FetchError::Busy {
            status,
            retry_after,
        },
    }
}

/// Returns the pause after the attempt with this number, from 1: it doubles, and is jittered, so that parallel
/// downloads do not come back together.
pub(crate) fn pause_after(attempt: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << (attempt - 1).min(8));
    doubled.min(MAX_PAUSE).mul_f64(rand::random_range(0.5..1.0))
}

/// Returns the header `Retry-After`, which has seconds or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let date = httpdate::parse_http_date(text).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pause(text: &str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        retry_after(&headers, now)
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        assert_eq!(pause("7"), Some(Duration::from_secs(7)));
        let date = pause("Sun, 06 Nov 1994 08:50:07 GMT");
        assert_eq!(date, Some(Duration::from_secs(30)));
        let past = pause("Sun, 06 Nov 1994 08:00:00 GMT");
        assert_eq!(past, Some(Duration::ZERO));
        for text in ["soon", "-1", "", "99999999999999999999"] {
            assert_eq!(pause(text), None, "{text}");
        }
    }

    #[test]
    fn only_busy_servers_are_asked_again() {
        let error = |status: u16, seconds: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, seconds.parse().unwrap())]);
            error_of(
                StatusCode::from_u16(status).unwrap(),
                &headers,
                SystemTime::now(),
            )
        };
        for status in [404, 401, 304, 302, 204] {
            assert!(matches!(error(status, "1"), FetchError::Status(_)));
            assert_eq!(error(status, "1").attempts(), 1);
        }
        for status in [408, 429, 500, 503] {
            assert!(error(status, "120").attempts() > 1);
            let asked = error(status, "121");
            assert!(matches!(asked, FetchError::AskedToWait { .. }));
            assert_eq!(asked.attempts(), 1);
        }
    }

    #[test]
    fn pauses_grow_up_to_a_limit() {
        for attempt in 1..40 {
            let pause = pause_after(attempt);
            let longest = FIRST_PAUSE * (1 << (attempt - 1).min(8));
            assert!(pause <= longest.min(MAX_PAUSE) && pause >= FIRST_PAUSE / 2);
        }
    }
}
