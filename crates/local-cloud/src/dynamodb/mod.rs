//! The DynamoDB server, and the streams of its tables.

mod endpoint;
mod forwarder;
mod stream;
mod tables;

pub(crate) use endpoint::DynamoDbEndpoint;
pub(crate) use forwarder::DynamoDbForwarder;
pub(crate) use stream::{StreamReader, StreamRecord};

use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use dynoxide::Database;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::StartError;
use crate::folder::DataFolder;

/// The running DynamoDB server. It has a thread of its own, because it waits for the disk in the
/// middle of its async code.
pub(crate) struct DynamoDbServer {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
    thread: JoinHandle<()>,
}

impl DynamoDbServer {
    /// Opens the file and creates the tables that are missing; blocks.
    pub(crate) fn open(path: &Path, tables: &[Value]) -> Result<Database, StartError> {
        let name = path.to_string_lossy();
        let failed = |reason: String| StartError::Database {
            path: path.to_owned(),
            reason,
        };
        stream::keep_short(&name).map_err(failed)?;
        let database = Database::new(&name).map_err(|error| failed(error.to_string()))?;
        for table in tables {
            tables::create(&database, table)?;
        }
        Ok(database)
    }

    /// Serves in a thread, which holds `folder` until the database is closed.
    pub(crate) fn start(
        listener: std::net::TcpListener,
        database: Database,
        folder: Arc<DataFolder>,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = thread::Builder::new()
            .name("dynamodb".to_owned())
            .spawn(move || {
                runtime.block_on(serve(listener, database, stopped));
                // Dropping the runtime drops the connections that are still open, and with them the
                // last handles of the database: it is closed when `ended` is signaled.
                drop(runtime);
                // Unlocks the folder, unless the S3 server still uses it.
                drop(folder);
                let _ = end.send(());
            })?;
        Ok(Self {
            stop,
            ended,
            thread,
        })
    }

    pub(crate) async fn stop(self) {
        // If the server has ended already, there is no receiver.
        let _ = self.stop.send(());
        let _ = self.ended.await;
        if self.thread.join().is_err() {
            tracing::error!("the DynamoDB server ended with an error");
        }
    }
}

async fn serve(
    listener: std::net::TcpListener,
    database: Database,
    stopped: oneshot::Receiver<()>,
) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "cannot serve DynamoDB"),
    };
    // Requests are answered without a pause on this one thread, so none is cut off when the server
    // is dropped.
    let server = dynoxide::server::serve_with_shutdown(listener, database, std::future::pending());
    tokio::select! {
        _ = stopped => {}
        ended = server => {
            if let Err(error) = ended {
                tracing::error!(error, "the DynamoDB server failed");
            }
        }
    }
}
