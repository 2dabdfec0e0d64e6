//! The file in the data folder of a running `serve` by which other commands find it.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

const FILE: &str = "serve.json";
/// Maximum time for a server on this machine to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Addresses of the servers of a running `serve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Connection {
    pub(crate) url: String,
    pub(crate) s3_url: String,
    pub(crate) dynamodb_url: String,
    pub(crate) sqs_url: String,
    /// The endpoint of all services.
    #[serde(default)]
    pub(crate) aws_url: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) region: String,
    pub(crate) catalog_bucket: String,
    pub(crate) index_bucket: String,
    pub(crate) table: String,
    pub(crate) queue_url: String,
    /// Names of filterable attributes, separated by commas.
    #[serde(default)]
    pub(crate) filterable: String,
}

impl Connection {
    /// Reads the connection of the `serve` that runs on this folder.
    pub(crate) fn read(data: &Path) -> Result<Self> {
        let path = Self::path(data);
        let bytes = std::fs::read(&path).with_context(|| {
            format!(
                "cannot read {}: is `lookalike serve --data {}` running?",
                path.display(),
                data.display()
            )
        })?;
        let connection: Self = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is damaged", path.display()))?;
        connection.probe().with_context(|| {
            format!(
                "nothing answers at {}, which {} names: start `lookalike serve --data {}` again",
                connection.s3_url,
                path.display(),
                data.display()
            )
        })?;
        Ok(connection)
    }

    /// Fails if no server answers: a killed process left its file.
    fn probe(&self) -> Result<()> {
        let address = self.s3_url.trim_start_matches("http://").parse()?;
        TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
        Ok(())
    }

    /// Writes the file for other processes; [`forget`](Self::forget) removes it.
    pub(crate) fn write(&self, data: &Path) -> Result<()> {
        let path = Self::path(data);
        let bytes = serde_json::to_vec_pretty(self)?;
        let unfinished = path.with_extension("json.new");
        // Renamed, so that no process reads half of it.
        std::fs::write(&unfinished, bytes)
            .and_then(|()| std::fs::rename(&unfinished, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Removes the file when the servers stop.
    pub(crate) fn forget(data: &Path) {
        // A process that still finds it fails to connect to the closed ports.
        let _ = std::fs::remove_file(Self::path(data));
    }

    fn path(data: &Path) -> PathBuf {
        data.join(FILE)
    }

    /// Returns the variables with which the AWS CLI, boto3 and this command use these servers.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.aws_url.clone()),
            ("AWS_ENDPOINT_URL_S3", self.s3_url.clone()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb_url.clone()),
            ("AWS_ENDPOINT_URL_SQS", self.sqs_url.clone()),
            ("AWS_ACCESS_KEY_ID", self.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.secret_key.clone()),
            ("AWS_REGION", self.region.clone()),
            ("AWS_DEFAULT_REGION", self.region.clone()),
            ("LOOKALIKE_CATALOG_BUCKET", self.catalog_bucket.clone()),
            ("LOOKALIKE_INDEX_BUCKET", self.index_bucket.clone()),
            ("LOOKALIKE_TABLE", self.table.clone()),
            ("LOOKALIKE_QUEUE_URL", self.queue_url.clone()),
            ("LOOKALIKE_FILTERABLE", self.filterable.clone()),
        ]
    }
}
