//! Finding look-alikes.
//!
//! [`Searcher`] embeds a query while the index loads, searches one snapshot, and joins what it found
//! with the products' metadata and links to their images. A query is always embedded with the encoder
//! that made the snapshot: when the index that was loaded turns out to be of another encoder than the
//! one that was guessed, the query is embedded again.
//!
//! | file | what it is about |
//! |---|---|
//! | `query`, `options` | what callers ask for |
//! | `images` | the images of a query, read and within the limits of one request |
//! | `vectors` | from the items of a query to what the index is searched for |
//! | `finding` | what the index finds, and all that narrows it down |
//! | `page`, `cursor` | which of it comes next, in which order |
//! | `work` | all of this, one after the other |
//! | `snapshots` | the index, loaded |
//! | `hydrating`, `answer` | what callers get |

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
