//! Cursors of pages, as text and with the digest repaired.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lookalike_fuzz::cursor(bytes));
