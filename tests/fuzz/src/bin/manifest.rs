//! Manifests, as stored and with the envelope repaired.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lookalike_fuzz::manifest(bytes));
