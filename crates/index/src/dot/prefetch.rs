//! Prefetching memory before it is needed.

/// Bytes of a cache line, on all supported processors.
const LINE: usize = 64;

/// Prefetches the memory of a slice. This is only a hint; nothing is read.
#[inline(always)]
#[allow(unsafe_code)]
pub(crate) fn prefetch<T>(slice: &[T]) {
    let start = slice.as_ptr().cast::<i8>();
    for offset in (0..size_of_val(slice)).step_by(LINE) {
        let line = start.wrapping_add(offset);
        #[cfg(target_arch = "x86_64")]
        // Safety: a prefetch reads nothing and faults at no address; this one is inside the slice.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line);
        }
        #[cfg(target_arch = "aarch64")]
        // Safety: a prefetch reads nothing and faults at no address; it touches no register or flag.
        unsafe {
            std::arch::asm!("prfm pldl1keep, [{}]", in(reg) line, options(nostack, readonly, preserves_flags));
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let _ = line;
    }
}
