//! What became of a picture.

use lookalike_search::{ImageState, ImageView};
use serde::Serialize;
use utoipa::ToSchema;

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
