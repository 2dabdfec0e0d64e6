//! Events of changed objects and products, and dead letters.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lookalike_fuzz::events(bytes));
