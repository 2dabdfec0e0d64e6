//! The JSON that goes out. Names and types are a contract: other programs rely on them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use lookalike_service::{
    Answer, EncoderInfo, FacetValue, FoundImage, FoundProduct, ImageState, ImageView, IndexInfo,
    IndexState, Match, Metadata, ProductView, QueryTimings, SegmentInfo, SideInfo, UploadLink,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// The products found, best first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchAnswer)]
pub struct SearchReply {
    /// At most `k` products, each once, by falling score; pictures where these are the results, and in another
    /// order where they are to be diverse.
    results: Vec<FoundReply>,
    /// Whether every picture that may be found was compared. A graph, which large catalogs have, finds nearly
    /// all of the best.
    exact: bool,
    /// Only when asked for: how many products have each value of an attribute, the most frequent values first.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<BTreeMap<String, Vec<FacetReply>>>,
    /// `cursor` for the page after this one; not there on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// The index that was searched.
    index: IndexReply,
    /// Where the time went.
    query: QueryReply,
}

/// A product that looks like the query.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundProduct)]
pub(crate) struct FoundReply {
    /// What a customer buys.
    product_id: String,
    /// Cosine similarity of the query and the product's most similar picture, -1 to 1.
    score: f32,
    /// What that means in this catalog; not there while it has too few pictures to tell.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<super::request::MatchSchema>)]
    class: Option<Match>,
    /// The product's most similar picture.
    image: ImageReply,
    /// Only with `images=all`: every picture of the product that is similar enough, best first.
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<Vec<ScoredImageReply>>,
    /// Only with `collapse`: other products with nearly the same picture that are not results for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    collapsed: Option<usize>,
    /// What is known about the product; empty when nothing was imported.
    #[schema(value_type = Object)]
    metadata: Metadata,
}

/// A catalog picture.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Image)]
pub(crate) struct ImageReply {
    /// Key of the object.
    key: String,
    /// A signed link that answers GET with the picture for a while.
    url: String,
}

/// A catalog picture that was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScoredImage)]
pub(crate) struct ScoredImageReply {
    /// Key of the object.
    key: String,
    /// A signed link that answers GET with the picture for a while.
    url: String,
    /// Cosine similarity of the query and the picture, -1 to 1.
    score: f32,
}

/// How often a value occurs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Facet)]
pub(crate) struct FacetReply {
    /// The value.
    value: serde_json::Value,
    /// Products that have it.
    count: u64,
}

/// What became of a catalog picture.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImageState)]
pub(crate) struct ImageStateReply {
    /// Key of the object.
    key: String,
    /// Whether searches find it: `indexed`, `pending` or `failed`.
    #[schema(value_type = String, example = "indexed")]
    state: &'static str,
    /// The generation of the index that was looked at.
    generation: u64,
    /// The product that it shows; not there while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<String>,
    /// Only when the object is gone and waits to be taken out of the index.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    removal: bool,
    /// Why it cannot be indexed, in a word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "corrupt")]
    code: Option<String>,
    /// Why it cannot be indexed, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Which index gave the answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndexState)]
pub(crate) struct IndexReply {
    /// Grows by one with every published change; 0 before the first.
    generation: u64,
    /// Pictures that can be found.
    images: u64,
    /// Distinct products among them.
    products: u64,
    /// Only when the index could not be refreshed and the last good one was used: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<String>,
}

/// Milliseconds spent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueryTimings)]
pub(crate) struct QueryReply {
    /// Picture to embedding; 0 when the embedding was at hand.
    embedding_ms: f64,
    /// Embedding to ranked products.
    search_ms: f64,
}

/// A product with all its pictures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductReply {
    /// What a customer buys.
    product_id: String,
    /// What is known about the product; empty when nothing was imported.
    #[schema(value_type = Object)]
    metadata: Metadata,
    /// Its pictures, by key.
    images: Vec<ImageReply>,
}

