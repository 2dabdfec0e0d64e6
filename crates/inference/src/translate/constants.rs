use tract_onnx::tract_core::internal::*;

/// Returns the constant at an input of a node.
pub(super) fn constant(model: &TypedModel, node: &TypedNode, input: usize) -> Option<Arc<Tensor>> {
    let fact = model.outlet_fact(*node.inputs.get(input)?).ok()?;
    fact.konst.clone()
}

/// Returns the numbers of a tensor.
pub(super) fn floats(tensor: &Tensor) -> Option<&[f32]> {
    tensor.as_plain_ram()?.as_slice::<f32>().ok()
}

/// Returns the one value that all numbers of a constant have.
pub(super) fn uniform(tensor: &Tensor) -> Option<f32> {
    let (first, others) = floats(tensor)?.split_first()?;
    others.iter().all(|other| other == first).then_some(*first)
}

/// Returns a number for each channel of an image `[.., channels, height, width]` to which a
/// constant of this shape is broadcast; `[channels]` alone is accepted if `alone` is set.
pub(super) fn per_channel(tensor: &Tensor, channels: usize, alone: bool) -> Option<Vec<f32>> {
    if let Some(value) = uniform(tensor) {
        return Some(vec![value; channels]);
    }
    let shape = tensor.shape();
    let along_channels = match shape {
        [count] => alone && *count == channels,
        [.., count, 1, 1] => *count == channels && tensor.len() == channels,
        _ => false,
    };
    along_channels.then(|| floats(tensor).map(<[f32]>::to_vec))?
}

/// Returns the sizes of an image in a model: channels, height, width; `None` if it is not an image,
/// or several images.
pub(super) fn image(fact: &TypedFact) -> Option<[usize; 3]> {
    if fact.datum_type != f32::datum_type() {
        return None;
    }
    match *fact.shape.as_concrete()? {
        [channels, height, width] | [1, channels, height, width] => {
            let sizes = [channels, height, width];
            sizes.iter().all(|&size| size > 0).then_some(sizes)
        }
        _ => None,
    }
}
