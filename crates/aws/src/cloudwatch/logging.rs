//! Log lines as JSON, one per line on standard output, as CloudWatch Logs finds fields in them.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, LevelFilter};

/// Warnings of every crate, and what this project itself has to tell.
const USUAL: &str = "warn,lookalike=info";

/// Has everything that is traced from now on written as JSON.
///
/// `RUST_LOG` chooses what is written, in `tracing_subscriber`'s syntax; unset or unreadable, it is
/// `warn,lookalike=info`. `detailed` adds this project's debug lines to either. Only the first call in a
/// process has an effect.
pub fn init(detailed: bool) {
    let mut filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(USUAL));
    if detailed {
        filter = filter.add_directive(ours(LevelFilter::DEBUG));
    }
    let lines = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter);
    // An error means that somebody else, a test harness say, has set up logging already.
    let _ = lines.try_init();
}

/// Directives match the beginning of a crate's name, so this one is for all of the project.
fn ours(level: LevelFilter) -> Directive {
    format!("lookalike={level}")
        .parse()
        .unwrap_or_else(|_| level.into())
}
