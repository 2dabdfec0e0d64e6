//! Log lines as JSON on standard output, so that CloudWatch Logs finds their fields.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, LevelFilter};

/// Warnings of every crate, and information of this project's crates.
const DEFAULT_FILTER: &str = "warn,lookalike=info";

/// Writes all later events of `tracing` as JSON.
///
/// `RUST_LOG` selects the events, in `tracing_subscriber`'s syntax; if it is unset or invalid,
/// `warn,lookalike=info` does. `detailed` adds this project's debug lines to either. Only the first
/// call in a process has an effect.
pub fn init(detailed: bool) {
    let mut filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    if detailed {
        filter = filter.add_directive(ours(LevelFilter::DEBUG));
    }
    let lines = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter);
    // An error means that logging is set up already, by a test harness for example.
    let _ = lines.try_init();
}

/// Returns a directive for all crates of the project: directives match the beginning of a crate's
/// name.
fn ours(level: LevelFilter) -> Directive {
    format!("lookalike={level}")
        .parse()
        .unwrap_or_else(|_| level.into())
}
