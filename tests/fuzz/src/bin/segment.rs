//! Segments, with checksums repaired.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: lookalike_fuzz::write_segments(),
    |bytes: &[u8]| lookalike_fuzz::segment(bytes)
);
