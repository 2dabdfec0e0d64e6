//! PNG files that are odd but complete are read like others; those that lack rows are refused.
#![allow(clippy::unwrap_used)]

mod common;

use common::png::{Chunk, chunk, chunks, file};
use common::{ENCODER, golden, golden_names};

fn pngs() -> Vec<(String, Vec<u8>)> {
    let names = golden_names().into_iter();
    let pngs = names.filter(|name| name.ends_with(".png"));
    pngs.map(|name| (name.clone(), golden(&name))).collect()
}

/// Applies a change to the chunks of every golden PNG and expects the same pixels.
#[track_caller]
fn harmless(change: impl Fn(&mut Vec<Chunk>)) {
    for (name, whole) in pngs() {
        let mut chunks = chunks(&whole);
        change(&mut chunks);
        let odd = ENCODER.preprocess(&file(&chunks));
        assert!(odd == ENCODER.preprocess(&whole), "{name}: {:?}", odd.err());
    }
}

/// Applies a change to the bytes of every golden PNG and expects the same pixels.
#[track_caller]
fn harmless_bytes(change: impl Fn(&mut Vec<u8>)) {
    for (name, whole) in pngs() {
        let mut odd = whole.clone();
        change(&mut odd);
        let odd = ENCODER.preprocess(&odd);
        assert!(odd == ENCODER.preprocess(&whole), "{name}: {:?}", odd.err());
    }
}

#[test]
fn the_end_chunk_may_be_missing_or_cut() {
    for missing in [1, 4, 8, 12, 13, 16] {
        harmless_bytes(|file| file.truncate(file.len() - missing));
    }
    harmless_bytes(|file| file.extend(b"<!-- garbage -->".repeat(90)));
}

#[test]
fn checksums_do_not_matter() {
    harmless_bytes(|file| {
        let mut place = 8;
        while place < file.len() {
            let length = u32::from_be_bytes(*file[place..].first_chunk().unwrap()) as usize;
            file[place + 8 + length] ^= 0x5A;
            place += 12 + length;
        }
    });
    // The checksum of the compressed rows: right, wrong or missing.
    harmless(|chunks| {
        let last = chunks
            .iter_mut()
            .rfind(|(name, _)| name == b"IDAT")
            .unwrap();
        let end = last.1.len();
        last.1[end - 1] ^= 1;
    });
    harmless(|chunks| {
        let last = chunks
            .iter_mut()
            .rfind(|(name, _)| name == b"IDAT")
            .unwrap();
        last.1.truncate(last.1.len() - 4);
    });
}

#[test]
fn chunks_beside_the_pixels_may_be_broken() {
    for broken in [
        chunk(b"iCCP", b"name"),
        chunk(b"zTXt", b"key\0\0not compressed"),
        chunk(b"iTXt", &[0xFF; 40]),
        chunk(b"tEXt", b""),
        chunk(b"gAMA", b"\0"),
        chunk(b"pHYs", &[7; 100]),
        chunk(b"acTL", &[0; 3]),
        chunk(b"fcTL", &[0xFF; 26]),
        chunk(b"eXIf", b"no exif"),
        chunk(b"\xFF\0\x01z", b"no letters"),
    ] {
        if broken.0 == b"eXIf" {
            // The palette of the golden file is used if it comes first.
            harmless(|chunks| {
                let data = chunks.iter().position(|(name, _)| name == b"IDAT").unwrap();
                chunks.insert(data, broken.clone());
            });
        } else {
            harmless(|chunks| chunks.insert(1, broken.clone()));
        }
        harmless(|chunks| chunks.push(broken.clone()));
    }
}

#[test]
fn pixels_may_be_cut_into_chunks_in_any_way() {
    harmless(|chunks| {
        let start = chunks.iter().position(|(name, _)| name == b"IDAT").unwrap();
        let data: Vec<u8> = chunks
            .iter()
            .filter(|(name, _)| name == b"IDAT")
            .flat_map(|(_, content)| content.clone())
            .collect();
        chunks.retain(|(name, _)| name != b"IDAT");
        let parts = data.chunks(97).flat_map(|part| {
            [
                chunk(b"IDAT", part),
                chunk(b"tEXt", b"k\0v"),
                chunk(b"IDAT", b""),
            ]
        });
        let tail = chunks.split_off(start);
        chunks.extend(parts);
        chunks.extend(tail);
    });
}

#[test]
fn missing_rows_are_reported() {
    let whole = golden("palette-240x160.png");
    let error = ENCODER.preprocess(&whole[..whole.len() / 2]).unwrap_err();
    assert_eq!(error.code(), "corrupt");
    let text = error.to_string();
    assert!(
        text.contains("rows 0 to ") && text.contains(" of 160 are there"),
        "{text}"
    );
    for (name, whole) in pngs() {
        let mut chunks = chunks(&whole);
        let last = chunks
            .iter_mut()
            .rfind(|(name, _)| name == b"IDAT")
            .unwrap();
        // Beyond the checksum: the rest of the last block of codes.
        let kept = last.1.len().saturating_sub(4 + 6);
        last.1.truncate(kept);
        let error = ENCODER.preprocess(&file(&chunks)).unwrap_err();
        assert_eq!(error.code(), "corrupt", "{name}: {error}");
        assert!(!error.to_string().contains('{'), "{error}");
    }
}

#[test]
fn invalid_headers_are_described() {
    let whole = chunks(&golden("tiny-3x2.png"));
    for (place, value, words) in [
        (8, 3, "3 bits"),
        (9, 1, "color type"),
        (10, 1, "packing"),
        (12, 2, "packing"),
        (3, 0, "claims 0x2"),
    ] {
        let mut chunks = whole.clone();
        chunks[0].1[place] = value;
        let error = ENCODER.preprocess(&file(&chunks)).unwrap_err();
        assert_eq!(error.code(), "corrupt");
        assert!(error.to_string().contains(words), "{error}");
    }
    let error = ENCODER.preprocess(&file(&whole[1..])).unwrap_err();
    assert!(error.to_string().contains("there is no header"), "{error}");
    let mut palette = chunks(&golden("palette-240x160.png"));
    palette.retain(|(name, _)| name != b"PLTE");
    let error = ENCODER.preprocess(&file(&palette)).unwrap_err();
    assert!(error.to_string().contains("palette is missing"), "{error}");
}

#[test]
fn an_unknown_filter_is_refused_and_later_data_is_not_unpacked() {
    let mut rows = vec![0; (64 * 3 + 1) * 64 + (64 << 20)];
    rows[(64 * 3 + 1) * 20] = 9;
    let data = miniz_oxide::deflate::compress_to_vec_zlib(&rows, 1);
    let png = file(&[
        common::png::header(64, 64),
        chunk(b"IDAT", &data),
        chunk(b"IEND", b""),
    ]);
    let error = ENCODER.preprocess(&png).unwrap_err();
    assert_eq!(error.code(), "corrupt");
    assert!(error.to_string().contains("a row is damaged"), "{error}");
}
