//! Memory and time of images, counted by the allocator: never more than their header states, and
//! almost nothing if they are refused.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::avif::{Directory, boxed, data, unit, units};
use common::made::{scene, tiff, webp_claiming, written};
use common::png::{chunk, file as png_file, header};
use common::{ENCODER, golden, golden_names};
use image::{DynamicImage, ImageFormat, RgbImage};
use lookalike_encoder::inspect;
use lookalike_test_support::{Cost, CountingAllocator};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Returns the peak of the bytes that `work` allocated.
fn peak(work: impl FnOnce()) -> u64 {
    let ((), cost) = Cost::of(work);
    cost.memory
}

const MEGABYTE: u64 = 1 << 20;

fn within_its_bound(name: &str, file: &[u8]) {
    let info = inspect(file).unwrap();
    let taken = peak(|| drop(ENCODER.embed(file).unwrap()));
    println!(
        "{name}: {:.1} of {:.1} MB, {:.2} bytes a pixel",
        taken as f64 / MEGABYTE as f64,
        info.memory as f64 / MEGABYTE as f64,
        taken as f64 / info.pixels() as f64
    );
    assert!(taken <= info.memory, "{name}: {taken} of {}", info.memory);
}

/// Everything is in one test, because the counters are those of the whole process.
#[test]
fn memory_and_time_are_bounded() {
    ENCODER.embed(&golden("baseline-640x480.jpg")).unwrap();
    for name in golden_names() {
        within_its_bound(&name, &golden(&name));
    }
    for entry in std::fs::read_dir(common::golden_folder().join("../avif")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "avif") {
            within_its_bound(path.to_str().unwrap(), &std::fs::read(&path).unwrap());
        }
    }
    large_images();
    hostile_files();
}

fn large_images() {
    for (width, height) in [(1500, 1000), (20, 16_000), (16_000, 20)] {
        let rgba: DynamicImage = scene(width, height).into();
        let rgb = DynamicImage::ImageRgb8(rgba.to_rgb8());
        for (kind, image) in [("RGB", &rgb), ("RGBA", &rgba)] {
            for format in [
                ImageFormat::Png,
                ImageFormat::Bmp,
                ImageFormat::Gif,
                ImageFormat::WebP,
            ] {
                let name = format!("{kind} {format:?} {width}x{height}");
                within_its_bound(&name, &written(image, format));
            }
        }
        let deep = DynamicImage::ImageRgba16(rgba.to_rgba16());
        within_its_bound("RGBA, 16 bits, PNG", &written(&deep, ImageFormat::Png));
        within_its_bound("TIFF", &tiff(rgb.as_rgb8().unwrap()));
    }
    let (width, height) = (7424, 5800);
    let rows = vec![0; (width as usize * 3 + 1) * height as usize];
    let data = miniz_oxide::deflate::compress_to_vec_zlib(&rows, 1);
    let png = png_file(&[header(width, height), chunk(b"IDAT", &data)]);
    drop(rows);
    within_its_bound("PNG of 43 megapixels", &png);
    let taken = peak(|| drop(ENCODER.embed(&png).unwrap()));
    let pixels = u64::from(width) * u64::from(height);
    assert!(
        taken < pixels * 3 * 13 / 10,
        "{taken} bytes for {pixels} pixels"
    );
}

fn refused(name: &str, file: &[u8]) {
    let (error, cost) = Cost::of(|| {
        let inspected = inspect(file).err();
        inspected.or(ENCODER.preprocess(file).err())
    });
    println!("{name}: {cost:?}, {}", error.unwrap());
    assert!(cost.memory < 64 * MEGABYTE, "{name}: {cost:?}");
    assert!(cost.time < Duration::from_millis(50), "{name}: {cost:?}");
}

