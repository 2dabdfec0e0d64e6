//! Errors of the start.

use std::path::PathBuf;

/// The reason why a [`crate::LocalCloud`] did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process holds the lock of the data folder.
    #[error("folder {} is in use by another process: stop that one or name another folder", .0.display())]
    FolderInUse(PathBuf),
    /// A file or folder cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// Another process listens on the requested port.
    #[error("port {port} for {service} is taken: stop what listens there or choose another port")]
    PortTaken {
        /// `S3`, `DynamoDB`, `SQS`, or `AWS` for the endpoint of all of them.
        service: &'static str,
        /// The requested port.
        port: u16,
    },
    /// Listening on the requested port or address failed for another reason.
    #[error("cannot listen on port {port} for {service}: {source}")]
    Listen {
        /// `S3`, `DynamoDB`, `SQS`, or `AWS` for the endpoint of all of them.
        service: &'static str,
        /// The requested port.
        port: u16,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A bucket name that S3 does not allow.
    #[error(
        "bucket name `{0}` is not allowed: expected 3 to 63 lower-case letters, digits, dots and hyphens"
    )]
    BucketName(String),
    /// The database file cannot be opened.
    #[error("cannot open database {}: {reason}", path.display())]
    Database {
        /// The SQLite file.
        path: PathBuf,
        /// The error of the database.
        reason: String,
    },
    /// A configured table cannot be created.
    #[error("cannot create table `{table}`: {reason}")]
    Table {
        /// Name of the table, empty if the request has none.
        table: String,
        /// The error of the database.
        reason: String,
    },
}
