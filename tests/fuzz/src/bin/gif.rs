//! Gif files.
#![no_main]

use lookalike_encoder::PictureFormat;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lookalike_fuzz::image(PictureFormat::Gif, bytes));
