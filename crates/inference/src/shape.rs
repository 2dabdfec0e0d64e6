//! Checks of the shapes of input and output, with advice about those that do not fit.

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::{Factoid, GenericFactoid};
use tract_onnx::tract_hir::internal::DimLike;

use crate::error::LoadError;

/// True if the declared input can be f32 with this shape; open and symbolic sizes fit.
pub(crate) fn takes(declared: &InferenceFact, shape: [usize; 4]) -> bool {
    let kind = declared.datum_type.concretize();
    let rank = declared.shape.rank().concretize();
    kind.is_none_or(|kind| kind == f32::datum_type())
        && rank.is_none_or(|rank| rank == 4)
        && sizes(declared).into_iter().zip(shape).all(fits)
}

fn fits((declared, size): (Option<usize>, usize)) -> bool {
    declared.is_none_or(|declared| declared == size)
}

/// Returns the declared sizes, `None` for open ones.
fn sizes(declared: &InferenceFact) -> Vec<Option<usize>> {
    let fixed = |dimension: &GenericFactoid<TDim>| dimension.concretize()?.to_usize().ok();
    declared.shape.dims().map(fixed).collect()
}

/// Makes the error for an input that does not accept `shape`.
pub(crate) fn refused_input(declared: &InferenceFact, shape: [usize; 4]) -> LoadError {
    LoadError::InputShape {
        expected: shape,
        found: shown(declared),
        advice: advice(declared, shape).to_owned(),
    }
}

/// Returns advice for the most likely cause.
fn advice(declared: &InferenceFact, shape: [usize; 4]) -> &'static str {
    let kind = declared.datum_type.concretize();
    if kind.is_some_and(|kind| kind != f32::datum_type()) {
        return "export the network for f32 pixels that are already normalized";
    }
    let sizes = sizes(declared);
    let [first, second, third, fourth] = sizes.as_slice() else {
        return "export the network for four dimensions: images, channels, height and width";
    };
    if !fits((*first, 1)) {
        return "export the network for one image at a time, or leave their number open";
    }
    let [_, a, b, c] = shape;
    let fits_as = |shape: [usize; 3]| [*second, *third, *fourth].into_iter().zip(shape).all(fits);
    if a == 3 && fits_as([b, c, 3]) {
        return "set `data_format` to channels_last in preprocessor_config.json";
    }
    if c == 3 && fits_as([3, a, b]) {
        return "set `data_format` to channels_first in preprocessor_config.json";
    }
    if fits((*second, 3)) || fits((*fourth, 3)) {
        return "correct `size`, `crop_size` or `data_format` in preprocessor_config.json";
    }
    "export a network that takes three channels, red, green and blue"
}

/// Prints element type and shape, e.g. `f32 [batch, 3, 224, 224]`; `?` for open sizes.
fn shown(declared: &InferenceFact) -> String {
    let kind = declared.datum_type.concretize();
    let kind = kind.map_or_else(|| "?".to_owned(), name);
    let dims = declared.shape.dims();
    let dims = dims.map(|dimension| match dimension.concretize() {
        Some(size) => size.to_string(),
        None => "?".to_owned(),
    });
    format!("{kind} [{}]", dims.collect::<Vec<_>>().join(", "))
}

/// Returns the name in ONNX: tract has a type of its own for whole numbers.
fn name(kind: DatumType) -> String {
    let kind = if kind.is_tdim() { DatumType::I64 } else { kind };
    format!("{kind:?}").to_lowercase()
}

/// Returns `D` of an f32 output `[1, D]`, `[1, D, 1, 1]` or `[1, 1, 1, D]`.
pub(crate) fn dimensions(output: &TypedFact) -> Result<usize, LoadError> {
    let refused = |advice: &str| {
        let dims = output.shape.iter().map(|dimension| dimension.to_string());
        let dims = dims.collect::<Vec<_>>().join(", ");
        Err(LoadError::OutputShape {
            found: format!("{} [{dims}]", name(output.datum_type)),
            advice: advice.to_owned(),
        })
    };
    if output.datum_type != f32::datum_type() {
        return refused("export the network up to its pooled features, which are f32");
    }
    match output.shape.as_concrete() {
        Some([1, 0, ..]) => refused("export a network with features"),
        Some([1, dimensions] | [1, dimensions, 1, 1] | [1, 1, 1, dimensions]) => Ok(*dimensions),
        Some([1, _, _, _]) => refused(
            "these are maps that are not pooled: let the network end in global average pooling",
        ),
        Some([1, _, _]) => refused(
            "these are several vectors for an image: let the network end in one, their mean or the first",
        ),
        _ => refused("export the network up to its pooled features, one vector for an image"),
    }
}
