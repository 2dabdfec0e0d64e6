//! TIFF in tiles: those at the edges have more pixels than the image, and a small file may claim
//! any number.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Cursor;
use std::time::Duration;

use common::ENCODER;
use common::tiff::Tiles;
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use lookalike_encoder::inspect;
use lookalike_test_support::Cost;

fn deflate(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 6)
}

fn told(tile: Vec<u8>) -> (Vec<u8>, u32) {
    let length = tile.len() as u32;
    (tile, length)
}

/// Cuts an image into tiles, padded with white.
fn cut(image: &GrayImage, (wide, high): (u32, u32)) -> Vec<Vec<u8>> {
    let mut tiles = Vec::new();
    for top in (0..image.height()).step_by(high as usize) {
        for left in (0..image.width()).step_by(wide as usize) {
            let pixel = |x, y| image.get_pixel_checked(left + x, top + y);
            let places = (0..high).flat_map(|y| (0..wide).map(move |x| (x, y)));
            tiles.push(
                places
                    .map(|(x, y)| pixel(x, y).map_or(255, |p| p.0[0]))
                    .collect(),
            );
        }
    }
    tiles
}

#[test]
fn tiles_of_any_size_are_put_together() {
    let sides = (101, 67);
    let image = GrayImage::from_fn(sides.0, sides.1, |x, y| Luma([(x * 2 + y) as u8 ^ 9]));
    let mut png = Vec::new();
    let whole = DynamicImage::ImageLuma8(image.clone());
    whole
        .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
        .unwrap();
    let expected = ENCODER.preprocess(&png).unwrap();
    for tile in [(16, 16), (64, 32), (112, 80), (512, 512)] {
        for packing in [1, 8] {
            let tiles = cut(&image, tile).into_iter().map(|tile| match packing {
                1 => told(tile),
                // Some writers state fewer bytes than there are.
                _ => (deflate(&tile), 9),
            });
            let tiles: Vec<_> = tiles.collect();
            let shared = false;
            let file = Tiles {
                sides,
                tile,
                packing,
                tiles: &tiles,
                shared,
            }
            .file();
            let pixels = ENCODER.preprocess(&file);
            assert!(
                pixels.as_ref() == Ok(&expected),
                "{tile:?}: {:?}",
                pixels.err()
            );
        }
    }
}

/// Expects a refusal in little time and with little memory, by inspecting or decoding.
#[track_caller]
fn refused(file: &[u8], words: &str) {
    let (error, cost) = Cost::of(|| inspect(file).err().or(ENCODER.preprocess(file).err()));
    let error = error.unwrap();
    assert_eq!(error.code(), "corrupt", "{error}");
    assert!(error.to_string().contains(words), "{error}");
    assert!(cost.time < Duration::from_millis(200), "{cost:?}");
}

#[test]
fn tiles_far_beyond_the_image_are_not_unpacked() {
    let zeros = deflate(&vec![0; 65_520 * 16]);
    let tiles = vec![told(zeros); 1000];
    for (sides, tile) in [
        ((16, 16_000), (65_520, 16)),
        ((16, 65_520), (1 << 20, 16)),
        ((16, 16), (2048, 2048)),
        ((16, 16), (u32::MAX, u32::MAX)),
        ((16, 16), (0, 16)),
    ] {
        for shared in [false, true] {
            let file = Tiles {
                sides,
                tile,
                packing: 8,
                tiles: &tiles,
                shared,
            }
            .file();
            let code = inspect(&file).unwrap_err().code();
            assert!(["corrupt", "too-many-pixels"].contains(&code));
            if code == "corrupt" {
                refused(&file, "its tiles have");
            }
        }
    }
}

#[test]
fn tiles_do_not_share_the_bytes_of_a_file() {
    // A million bytes that become none, before the pixels.
    let mut tile = vec![0x78, 1];
    tile.extend([0, 0, 0, 0xFF, 0xFF].repeat(200_000));
    tile.extend(&deflate(&[7; 256])[2..]);
    let tiles = vec![told(tile.clone()); 2500];
    let directory = Tiles {
        sides: (800, 800),
        tile: (16, 16),
        packing: 8,
        tiles: &tiles,
        shared: true,
    };
    refused(&directory.file(), "its parts have more bytes than the file");
    let tiles = vec![(tile, 400); 2500];
    let directory = Tiles {
        tiles: &tiles,
        ..directory
    };
    refused(&directory.file(), "none of its 800 rows is there");
}
