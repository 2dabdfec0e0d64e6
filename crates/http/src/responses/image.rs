//! The state of a catalog image.

use lookalike_search::{ImageState, ImageView};
use serde::Serialize;
use utoipa::ToSchema;

/// The state of a catalog image.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImageState)]
pub(crate) struct ImageStateResponse {
    /// Key of the object.
    key: String,
    /// `indexed` if searches find it, `pending` or `failed`.
    #[schema(value_type = String, example = "indexed")]
    state: &'static str,
    /// The generation of the index that this is about.
    generation: u64,
    /// The product that it shows; absent while it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<String>,
    /// True if the object is deleted and still in the index; absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    removal: bool,
    /// The reason of a failure as a word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "corrupt")]
    code: Option<String>,
    /// The reason of a failure, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<ImageView> for ImageStateResponse {
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
