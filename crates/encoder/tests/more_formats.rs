//! BMP and TIFF: the pixels are those of the same image as PNG, and errors name what is missing or
//! not supported.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Cursor;

use common::made::written;
use common::{ENCODER, golden};
use image::{DynamicImage, Rgb, RgbImage, RgbaImage};
use lookalike_encoder::{ImageError, ImageFormat};
use tiff::encoder::colortype::{self, ColorType};
use tiff::encoder::{Compression, TiffEncoder, TiffValue};
use tiff::tags::Tag;

fn scene(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let wave = ((f64::from(x) / 7.0).sin() * 60.0 + (f64::from(y) / 11.0).cos() * 60.0) + 128.0;
        Rgb([
            wave as u8,
            (x * 255 / width) as u8,
            (y * 255 / height) as u8,
        ])
    })
}

fn png(image: &DynamicImage) -> Vec<u8> {
    written(image, image::ImageFormat::Png)
}

/// Encodes a TIFF with more tags than the encoder writes.
fn tiff_with<C: ColorType>(
    (width, height): (u32, u32),
    samples: &[C::Inner],
    compression: Compression,
    tags: &[(Tag, u16)],
) -> Vec<u8>
where
    [C::Inner]: TiffValue,
{
    let mut file = Vec::new();
    let encoder = TiffEncoder::new(Cursor::new(&mut file)).unwrap();
    let mut encoder = encoder.with_compression(compression);
    let mut image = encoder.new_image::<C>(width, height).unwrap();
    image.rows_per_strip(16).unwrap();
    for (tag, value) in tags {
        image.encoder().write_tag(*tag, *value).unwrap();
    }
    image.write_data(samples).unwrap();
    file
}

fn tiff(image: &RgbImage, tags: &[(Tag, u16)]) -> Vec<u8> {
    tiff_with::<colortype::RGB8>(image.dimensions(), image, Compression::Lzw, tags)
}

#[track_caller]
fn same(file: &[u8], png: &[u8]) {
    let pixels = ENCODER.preprocess(file);
    assert!(pixels == ENCODER.preprocess(png), "{:?}", pixels.err());
}