/// Where to store a picture.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
pub(crate) struct UploadReply {
    /// PUT the picture's bytes here.
    url: String,
    /// Then search with this key.
    key: String,
    /// Seconds until the link is void.
    expires_in: u64,
    /// Headers that the PUT must carry.
    headers: BTreeMap<String, String>,
}

/// The state of the index in full.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndexInfo)]
pub struct IndexInfoReply {
    /// Counts and generation.
    #[serde(flatten)]
    state: IndexReply,
    /// What embeds the queries, and made the index.
    encoder: EncoderReply,
    /// What the index consists of, oldest first.
    segments: Vec<SegmentReply>,
    /// Pictures that could not be indexed.
    failed: u64,
    /// Only while the encoder is changed: indexes of other encoders that are kept beside this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    side_indexes: Vec<SideIndexReply>,
    /// Only when the service was given another encoder than the index has: that encoder. It is used
    /// once the catalog is indexed with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    configured_encoder: Option<EncoderReply>,
}

/// An index beside the one that is searched.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SideIndex)]
pub(crate) struct SideIndexReply {
    /// `building`, to be searched once it is complete, or `previous`, searched before.
    #[schema(value_type = String, example = "building")]
    role: &'static str,
    /// What made it.
    encoder: EncoderReply,
    /// Rows in its segments, superseded ones included.
    rows: u64,
    /// Size of its segments in bytes.
    bytes: u64,
    /// Whether its encoder can be had; without it, the index is not kept up to date.
    available: bool,
}

/// An encoder.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Encoder)]
pub(crate) struct EncoderReply {
    /// Its name.
    name: String,
    /// SHA-256 of its model and preprocessing, in hexadecimal.
    fingerprint: String,
    /// Length of its vectors.
    dimensions: usize,
}

/// One segment of the index.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Segment)]
pub(crate) struct SegmentReply {
    /// `base` or `delta`.
    #[schema(value_type = String, example = "base")]
    kind: &'static str,
    /// Rows in it, superseded ones included.
    rows: u64,
    /// Size of the object in bytes.
    bytes: u64,
    /// Share of the ten most similar pictures that its graph finds, 0 to 1, as measured when it was built.
    /// Not there without a graph, where every picture is looked at, which finds all; nor of a graph that a
    /// release built which did not measure.
    #[serde(skip_serializing_if = "Option::is_none")]
    recall: Option<f64>,
}

/// Says that the service runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthReply {
    /// Always `ok`.
    #[schema(value_type = String, example = "ok")]
    pub(crate) status: &'static str,
}

impl SearchReply {
    /// Whether an index older than the stored one gave the answer.
    pub(crate) fn is_stale(&self) -> bool {
        self.index.stale.is_some()
    }

    /// A text that is the same for the same answer, whatever time it took, and else most likely another.
    pub(crate) fn digest(&self) -> Option<String> {
        let mut hash = Hashing(Sha256::new());
        let answer = (
            &self.results,
            self.exact,
            &self.facets,
            &self.next_cursor,
            &self.index,
        );
        serde_json::to_writer(&mut hash, &answer).ok()?;
        let digest = hash.0.finalize();
        let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
        Some(digits.collect())
    }
}

/// Takes what is written for what is hashed.
struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl IndexInfoReply {
    /// Whether the state is older than the stored one.
    pub(crate) fn is_stale(&self) -> bool {
        self.state.stale.is_some()
    }
}

impl From<Answer> for SearchReply {
    fn from(answer: Answer) -> Self {
        Self {
            results: answer.results.into_iter().map(FoundReply::from).collect(),
            exact: answer.exact,
            facets: answer.facets.map(|facets| {
                let counted =
                    |values: Vec<FacetValue>| values.into_iter().map(FacetReply::from).collect();
                let facets = facets.into_iter();
                facets
                    .map(|(name, values)| (name, counted(values)))
                    .collect()
            }),
            next_cursor: answer.next_cursor,
            index: answer.index.into(),
            query: answer.timings.into(),
        }
    }
}

