//! The first frame of a GIF file is shown as in browsers, and refused if it is incomplete.
#![allow(clippy::unwrap_used)]

mod common;

use common::ENCODER;
use image::{ImageFormat, Rgba, RgbaImage};
use weezl::{BitOrder, encode::Encoder};

/// Sides and position of a frame.
#[derive(Clone, Copy)]
struct Place {
    left: u16,
    top: u16,
    width: u16,
    height: u16,
}

const FRAME: Place = Place {
    left: 0,
    top: 0,
    width: 60,
    height: 48,
};

/// Returns the color of a frame's pixel: one of four.
fn number(x: u32, y: u32) -> u8 {
    ((x / 9 + y / 7 + x * y / 90) % 4) as u8
}

const COLORS: [[u8; 3]; 4] = [[250, 20, 30], [20, 200, 40], [10, 30, 220], [0, 0, 0]];

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Makes the header with a screen of this size and the colors.
fn head(width: u16, height: u16) -> Vec<u8> {
    let screen = words(&[width, height]);
    [b"GIF89a", &screen[..], &[0x81, 0, 0], COLORS.as_flattened()].concat()
}

fn blocks(data: &[u8]) -> Vec<u8> {
    let blocks = data
        .chunks(255)
        .map(|block| [&[block.len() as u8], block].concat());
    [blocks.collect::<Vec<_>>().concat(), vec![0]].concat()
}

fn compressed(numbers: &[u8]) -> Vec<u8> {
    Encoder::new(BitOrder::Lsb, 2).encode(numbers).unwrap()
}

fn frame(place: Place) -> Vec<u8> {
    let rows = 0..u32::from(place.height);
    let numbers = rows.flat_map(|y| (0..u32::from(place.width)).map(move |x| number(x, y)));
    let data = compressed(&numbers.collect::<Vec<u8>>());
    let sides = words(&[place.left, place.top, place.width, place.height]);
    [&[0x2C], &sides[..], &[0, 2], &blocks(&data)].concat()
}

/// Returns the expected pixels: the frame on a transparent screen of this size.
fn shown(width: u32, height: u32, place: Place) -> Vec<u8> {
    let mut screen = RgbaImage::new(width, height);
    for y in 0..u32::from(place.height) {
        for x in 0..u32::from(place.width) {
            let [red, green, blue] = COLORS[usize::from(number(x, y))];
            let (x, y) = (x + u32::from(place.left), y + u32::from(place.top));
            screen.put_pixel(x, y, Rgba([red, green, blue, 255]));
        }
    }
    let mut png = Vec::new();
    let mut target = std::io::Cursor::new(&mut png);
    screen.write_to(&mut target, ImageFormat::Png).unwrap();
    png
}

#[track_caller]
fn same(gif: &[u8], png: &[u8]) {
    let gif = ENCODER.preprocess(gif);
    assert!(gif == ENCODER.preprocess(png), "{:?}", gif.err());
}

#[test]
fn the_screen_grows_to_hold_the_frame() {
    for (screen, place, sides) in [
        ((60, 48), FRAME, (60, 48)),
        ((0, 0), FRAME, (60, 48)),
        ((10, 9), FRAME, (60, 48)),
        ((10, 90), FRAME, (60, 90)),
        (
            (100, 90),
            Place {
                left: 20,
                top: 30,
                ..FRAME
            },
            (100, 90),
        ),
        (
            (60, 48),
            Place {
                left: 20,
                top: 30,
                ..FRAME
            },
            (80, 78),
        ),
        (
            (60, 48),
            Place {
                left: 100,
                top: 70,
                ..FRAME
            },
            (160, 118),
        ),
    ] {
        let gif = [head(screen.0, screen.1), frame(place), vec![0x3B]].concat();
        let info = lookalike_encoder::inspect(&gif).unwrap();
        assert_eq!((info.width, info.height), sides);
        same(&gif, &shown(sides.0, sides.1, place));
    }
}

