//! Objects as plain files, synchronous: callers leave the async runtime first.
//!
//! A version of an object is identified by the size and modification time of its file. What a file
//! does not contain (ETag of a multipart upload, content type, user metadata, checksums) is in the
//! [`MetadataLog`](metadata_log::MetadataLog) under exactly that stamp *before* the file is renamed
//! into place. A reader opens the file and looks up the stamp of what it opened, so content and
//! description always belong together, even if the process is killed between the two steps. A stamp
//! that the log does not have means that another program wrote the file: its ETag is computed from
//! the content.

mod address;
mod condition;
mod content;
mod error;
mod files;
mod listing;
mod locks;
mod metadata_log;
mod objects;
mod tree;
mod uploads;
mod version;

pub(crate) use address::Address;
pub(crate) use condition::WriteCondition;
pub(crate) use content::{Checks, Content, Draft, Incoming};
pub(crate) use error::StoreError;
pub(crate) use listing::{Entry, Listing, Query};
pub(crate) use objects::{Change, Object, ObjectStore};
pub(crate) use uploads::{PartInfo, UploadInfo, Uploads};
pub(crate) use version::{Attributes, Checksums, Version};
