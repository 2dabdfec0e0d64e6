//! WebP files with an odd container are read if their pixels are complete, and only then.
#![allow(clippy::unwrap_used)]

mod common;

use common::{ENCODER, golden, golden_names};

/// Returns names and contents of chunks, without padding.
fn chunks(file: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rest = &file[12..];
    let mut chunks = Vec::new();
    while rest.len() >= 8 {
        let length = u32::from_le_bytes(*rest[4..].first_chunk().unwrap()) as usize;
        chunks.push((rest[..4].to_vec(), rest[8..8 + length].to_vec()));
        rest = rest
            .get(8 + length.next_multiple_of(2)..)
            .unwrap_or_default();
    }
    chunks
}

fn file(chunks: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, content) in chunks {
        body.extend(name);
        body.extend((content.len() as u32).to_le_bytes());
        body.extend(content);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

fn extended(flags: u8, width: u32, height: u32) -> (Vec<u8>, Vec<u8>) {
    let mut content = vec![flags, 0, 0, 0];
    content.extend(&(width - 1).to_le_bytes()[..3]);
    content.extend(&(height - 1).to_le_bytes()[..3]);
    (b"VP8X".to_vec(), content)
}

fn webps() -> Vec<(String, Vec<u8>)> {
    let names = golden_names().into_iter();
    let webps = names.filter(|name| name.ends_with(".webp"));
    webps.map(|name| (name.clone(), golden(&name))).collect()
}

#[track_caller]
fn same(odd: &[u8], whole: &[u8], name: &str) {
    let odd = ENCODER.preprocess(odd);
    assert!(odd == ENCODER.preprocess(whole), "{name}: {:?}", odd.err());
}

#[test]
fn flags_may_announce_missing_parts() {
    for name in ["lossy-400x301.webp", "lossless-150x130.webp"] {
        let whole = golden(name);
        let info = lookalike_encoder::inspect(&whole).unwrap();
        let pixels = chunks(&whole)
            .into_iter()
            .find(|(name, _)| name.starts_with(b"VP8") && name != b"VP8X")
            .unwrap();
        // ICC profile, opacity, EXIF and XMP; and animation.
        for flags in [0x20, 0x10, 0x08, 0x04, 0x3C, 0xFF, 0x02] {
            let odd = file(&[extended(flags, info.width, info.height), pixels.clone()]);
            same(&odd, &whole, name);
            let odd = file(&[extended(flags, 7, 9), pixels.clone()]);
            same(&odd, &whole, name);
        }
        same(&file(std::slice::from_ref(&pixels)), &whole, name);
    }
}

#[test]
fn opacity_counts_where_it_is_there() {
    let whole = golden("lossy-alpha-201x200.webp");
    let mut odd = chunks(&whole);
    assert_eq!(odd[0].0, b"VP8X");
    odd[0].1[0] = 0;
    same(&file(&odd), &whole, "flags");
    odd.remove(0);
    same(&file(&odd), &whole, "none");
}

#[test]
fn the_size_of_the_file_may_be_wrong() {
    for (name, whole) in webps() {
        for size in [0, 4, 100, whole.len() as u32 + 70, u32::MAX] {
            let mut odd = whole.clone();
            odd[4..8].copy_from_slice(&size.to_le_bytes());
            same(&odd, &whole, &name);
        }
        let mut odd = whole.clone();
        odd.extend(b"garbage behind it");
        same(&odd, &whole, &name);
    }
}

#[test]
fn metadata_may_be_broken() {
    for (name, whole) in webps() {
        let mut odd = chunks(&whole);
        odd.push((b"XMP ".to_vec(), vec![0xFF; 33]));
        odd.push((b"EXIF".to_vec(), vec![0xFF; 33]));
        odd.insert(odd.len() / 2, (b"\0\xFFzz".to_vec(), vec![1; 5]));
        same(&file(&odd), &whole, &name);
        // A last chunk that extends beyond the end.
        let mut odd = file(&odd);
        odd.truncate(odd.len() - 20);
        same(&odd, &whole, &name);
    }
}

#[test]
fn cut_pixels_are_refused() {
    for (name, whole) in webps() {
        let chunks = chunks(&whole);
        let place = chunks
            .iter()
            .position(|(name, _)| [&b"VP8 "[..], b"VP8L", b"ANMF"].contains(&&name[..]))
            .unwrap();
        let length = chunks[place].1.len();
        for kept in [10, length / 3, length / 2, length * 9 / 10] {
            let mut odd = chunks[..=place].to_vec();
            odd[place].1.truncate(kept);
            let error = ENCODER.preprocess(&file(&odd)).unwrap_err();
            assert_eq!(error.code(), "corrupt", "{name} to {kept}: {error}");
        }
    }
    let whole = golden("lossy-400x301.webp");
    let text = ENCODER
        .preprocess(&whole[..whole.len() / 2])
        .unwrap_err()
        .to_string();
    assert!(text.contains("bytes of its pixels are there"), "{text}");
}

#[test]
fn a_small_frame_is_shown_on_its_canvas() {
    let pixels = chunks(&golden("lossless-150x130.webp")).remove(0);
    assert_eq!(pixels.0, b"VP8L");
    let mut frame = vec![0; 16];
    (frame[0], frame[3]) = (10, 20);
    let inner = file(&[pixels]);
    frame.extend(&inner[12..]);
    let moving = |width, height| {
        file(&[
            extended(2, width, height),
            (b"ANIM".to_vec(), vec![0; 6]),
            (b"ANMF".to_vec(), frame.clone()),
        ])
    };
    let info = lookalike_encoder::inspect(&moving(300, 200)).unwrap();
    assert_eq!((info.width, info.height), (300, 200));
    // Transparent margins are trimmed like those of a still image.
    let mut canvas = image::RgbaImage::new(300, 200);
    let still = image::load_from_memory(&golden("lossless-150x130.webp")).unwrap();
    image::imageops::replace(&mut canvas, &still.into_rgba8(), 20, 40);
    let mut png = Vec::new();
    let mut target = std::io::Cursor::new(&mut png);
    canvas
        .write_to(&mut target, image::ImageFormat::Png)
        .unwrap();
    same(&moving(300, 200), &png, "on a canvas");
    let error = ENCODER.preprocess(&moving(169, 200)).unwrap_err();
    assert!(error.to_string().contains("beyond its edge"), "{error}");
}
