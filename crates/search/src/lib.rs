//! Finds look-alikes.
//!
//! [`Searcher`] embeds a query while the index loads, searches one snapshot, and joins the results with the products'
//! metadata and links to their images. A query is always embedded with the encoder that made the snapshot: if the loaded
//! index is of another encoder than the guessed one, the query is embedded again.
//!
//! Answers are serialized as they are: [`Answer`], [`IndexInfo`], [`ImageView`], [`ProductView`] and what they hold are
//! the JSON of the HTTP interface and of the command line, and their doc comments describe it in the OpenAPI document.
//!
//! | file | contents |
//! |---|---|
//! | `query`, `options`, `limits` | the query, the options of a search, and their limits |
//! | `pipeline` | the steps of one search, in their order |
//! | `images`, `embed` | reads and embeds the images of a query, within the limits of one request |
//! | `vectors`, `vector_math` | turns the items of a query into vectors |
//! | `vector_base` | reads the rows that a search needs from a vector base |
//! | `snapshots` | loads the index and keeps it up to date |
//! | `scope` | everything that narrows a search, and the search of the index |
//! | `job`, `page`, `diversity`, `cursor` | the results of a page, and their order |
//! | `hydrate`, `answer` | joins results with metadata and links |
//! | `lookups`, `index_info`, `image_state`, `export`, `audit` | everything else that callers ask |

#![forbid(unsafe_code)]

mod answer;
mod audit;
mod cursor;
mod diversity;
mod embed;
mod error;
mod export;
mod hydrate;
mod image_state;
mod images;
mod index_info;
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
mod vector_base;
mod vector_base_info;
mod vector_math;
mod vectors;

pub use answer::{
    Answer, FacetValue, FoundProduct, LinkedImage, ProductView, QueryTimings, ScoredImage,
};
pub use audit::separation::{CategorySeparation, MIN_SEPARATED_PRODUCTS, NotSeparable};
pub use audit::{
    AuditError, AuditOptions, AuditReport, AuditedGroup, AuditedImage, AuditedProduct,
    Contradiction, Listed, MisplacedImage, StaleRecord,
};
#[cfg(fuzzing)]
pub use cursor::rewritten_cursor;
pub use error::SearchError;
pub use export::{Exported, Exporter, SimilarProduct};
pub use image_state::{ImageState, ImageView};
pub use index_info::{
    EncoderInfo, FailedImage, FilterableInfo, GenerationInfo, IndexInfo, IndexState, SegmentInfo,
    StandbyInfo,
};
pub use limits::{MAX_FACETS, MAX_FIELDS, MAX_K};
pub use options::{GroupBy, Images, SearchOptions};
pub use query::{BadQuery, MAX_QUERY_ITEMS, MAX_WEIGHT, Query, QueryItem};
pub use searcher::{SearchPorts, SearchSettings, Searcher};
pub use vector_base::Unsupported;
pub use vector_base_info::{VectorBaseInfo, VectorBaseStage};
