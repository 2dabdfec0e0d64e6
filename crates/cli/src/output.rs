//! Output for people: progress, logs, numbers, tables.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tracing_subscriber::EnvFilter;

use crate::args::OutputArguments;

/// The outcome of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandOutcome {
    /// Everything was done.
    Complete,
    /// Some items failed; they were reported.
    Partial,
}

impl CommandOutcome {
    /// Returns [`Partial`](Self::Partial) if anything failed.
    pub(crate) fn partial_if(failed: bool) -> Self {
        if failed {
            Self::Partial
        } else {
            Self::Complete
        }
    }
}

/// Prints the JSON line of a command to standard output if the caller asked for JSON, otherwise what `people` prints.
pub(crate) fn report(arguments: &OutputArguments, line: Value, people: impl FnOnce()) {
    if arguments.json {
        println!("{line}");
    } else {
        people();
    }
}

/// Prints a line to standard output. If the reader of a pipe has closed it, the program ends, as
/// other programs do.
pub(crate) fn print_line(line: fmt::Arguments<'_>) {
    print_text(&format!("{line}\n"));
}

/// Prints like [`print_line`], without an end of line.
pub(crate) fn print_text(text: &str) {
    let mut stdout = io::stdout().lock();
    let printed = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match printed {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            eprintln!("error: cannot write to standard output: {error}");
            std::process::exit(1);
        }
    }
}

/// Logs to standard error, for people; only warnings unless more is requested.
pub(crate) fn init_logging(verbose: bool) {
    let usual = if verbose {
        "warn,lookalike=info,s3s=off"
    } else {
        "error,lookalike=warn,s3s=off"
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

/// Returns a progress bar on standard error; invisible if that is not a terminal.
pub(crate) fn progress(message: &'static str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{msg:<12} {wide_bar} {human_pos}/{human_len} {per_sec:>12} {eta:>4}",
    );
    let bar = ProgressBar::new(length).with_message(message);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Returns a moving line, for work of unknown length.
pub(crate) fn spinner(message: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(message);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Formats a number of bytes for people.
pub(crate) fn bytes(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

/// Formats rows with columns of equal width, two spaces between them, and no spaces at the end.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, &width)| format!("{cell:<width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_a_table_stand_below_each_other() {
        let rows = [["a", "bü", "c"], ["long", "b", ""]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "a     bü  c\nlong  b\n");
        assert_eq!(table(&[]), "");
    }
}