impl From<FoundProduct> for FoundReply {
    fn from(found: FoundProduct) -> Self {
        Self {
            product_id: found.product_id,
            score: found.score,
            class: found.class,
            image: ImageReply {
                key: found.image_key,
                url: found.image_url,
            },
            images: found.images.map(|images| {
                let images = images.into_iter();
                images.map(ScoredImageReply::from).collect()
            }),
            collapsed: found.collapsed,
            metadata: found.metadata,
        }
    }
}

impl From<FoundImage> for ScoredImageReply {
    fn from(image: FoundImage) -> Self {
        Self {
            key: image.key,
            url: image.url,
            score: image.score,
        }
    }
}

impl From<FacetValue> for FacetReply {
    fn from(facet: FacetValue) -> Self {
        Self {
            value: facet.value,
            count: facet.count,
        }
    }
}

impl From<ImageView> for ImageStateReply {
    fn from(view: ImageView) -> Self {
        let blank = Self {
            key: view.key,
            state: "pending",
            generation: view.generation,
            product_id: None,
            removal: false,
            code: None,
            reason: None,
        };
        match view.state {
            ImageState::Pending { removal } => Self { removal, ..blank },
            ImageState::Indexed { product_id } => Self {
                state: "indexed",
                product_id: Some(product_id),
                ..blank
            },
            ImageState::Failed {
                product_id,
                code,
                reason,
            } => Self {
                state: "failed",
                product_id: Some(product_id),
                code: Some(code),
                reason: Some(reason),
                ..blank
            },
        }
    }
}

impl From<IndexState> for IndexReply {
    fn from(state: IndexState) -> Self {
        Self {
            generation: state.generation,
            images: state.images,
            products: state.products,
            stale: state.stale,
        }
    }
}

impl From<QueryTimings> for QueryReply {
    fn from(timings: QueryTimings) -> Self {
        let to_microseconds = |milliseconds: f64| (milliseconds * 1000.0).round() / 1000.0;
        Self {
            embedding_ms: to_microseconds(timings.embedding_ms),
            search_ms: to_microseconds(timings.search_ms),
        }
    }
}

impl From<ProductView> for ProductReply {
    fn from(product: ProductView) -> Self {
        let image = |(key, url)| ImageReply { key, url };
        Self {
            product_id: product.product_id,
            metadata: product.metadata,
            images: product.images.into_iter().map(image).collect(),
        }
    }
}

impl From<UploadLink> for UploadReply {
    fn from(link: UploadLink) -> Self {
        Self {
            url: link.url,
            key: link.key,
            expires_in: link.expires_in,
            headers: link.headers,
        }
    }
}

impl From<IndexInfo> for IndexInfoReply {
    fn from(info: IndexInfo) -> Self {
        Self {
            state: info.state.into(),
            encoder: EncoderReply {
                name: info.encoder_name,
                fingerprint: info.fingerprint.to_string(),
                dimensions: info.dimensions,
            },
            segments: info.segments.into_iter().map(SegmentReply::from).collect(),
            failed: info.failed,
            side_indexes: info.sides.into_iter().map(SideIndexReply::from).collect(),
            configured_encoder: info.configured.map(EncoderReply::from),
        }
    }
}

impl From<EncoderInfo> for EncoderReply {
    fn from(encoder: EncoderInfo) -> Self {
        Self {
            name: encoder.name,
            fingerprint: encoder.fingerprint.to_string(),
            dimensions: encoder.dimensions,
        }
    }
}

impl From<SideInfo> for SideIndexReply {
    fn from(side: SideInfo) -> Self {
        Self {
            role: side.role,
            encoder: side.encoder.into(),
            rows: side.rows,
            bytes: side.bytes,
            available: side.available,
        }
    }
}

impl From<SegmentInfo> for SegmentReply {
    fn from(segment: SegmentInfo) -> Self {
        Self {
            kind: segment.kind,
            rows: segment.rows,
            bytes: segment.bytes,
            recall: segment.recall,
        }
    }
}
