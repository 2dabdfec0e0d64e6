//! The query in the arguments of `search`.

use anyhow::Result;
use lookalike_core::{Area, Crop};
use lookalike_search::Query;

use crate::args::{QueryArg, SearchArguments};

/// Default weight of subjects that results should be unlike.
const UNLIKE_WEIGHT: f32 = 0.5;

/// Returns the area of an image from `--crop` and `--no-trim`.
pub(crate) fn area(crop: Option<Crop>, no_trim: bool) -> Area {
    Area {
        crop,
        trim: no_trim.then_some(false),
    }
}

/// Returns the query in the arguments.
pub(crate) fn query(arguments: &SearchArguments) -> Result<Query> {
    let area = |crop| area(crop, arguments.no_trim);
    let mut items = Vec::new();
    if let Some(image) = &arguments.image {
        let image = QueryArg::file(image.clone());
        items.push(image.item(area(arguments.crop), 1.0, 1.0)?);
    }
    for like in &arguments.like {
        items.push(like.item(area(None), 1.0, 1.0)?);
    }
    for unlike in &arguments.unlike {
        items.push(unlike.item(area(None), -1.0, UNLIKE_WEIGHT)?);
    }
    Ok(Query::new(items)?)
}