#[track_caller]
fn corrupt(file: &[u8], words: &str) {
    let error = ENCODER.preprocess(file).unwrap_err();
    assert_eq!(error.code(), "corrupt", "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn bmp_of_all_kinds_is_read() {
    let rgb = scene(101, 67);
    let gray = DynamicImage::ImageRgb8(rgb.clone()).into_luma8();
    let rgba = RgbaImage::from_fn(101, 67, |x, y| {
        let [r, g, b] = rgb.get_pixel(x, y).0;
        image::Rgba([r, g, b, (x * 2) as u8])
    });
    let images: [DynamicImage; 3] = [rgb.into(), gray.into(), rgba.into()];
    for image in images {
        let bmp = written(&image, image::ImageFormat::Bmp);
        let info = lookalike_encoder::inspect(&bmp).unwrap();
        assert_eq!(info.format, ImageFormat::Bmp);
        same(&bmp, &png(&image));
    }
}

#[test]
fn bmp_is_whole_or_refused() {
    let image = DynamicImage::ImageRgb8(scene(101, 67));
    let whole = written(&image, image::ImageFormat::Bmp);
    // The 303 bytes of a row are padded by one byte, which the last row may lack.
    same(&whole[..whole.len() - 1], &png(&image));
    corrupt(&whole[..whole.len() - 2], "66 of its 67 rows");
    corrupt(&whole[..whole.len() / 2], "of its 67 rows are there");
    corrupt(&whole[..20], "within its header");
    let mut flat = whole.clone();
    flat[18..22].fill(0);
    corrupt(&flat, "claims 0x67");
    let mut inside = whole.clone();
    inside[30] = 5;
    let error = ENCODER.preprocess(&inside).unwrap_err();
    assert_eq!(error.code(), "unsupported-format");
    let mut bomb = whole;
    bomb[18..26].fill(0x3F);
    let error = ENCODER.preprocess(&bomb).unwrap_err();
    assert_eq!(error.code(), "too-many-pixels");
}

#[test]
fn tiff_of_all_kinds_is_read() {
    let sides = (101, 67);
    let rgb = scene(sides.0, sides.1);
    let expected = png(&rgb.clone().into());
    for compression in [
        Compression::Uncompressed,
        Compression::Lzw,
        Compression::Deflate(Default::default()),
        Compression::Packbits,
    ] {
        let file = tiff_with::<colortype::RGB8>(sides, &rgb, compression, &[]);
        let info = lookalike_encoder::inspect(&file).unwrap();
        assert_eq!((info.format, info.width), (ImageFormat::Tiff, 101));
        same(&file, &expected);
    }
    let gray = DynamicImage::ImageRgb8(rgb.clone()).into_luma8();
    let file = tiff_with::<colortype::Gray8>(sides, &gray, Compression::Lzw, &[]);
    same(&file, &png(&gray.into()));
    let deep = DynamicImage::ImageRgb8(rgb.clone()).into_rgb16();
    let file = tiff_with::<colortype::RGB16>(sides, &deep, Compression::Lzw, &[]);
    same(&file, &expected);
    let rgba = RgbaImage::from_fn(sides.0, sides.1, |x, y| {
        let [r, g, b] = rgb.get_pixel(x, y).0;
        image::Rgba([r, g, b, (x * 2) as u8])
    });
    let extra = [(Tag::ExtraSamples, 2)];
    let file = tiff_with::<colortype::RGBA8>(sides, &rgba, Compression::Lzw, &extra);
    same(&file, &png(&rgba.into()));
    // Inks of a light without black.
    let inks: Vec<u8> = rgb
        .pixels()
        .flat_map(|p| [255 - p[0], 255 - p[1], 255 - p[2], 0])
        .collect();
    let file = tiff_with::<colortype::CMYK8>(sides, &inks, Compression::Lzw, &[]);
    same(&file, &expected);
}

#[test]
fn tiff_is_turned_upright() {
    let rgb = scene(90, 60);
    let turned = image::imageops::rotate90(&rgb);
    let file = tiff(&rgb, &[(Tag::Orientation, 6)]);
    let upright = ENCODER.embed(&png(&turned.into())).unwrap();
    // It is scaled before it is turned, which rounds differently.
    let cosine = common::cosine(&ENCODER.embed(&file).unwrap(), &upright);
    assert!(cosine > 0.999, "{cosine}");
}

#[test]
fn the_first_of_many_pages_counts() {
    let (first, second) = (scene(80, 60), RgbImage::new(500, 400));
    let mut file = Vec::new();
    let mut encoder = TiffEncoder::new(Cursor::new(&mut file)).unwrap();
    for page in [&first, &second] {
        encoder
            .write_image::<colortype::RGB8>(page.width(), page.height(), page)
            .unwrap();
    }
    same(&file, &png(&first.into()));
}

#[test]
fn tiff_is_whole_or_refused() {
    // The encoder writes the directory last, so the strips are cut out of the middle.
    let rgb = scene(101, 67);
    let file = tiff(&rgb, &[]);
    for kept in [4, 9, 100, file.len() / 2, file.len() - 9] {
        let error = ENCODER.preprocess(&file[..kept]).unwrap_err();
        assert_eq!(error.code(), "corrupt", "{kept}: {error}");
    }
    let mut damaged = file.clone();
    let middle = file.len() / 2;
    damaged[middle..middle + 400].fill(0xFF);
    corrupt(&damaged, "of 67 are there");
    let gray = DynamicImage::ImageRgb8(rgb).into_luma8();
    let plain = plain_tiff((101, 67), &gray);
    same(&plain, &png(&gray.into()));
    for missing in [1, 50] {
        corrupt(
            &plain[..plain.len() - missing],
            "none of its 67 rows is there",
        );
    }
    corrupt(&plain[..plain.len() - 1000], "cannot hold as many");
    // The stated size of the strip is too small, and all its bytes are there.
    let mut short = plain.clone();
    short[8 + 2 + 12 * 7 + 8..][..4].copy_from_slice(&9u32.to_le_bytes());
    assert!(ENCODER.preprocess(&short) == ENCODER.preprocess(&plain));
}

/// Makes a TIFF of gray pixels in one strip, whose directory comes first.
fn plain_tiff((width, height): (u32, u32), pixels: &[u8]) -> Vec<u8> {
    let entries: [(u16, u32); 8] = [
        (256, width),
        (257, height),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8 + 2 + 8 * 12 + 4),
        (278, height),
        (279, width * height),
    ];
    let mut file = b"II*\0\x08\0\0\0\x08\0".to_vec();
    for (tag, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(4u16.to_le_bytes());
        file.extend(1u32.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file.extend(pixels);
    file
}

#[test]
fn unsupported_formats_are_named() {
    let rgb = scene(40, 30);
    let dng = tiff(&rgb, &[(Tag::Unknown(50706), 1)]);
    let preview = tiff(&rgb, &[(Tag::NewSubfileType, 1), (Tag::SubIfd, 8)]);
    let mut cr2 = tiff(&rgb, &[]);
    cr2[8..10].copy_from_slice(b"CR");
    let floats = vec![0.5f32; 40 * 30 * 3];
    let floats =
        tiff_with::<colortype::RGB32Float>((40, 30), &floats, Compression::Uncompressed, &[]);
    for (file, name) in [
        (dng, "camera raw (DNG) is not supported; convert it to JPEG"),
        (preview, "camera raw is not supported"),
        (cr2, "camera raw (CR2) is not supported"),
        (floats, "TIFF with 32 bits a sample is not supported"),
    ] {
        let error = ENCODER.preprocess(&file).unwrap_err();
        assert!(
            matches!(error, ImageError::UnsupportedFormat { .. }),
            "{error}"
        );
        assert!(error.to_string().starts_with(name), "{error}");
        assert_eq!(lookalike_encoder::inspect(&file), Err(error));
    }
    let heic = ENCODER
        .preprocess(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
        .unwrap_err()
        .to_string();
    assert!(
        heic.contains("Settings, Camera, Formats, Most Compatible"),
        "{heic}"
    );
    assert!(
        heic.contains("is not supported; convert it to JPEG"),
        "{heic}"
    );
}

#[test]
fn thumbnails_are_made_of_all_formats() {
    let image = DynamicImage::ImageRgb8(scene(300, 200));
    for file in [
        written(&image, image::ImageFormat::Bmp),
        tiff(image.as_rgb8().unwrap(), &[]),
        golden("lossy-400x301.webp"),
    ] {
        let small = lookalike_encoder::thumbnail(&file, 50).unwrap();
        assert!(small.starts_with(&[0xFF, 0xD8]));
    }
}
