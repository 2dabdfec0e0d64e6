use std::cell::RefCell;

use crate::kernels::{CacheLine, LINE};

thread_local! {
    /// Memory that is kept from layer to layer and from image to image: new memory costs a page
    /// fault for each 4 KB.
    static SCRATCH: RefCell<Vec<CacheLine>> = const { RefCell::new(Vec::new()) };
}

/// Lends `values` values of arbitrary content.
pub(super) fn with<R>(values: usize, run: impl FnOnce(&mut [f32]) -> R) -> R {
    SCRATCH.with_borrow_mut(|lines| {
        let needed = values.div_ceil(LINE);
        if lines.len() < needed {
            lines.resize(needed, CacheLine::ZERO);
        }
        let floats: &mut [f32] = bytemuck::cast_slice_mut(lines);
        run(&mut floats[..values])
    })
}
