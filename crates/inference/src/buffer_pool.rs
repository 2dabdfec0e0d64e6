//! Keeps the memory of finished results, in each thread, for the results of the next run: a layer
//! overwrites its whole result, so allocating, clearing and freeing memory for each one would be
//! wasted work.

use std::cell::RefCell;
use std::sync::Arc;

use tract_onnx::tract_core::internal::*;

/// Results with fewer values are not kept: searching would cost more than allocating.
const MIN_VALUES: usize = 4096;
/// Maximum number of values that a thread keeps, 8 MB: more than the results of one run of
/// EfficientNet-Lite0, or of the last part of a run of a larger network.
const MAX_VALUES: usize = 2 << 20;

thread_local! {
    static POOL: RefCell<Vec<Tensor>> = const { RefCell::new(Vec::new()) };
}

/// Returns a tensor of this shape with arbitrary values.
pub(crate) fn any_values(shape: &[usize]) -> TractResult<Tensor> {
    let wanted = shape.iter().product::<usize>();
    let pool = POOL.with_borrow_mut(|pool| {
        let place = pool.iter().position(|tensor| tensor.len() == wanted)?;
        Some(pool.remove(place))
    });
    match pool {
        Some(tensor) => tensor.into_shape(shape),
        None => Tensor::zero::<f32>(shape),
    }
}

/// Keeps the memory of a tensor of `f32`, unless it is shared.
pub(crate) fn keep(value: TValue) {
    if value.len() < MIN_VALUES || value.datum_type() != f32::datum_type() {
        return;
    }
    let Ok(tensor) = Arc::try_unwrap(value.into_arc_tensor()) else {
        return;
    };
    if tensor.len() > MAX_VALUES {
        return;
    }
    POOL.with_borrow_mut(|pool| {
        let mut kept: usize = pool.iter().map(Tensor::len).sum();
        // The oldest is dropped first: it may belong to a network that is no longer run.
        while kept + tensor.len() > MAX_VALUES {
            kept -= pool.remove(0).len();
        }
        pool.push(tensor);
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Returns the address of a tensor's values.
    fn place(tensor: &Tensor) -> *const f32 {
        let plain = tensor.try_as_plain_ram().unwrap();
        plain.as_slice::<f32>().unwrap().as_ptr()
    }

    #[test]
    fn kept_memory_is_reused_for_another_shape_of_the_same_size() {
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
    fn shared_memory_is_not_kept() {
        let value = any_values(&[MIN_VALUES]).unwrap().into_tvalue();
        let first = place(&value);
        keep(value.clone());
        assert_ne!(place(&any_values(&[MIN_VALUES]).unwrap()), first);
    }

    #[test]
    fn a_thread_keeps_only_so_much() {
        for _ in 0..10 {
            keep(
                Tensor::zero::<f32>(&[MAX_VALUES / 4])
                    .unwrap()
                    .into_tvalue(),
            );
        }
        let kept: usize = POOL.with_borrow(|pool| pool.iter().map(Tensor::len).sum());
        assert_eq!(kept, MAX_VALUES);
        keep(
            Tensor::zero::<f32>(&[MAX_VALUES + 1])
                .unwrap()
                .into_tvalue(),
        );
        keep(
            Tensor::zero::<f32>(&[MIN_VALUES - 1])
                .unwrap()
                .into_tvalue(),
        );
        keep(Tensor::zero::<i32>(&[MIN_VALUES]).unwrap().into_tvalue());
        let same: usize = POOL.with_borrow(|pool| pool.iter().map(Tensor::len).sum());
        assert_eq!(same, kept);
    }
}