fn hostile_files() {
    let idat = |count: usize| chunk(b"IDAT", &vec![0x78; count]);
    let end = chunk(b"IEND", b"");
    for count in [0, 100, 100_000] {
        let png = png_file(&[header(8000, 8000), idat(count), end.clone()]);
        refused(&format!("PNG with {count} bytes of pixels"), &png);
    }
    let many: Vec<_> = std::iter::once(header(8000, 8000))
        .chain(std::iter::repeat_n(chunk(b"tEXt", b"k\0v"), 300_000))
        .chain([idat(9), end.clone()])
        .collect();
    refused("PNG with many chunks", &png_file(&many));
    let screen = [&b"GIF89a\0\x1F\0\x1F\x80\0\0"[..], &[9; 6]].concat();
    let extensions = [0x21, 0xFE, 1, 7, 0].repeat(1_000_000);
    let frame = [
        0x2C, 0, 0, 0, 0, 0, 0x1F, 0, 0x1F, 0, 2, 2, 0x44, 1, 0, 0x3B,
    ];
    refused("GIF", &[&screen[..], &frame].concat());
    refused(
        "GIF with many extensions",
        &[&screen[..], &extensions, &frame].concat(),
    );
    for bytes in [0, 1000, 49_000] {
        refused("WebP", &webp_claiming(7900, 8100, bytes));
    }
    // A lossy image of several parts, of which the second one claims the maximum of its size field.
    let mut data = vec![0x30, 6, 0, 0x9D, 1, 0x2A, 37, 0, 29, 0, 0x3E];
    data.resize(126, 0xEA);
    let parts = [b"RIFF\x8a\0\0\0WEBPVP8 \x7e\0\0\0", &data[..]].concat();
    let told = inspect(&parts).unwrap().memory;
    let (decoded, cost) = Cost::of(|| ENCODER.preprocess(&parts));
    assert!(
        decoded.is_err() && cost.memory <= told,
        "{cost:?} of {told}"
    );
    assert!(
        cost.memory > 8 * MEGABYTE,
        "the decoder reserved what was claimed: {cost:?}"
    );
    let mut bmp = written(&RgbImage::new(8, 8).into(), ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&8000u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&8000u32.to_le_bytes());
    refused("BMP", &bmp);
    bmp[30] = 1;
    refused("BMP with runs", &bmp);
    small_and_deep();
    hostile_avif();
    // Rows per strip, which is one number, and the positions of strips.
    for tag in [0x16, 0x11] {
        let mut many_values = tiff(&RgbImage::new(8, 8));
        let is_entry = |bytes: &[u8]| bytes[..2] == [tag, 1] && matches!(bytes[2], 3 | 4);
        let count = many_values.windows(3).position(is_entry).unwrap() + 4;
        many_values[count..count + 4].copy_from_slice(&2_700_000_u32.to_le_bytes());
        refused("TIFF with many values", &many_values);
    }
    harmless_bombs();
}

/// Much data after damaged data, or outside of the image.
fn small_and_deep() {
    let mut rows = vec![0; 192 << 20];
    // This filter does not exist.
    rows[0] = 9;
    let data = miniz_oxide::deflate::compress_to_vec_zlib(&rows, 1);
    drop(rows);
    let png = png_file(&[header(64, 64), chunk(b"IDAT", &data), chunk(b"IEND", b"")]);
    refused("PNG with much behind its rows", &png);
    let tile = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 65_520 * 16], 6);
    let length = tile.len() as u32;
    for (sides, tile_sides) in [((16, 16_000), (65_520, 16)), ((16, 16), (16, 65_520))] {
        let tiles = common::tiff::Tiles {
            sides,
            tile: tile_sides,
            packing: 8,
            tiles: &vec![(tile.clone(), length); 1000],
            shared: true,
        };
        refused("TIFF with wide tiles", &tiles.file());
    }
}

fn hostile_avif() {
    let folder = common::golden_folder().join("../avif");
    let file = std::fs::read(folder.join("colour-420.avif")).unwrap();
    let parts = units(data(&file));
    let part = |kind| parts.iter().find(|unit| unit.0 == kind).unwrap();
    let (sequence, frame) = (unit(1, &part(1).1), unit(6, &part(6).1));
    let frames = [&sequence[..], &frame.repeat(250)].concat();
    let many = Directory::new((300, 400), &frames, None).file();
    refused("AVIF with many frames", &many);
    // A larger frame than the file states.
    let large = [&sequence[..], &frame].concat();
    refused("AVIF", &Directory::new((16, 16), &large, None).file());
    let mut directory = Directory::new((300, 400), &large, Some(&large));
    let lists = directory.content(b"iprp");
    lists.truncate(lists.windows(4).position(|name| name == b"ipma").unwrap() - 4);
    let count = 400_000u32.to_be_bytes();
    let uses = [&[0; 4], &count[..], &[0, 7, 0].repeat(400_000)].concat();
    lists.extend(boxed(b"ipma", &uses));
    let references = boxed(b"auxl", &[0, 9, 0, 1, 0, 1]).repeat(50_000);
    directory.content(b"iref").extend(references);
    refused("AVIF with long lists", &directory.file());
    let mut directory = Directory::new((300, 400), &large, None);
    let item = [0, 0, 0, 9, 0, 0, 0, 0, 0xFF, 0xFF].repeat(10_000);
    let places = [&[2, 0, 0, 0, 0, 0, 0, 0, 0x27, 0x10][..], &item].concat();
    *directory.content(b"iloc") = places;
    refused("AVIF with parts of no bytes", &directory.file());
}

/// A gigabyte of zeros in a profile or a text of an image that is whole.
fn harmless_bombs() {
    let whole = golden("tiny-3x2.png");
    let mut chunks = common::png::chunks(&whole);
    let zeros = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 64 << 20], 9);
    for (name, head) in [
        (b"iCCP", &b"name\0\0"[..]),
        (b"zTXt", b"key\0\0"),
        (b"iTXt", b"key\0\x01\0\0\0"),
    ] {
        chunks.insert(1, chunk(name, &[head, &zeros[..]].concat()));
    }
    let bomb = png_file(&chunks);
    let taken = peak(|| {
        let pixels = ENCODER.preprocess(&bomb).unwrap();
        assert!(pixels == ENCODER.preprocess(&whole).unwrap());
    });
    assert!(taken < 8 * MEGABYTE, "{taken} bytes");
}
