//! Names the build by version and commit. Another build may answer the same request to the same index differently, so
//! the name is part of entity tags.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The log of HEAD grows with every commit and checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"]);
    if let Some(log) = log.filter(|log| Path::new(log).exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
    let version = env!("CARGO_PKG_VERSION");
    let commit = git(&["rev-parse", "--short=16", "HEAD"]).unwrap_or_default();
    println!("cargo::rustc-env=LOOKALIKE_BUILD={version}+{commit}");
}

/// Returns what git prints; `None` without git or outside a repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
