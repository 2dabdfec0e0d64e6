//! Filters, in short form and in JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lookalike_fuzz::filter(bytes));