/// Stores pixels like writers without a license for LZW: the table is cleared before each pixel.
fn uncompressed(numbers: &[u8]) -> Vec<u8> {
    const CLEAR: u8 = 4;
    const END: u8 = 5;
    let codes = numbers.iter().flat_map(|&number| [CLEAR, number]);
    let bits = codes
        .chain([END])
        .flat_map(|code| (0..3).map(move |bit| code >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    let byte = |bits: &[u8]| (bits.iter().rev()).fold(0, |byte, bit| byte << 1 | bit);
    bits.chunks(8).map(byte).collect()
}

#[test]
fn a_table_may_be_cleared_before_every_pixel() {
    for (width, height) in [(7, 9), (5, 5), (10, 8), (61, 47)] {
        let place = Place {
            width,
            height,
            ..FRAME
        };
        let rows = 0..u32::from(height);
        let numbers = rows.flat_map(|y| (0..u32::from(width)).map(move |x| number(x, y)));
        let data = uncompressed(&numbers.collect::<Vec<u8>>());
        let sides = words(&[0, 0, width, height]);
        let frame = [&[0x2C], &sides[..], &[0, 2], &blocks(&data)].concat();
        let gif = [head(width, height), frame, vec![0x3B]].concat();
        same(&gif, &shown(width.into(), height.into(), place));
    }
}

#[test]
fn extensions_of_any_kind_are_passed_over() {
    let expected = shown(60, 48, FRAME);
    for extension in [
        [&[0x21, 0x77][..], &blocks(&[7; 700])].concat(),
        [&[0x21, 0xFF][..], &blocks(b"UNKNOWN1.0some data")].concat(),
        vec![0x21, 0x00, 0x00],
        [&[0x21, 0xFE][..], &blocks(b"a comment")].concat(),
        // An extension that is too short to contain the transparent color.
        [&[0x21, 0xF9][..], &blocks(&[1, 0])].concat(),
        // A block that ends twice.
        vec![0],
        [&[0x21, 0x01][..], &blocks(&[0; 12])].concat().repeat(3000),
    ] {
        same(
            &[head(60, 48), extension, frame(FRAME), vec![0x3B]].concat(),
            &expected,
        );
    }
}

#[test]
fn the_end_may_be_missing() {
    let whole = [head(60, 48), frame(FRAME), vec![0x3B]].concat();
    let expected = shown(60, 48, FRAME);
    for missing in [1, 2] {
        same(&whole[..whole.len() - missing], &expected);
    }
    same(&[&whole[..], b"garbage"].concat(), &expected);
    let later = [head(60, 48), frame(FRAME), vec![0x2C, 0, 0]].concat();
    same(&later, &expected);
}

#[test]
fn a_first_frame_that_is_cut_off_is_refused() {
    let whole = [head(60, 48), frame(FRAME), vec![0x3B]].concat();
    for kept in [8, 20, 30, 40, 80, whole.len() / 2, whole.len() - 12] {
        let error = ENCODER.preprocess(&whole[..kept]).unwrap_err();
        assert_eq!(error.code(), "corrupt", "{kept}: {error}");
    }
    let error = ENCODER.preprocess(&whole[..whole.len() - 12]).unwrap_err();
    assert!(error.to_string().contains("of 48 are there"), "{error}");
    // Complete blocks with an end, and too few pixels.
    let data = compressed(&[1; 60 * 40]);
    let sides = words(&[0, 0, 60, 48]);
    let short = [
        &head(60, 48),
        &[0x2C][..],
        &sides,
        &[0, 2],
        &blocks(&data),
        b";",
    ]
    .concat();
    let error = ENCODER.preprocess(&short).unwrap_err();
    assert!(error.to_string().contains("rows 0 to 39 of 48"), "{error}");
    for (file, words) in [
        ([head(60, 48), vec![0x3B]].concat(), "no frame"),
        ([head(60, 48), vec![0x42]].concat(), "unknown kind 66"),
        (
            [head(60, 48), frame(Place { width: 0, ..FRAME })].concat(),
            "0x48",
        ),
    ] {
        let error = ENCODER.preprocess(&file).unwrap_err();
        assert_eq!(error.code(), "corrupt");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn more_pixels_than_the_frame_has_do_not_matter() {
    let rows = (0..60).flat_map(|y| (0..60).map(move |x| number(x, y)));
    let data = compressed(&rows.collect::<Vec<u8>>());
    let sides = words(&[0, 0, 60, 48]);
    let long = [
        &head(60, 48),
        &[0x2C][..],
        &sides,
        &[0, 2],
        &blocks(&data),
        b";",
    ]
    .concat();
    same(&long, &shown(60, 48, FRAME));
}
