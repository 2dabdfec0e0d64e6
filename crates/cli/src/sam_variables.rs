//! The variables with which `sam local` runs the built functions against a running `serve`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::connection::Connection;

const FILE: &str = "sam-local.json";
/// The name of this machine in a container of Docker Desktop and Finch, and of every other engine with
/// `--add-host host.docker.internal:host-gateway`.
const HOST: &str = "host.docker.internal";

/// Where the file for `sam local --env-vars` is.
pub(crate) fn path(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// Leaves the file in the data folder; it is removed by [`forget`].
pub(crate) fn write(connection: &Connection, index_prefix: &str, data: &Path) -> Result<()> {
    let path = path(data);
    let text = serde_json::to_vec_pretty(&variables(connection, index_prefix))?;
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Removes the file when the servers stop.
pub(crate) fn forget(data: &Path) {
    // Functions that still find it are refused by the closed ports.
    let _ = std::fs::remove_file(path(data));
}

/// The value of every variable that the template declares and this machine decides. Without them the functions would
/// get the names of the template's resources, or what happens to be in the environment of `sam`.
fn variables(connection: &Connection, index_prefix: &str) -> Value {
    json!({"Parameters": {
        "AWS_ENDPOINT_URL": from_container(&connection.aws_url),
        "LOOKALIKE_CATALOG_BUCKET": connection.catalog_bucket,
        "LOOKALIKE_INDEX_BUCKET": connection.index_bucket,
        "LOOKALIKE_INDEX_PREFIX": index_prefix,
        "LOOKALIKE_TABLE": connection.table,
        "LOOKALIKE_FILTERABLE": connection.filterable,
        // The one queue of the local cloud takes changes that are new, not those that are tried alone.
        "LOOKALIKE_RETRY_QUEUE_URL": "",
    }})
}

/// The URL by which a container reaches a server of this machine. A container has a loopback address of its own.
fn from_container(url: &str) -> String {
    ["127.0.0.1", "[::1]"]
        .iter()
        .fold(url.to_owned(), |url, loopback| {
            url.replacen(loopback, HOST, 1)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_given_an_address_that_is_not_its_own() {
        for (url, expected) in [
            ("http://127.0.0.1:4566", "http://host.docker.internal:4566"),
            ("http://[::1]:4566", "http://host.docker.internal:4566"),
            ("http://172.17.0.1:4566", "http://172.17.0.1:4566"),
        ] {
            assert_eq!(from_container(url), expected);
        }
    }
}
