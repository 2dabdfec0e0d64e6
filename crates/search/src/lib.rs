//! Finds look-alikes.
//!
//! [`Searcher`] embeds a query while the index loads, searches one snapshot, and joins what it found
//! with the products' metadata and links to their images. A query is always embedded with the encoder
//! that made the snapshot: when the index that was loaded turns out to be of another encoder than the
//! one that was guessed, the query is embedded again.
//!
//! | file | contents |
//! |---|---|
//! | `query`, `options`, `limits` | what callers ask for, and how much of it |
//! | `pipeline` | the steps of one search, in their order |
//! | `images` | reads the images of a query, within the limits of one request |
//! | `vectors` | turns the items of a query into vectors |
//! | `snapshots` | loads the index and keeps it up to date |
//! | `scope` | everything that narrows a search, and the search of the index |
//! | `job`, `page`, `cursor` | which results are on the page, in which order |
//! | `hydrate`, `answer` | joins results with metadata and links |
//! | `lookups`, `image_state`, `export`, `audit` | everything else that callers ask |

#![forbid(unsafe_code)]

mod answer;
mod audit;
mod cursor;
mod error;
mod export;
mod hydrate;
mod image_state;
mod images;
mod job;
mod limits;
mod lookups;
mod options;
mod page;
mod pipeline;
mod query;
mod run_blocking;
mod scope;
mod searcher;
mod snapshots;
mod vectors;

pub use answer::{
    Answer, EncoderInfo, FacetValue, FilterableInfo, FoundImage, FoundProduct, GenerationInfo,
    IndexInfo, IndexState, ProductView, QueryTimings, SegmentInfo, StandbyInfo,
};
pub use audit::{
    AuditError, AuditOptions, AuditReport, AuditedGroup, AuditedImage, Contradiction, Listed,
    MisplacedImage, StaleRecord,
};
pub use error::SearchError;
pub use export::{Exported, Exporter, SimilarProduct};
pub use image_state::{ImageState, ImageView};
pub use limits::{MAX_FACETS, MAX_FIELDS, MAX_K};
pub use options::{GroupBy, Images, SearchOptions};
pub use query::{BadQuery, MAX_QUERY_ITEMS, MAX_WEIGHT, Query, QueryItem};
pub use searcher::{SearchPorts, SearchSettings, Searcher};
