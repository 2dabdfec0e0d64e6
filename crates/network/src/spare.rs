//! Memory of results that nobody needs any more, kept by each thread for the results of the next run: a layer
//! writes its whole result anyway, so clearing new memory for it, and asking the system for that memory
//! and giving it back, would be for nothing.

use std::cell::RefCell;
use std::sync::Arc;

use tract_onnx::tract_core::internal::*;

/// Shorter results are not worth the search.
const LEAST: usize = 4096;
/// Values that a thread keeps, 8 MB: more than the results of one run of EfficientNet-Lite0, or of the last part of
/// a run of a larger network.
const MOST: usize = 2 << 20;

thread_local! {
    static SPARE: RefCell<Vec<Tensor>> = const { RefCell::new(Vec::new()) };
}

/// A tensor of this shape with any values.
pub(crate) fn any_values(shape: &[usize]) -> TractResult<Tensor> {
    let wanted = shape.iter().product::<usize>();
    let spare = SPARE.with_borrow_mut(|spare| {
        let place = spare.iter().position(|tensor| tensor.len() == wanted)?;
        Some(spare.remove(place))
    });
    match spare {
        Some(tensor) => tensor.into_shape(shape),
        None => Tensor::zero::<f32>(shape),
    }
}

/// Keeps the memory of a tensor of `f32`, unless others hold it too.
pub(crate) fn keep(value: TValue) {
    if value.len() < LEAST || value.datum_type() != f32::datum_type() {
        return;
    }
    let Ok(tensor) = Arc::try_unwrap(value.into_arc_tensor()) else {
        return;
    };
    if tensor.len() > MOST {
        return;
    }
    SPARE.with_borrow_mut(|spare| {
        let mut kept: usize = spare.iter().map(Tensor::len).sum();
        // What nobody asked for the longest time goes: it may be of another network.
        while kept + tensor.len() > MOST {
            kept -= spare.remove(0).len();
        }
        spare.push(tensor);
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Where the values of a tensor are.
    fn place(tensor: &Tensor) -> *const f32 {
        let plain = tensor.try_as_plain_ram().unwrap();
        plain.as_slice::<f32>().unwrap().as_ptr()
    }

    #[test]
    fn what_was_kept_comes_again_in_another_shape_of_the_same_size() {
        let tensor = any_values(&[2, 4096]).unwrap();
        let first = place(&tensor);
        keep(tensor.into_tvalue());
        assert_ne!(place(&any_values(&[2, 4095]).unwrap()), first);
        let again = any_values(&[64, 128]).unwrap();
        assert_eq!((place(&again), again.shape()), (first, &[64, 128][..]));
        let other = any_values(&[2, 4096]).unwrap();
        assert_ne!(place(&other), first);
    }

    #[test]
    fn what_others_hold_too_is_not_kept() {
        let value = any_values(&[LEAST]).unwrap().into_tvalue();
        let first = place(&value);
        keep(value.clone());
        assert_ne!(place(&any_values(&[LEAST]).unwrap()), first);
    }

    #[test]
    fn a_thread_keeps_only_so_much() {
        for _ in 0..10 {
            keep(Tensor::zero::<f32>(&[MOST / 4]).unwrap().into_tvalue());
        }
        let kept: usize = SPARE.with_borrow(|spare| spare.iter().map(Tensor::len).sum());
        assert_eq!(kept, MOST);
        keep(Tensor::zero::<f32>(&[MOST + 1]).unwrap().into_tvalue());
        keep(Tensor::zero::<f32>(&[LEAST - 1]).unwrap().into_tvalue());
        keep(Tensor::zero::<i32>(&[LEAST]).unwrap().into_tvalue());
        let same: usize = SPARE.with_borrow(|spare| spare.iter().map(Tensor::len).sum());
        assert_eq!(same, kept);
    }
}
