//! The names of the environment variables.

/// Names the bucket with the images.
pub const CATALOG_BUCKET: &str = "LOOKALIKE_CATALOG_BUCKET";
/// Names the bucket with the index.
pub const INDEX_BUCKET: &str = "LOOKALIKE_INDEX_BUCKET";
/// Says where in its bucket the index lives.
pub const INDEX_PREFIX: &str = "LOOKALIKE_INDEX_PREFIX";
/// Names the DynamoDB table.
pub const TABLE: &str = "LOOKALIKE_TABLE";
/// Names the SQS queue of changes.
pub const QUEUE_URL: &str = "LOOKALIKE_QUEUE_URL";
/// Names the SQS queue of changes that came back.
pub const RETRY_QUEUE_URL: &str = "LOOKALIKE_RETRY_QUEUE_URL";
/// Says how long an invocation of the indexer may take.
pub const INDEXER_SECONDS: &str = "LOOKALIKE_INDEXER_SECONDS";
/// Names the directory or S3 prefix of the encoder's model.
pub const ENCODER: &str = "LOOKALIKE_ENCODER";
/// Lists the attributes that searches can be filtered by.
pub const FILTERABLE: &str = "LOOKALIKE_FILTERABLE";
/// Says how old a snapshot may be.
pub const REFRESH_SECONDS: &str = "LOOKALIKE_REFRESH_SECONDS";
/// Lists the origins that browsers may call from.
pub const CORS_ORIGINS: &str = "LOOKALIKE_CORS_ORIGINS";
/// Says how long caches may keep answers.
pub const CACHE_SECONDS: &str = "LOOKALIKE_CACHE_SECONDS";
/// Says who may call.
pub const AUTHORIZATION: &str = "LOOKALIKE_AUTHORIZATION";
/// Says how long a catalog audit may take.
pub const AUDIT_SECONDS: &str = "LOOKALIKE_AUDIT_SECONDS";
/// Holds the value that a content delivery network adds to each request.
pub const ORIGIN_SECRET: &str = "LOOKALIKE_ORIGIN_SECRET";
/// Says whether everybody may see which images failed.
pub const PUBLIC_FAILURES: &str = "LOOKALIKE_PUBLIC_FAILURES";
/// Turns detailed logging on.
pub const TRACE: &str = "LOOKALIKE_TRACE";
