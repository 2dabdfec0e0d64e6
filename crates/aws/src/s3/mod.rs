//! The ports over S3: images, index and encoders, and the folder of an export.

pub(crate) mod bucket;
pub(crate) mod encoders;
pub(crate) mod folder;
pub(crate) mod generations;
mod header_text;
pub(crate) mod images;
mod listing;
pub(crate) mod manifests;
mod multipart;
pub(crate) mod reading;
pub(crate) mod segments;
pub(crate) mod url_signer;
pub(crate) mod versioned;

pub use encoders::S3Encoders;
pub use folder::S3Folder;
pub use generations::S3Generations;
pub use images::S3Images;
pub use manifests::S3Manifests;
pub use segments::S3Segments;
pub use url_signer::S3UrlSigner;
pub use versioned::S3Versioned;
