//! Files that are not images, or are too large, are refused with the right error and without
//! effort.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{ENCODER, golden, golden_names};
use lookalike_encoder::{ImageError, ImageFormat, MAX_BYTES, sniff};

fn refused(image: &[u8]) -> ImageError {
    ENCODER.preprocess(image).unwrap_err()
}

#[test]
fn a_file_without_bytes_is_empty() {
    let error = refused(b"");
    assert_eq!(error, ImageError::Empty);
    assert!(
        error
            .to_string()
            .contains("JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF"),
        "{error}"
    );
}

#[test]
fn text_and_other_formats_are_named() {
    for (bytes, name) in [
        (&b"not an image, whatever it is called"[..], "text"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "SVG"),
        (b"%PDF-1.4", "PDF"),
    ] {
        let error = refused(bytes);
        assert_eq!(error.code(), "unsupported-format");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn files_over_the_byte_limit_are_not_looked_at() {
    let mut file = golden("tiny-3x2.png");
    file.resize(MAX_BYTES, 0);
    assert!(ENCODER.preprocess(&file).is_ok());
    file.push(0);
    let limit = MAX_BYTES;
    assert_eq!(
        refused(&file),
        ImageError::TooManyBytes {
            bytes: limit + 1,
            limit
        }
    );
}

/// Makes a PNG with a header for this size and too little data to fill it.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut file = golden("rgb-16-bit-90x120.png");
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = common::png::crc32(&file[12..29]);
    file[29..33].copy_from_slice(&sum.to_be_bytes());
    file
}

#[test]
fn bombs_are_refused_by_their_header() {
    let gif = {
        let mut file = golden("plain-200x133.gif");
        file[6..10].copy_from_slice(&[0xFF; 4]);
        file
    };
    let jpeg = {
        let mut file = golden("baseline-640x480.jpg");
        let frame = file
            .windows(2)
            .position(|pair| pair == [0xFF, 0xC0])
            .unwrap();
        file[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
        file
    };
    for bomb in [
        png_claiming(100_000, 100_000),
        png_claiming(u32::MAX, u32::MAX),
        png_claiming(8_000, 8_001),
        png_claiming(65_536, 1),
        gif,
        jpeg,
    ] {
        let start = Instant::now();
        let error = refused(&bomb);
        assert_eq!(error.code(), "too-many-pixels", "{error}");
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{:?}",
            start.elapsed()
        );
    }
    assert_eq!(
        refused(&png_claiming(100_000, 100_000)),
        ImageError::TooManyPixels {
            width: 100_000,
            height: 100_000,
            limit: 64_000_000
        }
    );
}

/// Rows are converted to eight bits one by one, so sixteen bits a sample take no more memory than
/// eight.
#[test]
fn deep_images_may_have_as_many_pixels() {
    assert_eq!(refused(&png_claiming(7_999, 8_000)).code(), "corrupt");
}

#[test]
fn a_header_that_promises_more_than_the_data_holds_is_corrupt() {
    assert_eq!(refused(&png_claiming(6_500, 6_800)).code(), "corrupt");
    assert_eq!(refused(&png_claiming(0, 120)).code(), "corrupt");
}

#[test]
fn files_are_corrupt_wherever_they_are_cut() {
    for name in golden_names() {
        let file = golden(&name);
        let format = sniff(&file).unwrap();
        for percent in [5, 30, 50, 75, 90] {
            let part = &file[..file.len() * percent / 100];
            match ENCODER.preprocess(part) {
                Err(ImageError::Corrupt { format: found, .. }) => assert_eq!(found, format),
                // The rest of a tiny file may be too short to detect a format.
                Err(ImageError::UnsupportedFormat { .. }) => assert!(part.len() < 12, "{name}"),
                // Only the first frame of an animation is needed.
                Ok(_) if name.starts_with("animated") => {}
                // The end chunk and checksums are most of a small PNG.
                Ok(pixels) if format == ImageFormat::Png => {
                    assert!(Ok(pixels) == ENCODER.preprocess(&file), "{name}");
                }
                other => panic!("{name} cut to {percent} %: {:?}", other.map(|_| "decoded")),
            }
        }
    }
}

/// Every block is present, which is all that counts.
#[test]
fn a_jpeg_without_its_end_marker_is_whole() {
    for name in [
        "baseline-640x480.jpg",
        "progressive-400x533.jpg",
        "cmyk-240x200.jpg",
    ] {
        let file = golden(name);
        let expected = ENCODER.preprocess(&file).unwrap();
        let without = &file[..file.len() - 2];
        assert_eq!(ENCODER.preprocess(without).unwrap(), expected, "{name}");
    }
}

#[test]
fn a_cut_jpeg_is_corrupt_whatever_ends_it() {
    for name in golden_names() {
        let file = golden(&name);
        if sniff(&file) != Some(ImageFormat::Jpeg) {
            continue;
        }
        for percent in [30, 50, 90] {
            let part = &file[..file.len() * percent / 100];
            let error = refused(&[part, &[0xFF, 0xD9]].concat());
            assert_eq!(error.code(), "corrupt", "{name}: {error}");
        }
    }
}

#[test]
fn kinds_of_jpeg_that_are_not_decoded_are_named() {
    let mut file = golden("baseline-640x480.jpg");
    let frame = file.windows(2).position(|pair| pair == [0xFF, 0xC0]);
    file[frame.unwrap() + 1] = 0xC3;
    let error = refused(&file);
    assert_eq!(error.code(), "unsupported-format");
    assert!(
        error
            .to_string()
            .starts_with("lossless JPEG is not supported"),
        "{error}"
    );
}

#[test]
fn codes_are_words_for_programs() {
    let corrupt = ImageError::Corrupt {
        format: ImageFormat::Gif,
        reason: "…".to_owned(),
    };
    assert_eq!(corrupt.code(), "corrupt");
    assert_eq!(ImageError::Inference("…".to_owned()).code(), "network");
}
