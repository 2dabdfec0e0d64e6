//! WebP files.
#![no_main]

use lookalike_encoder::ImageFormat;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lookalike_fuzz::image(ImageFormat::WebP, bytes));
