//! Complete images are decoded whatever else is wrong with the file; incomplete ones never.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Kind, PLAIN, SCALES, assembled, decode, refusal, segments, whole};
use jpeg_encoder::ColorType;
use lookalike_jpeg::{Error, Header};

const PROGRESSIVE: &[u8] =
    include_bytes!("../../encoder/tests/golden/pictures/progressive-400x533.jpg");

fn kinds() -> Vec<Vec<u8>> {
    let mut files = vec![PROGRESSIVE.to_vec()];
    for (progressive, optimized, restart) in [
        (false, false, 0),
        (false, false, 3),
        (false, true, 0),
        (true, false, 0),
        (true, false, 2),
    ] {
        files.push(
            Kind {
                size: (203, 151),
                progressive,
                optimized,
                restart,
                ..PLAIN
            }
            .file(),
        );
    }
    files
}

#[test]
fn cut_files_are_refused_with_and_without_an_end_marker() {
    for file in kinds() {
        for percent in [5, 30, 50, 75, 90, 97, 99] {
            let cut = &file[..file.len() * percent / 100];
            for end in [&b""[..], b"\xff\xd9", b"\xff\xd9 and more"] {
                let cut = [cut, end].concat();
                for scale in SCALES {
                    assert!(decode(&cut, scale).is_err(), "{percent} % at {scale:?}");
                }
            }
        }
    }
}

/// At the end of a scan, nothing shows that others are missing, except that some bits of the image
/// are.
#[test]
fn progressive_files_cut_behind_a_scan_are_refused() {
    for file in kinds() {
        let parts = segments(&file);
        let scans = parts.iter().filter(|(marker, _)| *marker == 0xDA).count();
        for kept in 1..scans {
            let mut left = kept;
            let before = parts.iter().take_while(|(marker, _)| {
                left -= usize::from(left > 0 && *marker == 0xDA);
                left > 0 || *marker != 0xDA
            });
            let count = before.count() + 1;
            let mut cut = assembled(&parts[..count.min(parts.len())]);
            assert!(decode(&cut, SCALES[3]).is_err(), "{kept} of {scans} scans");
            cut.truncate(cut.len() - 2);
            assert!(decode(&cut, SCALES[3]).is_err(), "{kept} of {scans} scans");
        }
    }
}

/// Downloads that reserve their space first, and broken disks, leave such files.
#[test]
fn zeros_in_the_place_of_data_are_refused() {
    for optimized in [false, true] {
        for size in [(203, 151), (640, 480)] {
            let file = Kind {
                size,
                optimized,
                ..PLAIN
            }
            .file();
            for percent in [20, 50, 70, 90] {
                let from = file.len() * percent / 100;
                let mut tail = file.clone();
                tail[from..].fill(0);
                let mut hole = file.clone();
                hole[from..(from + 600).min(file.len() - 2)].fill(0);
                let ended = [&tail[..file.len() - 2], b"\xff\xd9"].concat();
                for file in [tail, hole, ended] {
                    assert!(
                        decode(&file, SCALES[3]).is_err(),
                        "{size:?} from {percent} %"
                    );
                }
            }
        }
    }
}

/// If a header claimed fewer rows than there are, a part would pass for the whole.
#[test]
fn data_behind_the_last_block_is_refused() {
    let mut parts = segments(&PLAIN.file());
    let scan = parts.last_mut().unwrap();
    assert_eq!(scan.0, 0xDA);
    scan.1.extend([0x55; 10]);
    whole(&assembled(&parts));
    parts.last_mut().unwrap().1.extend([0x55; 30]);
    assert!(refusal(&assembled(&parts)).contains("damaged"));
    let mut parts = segments(&PLAIN.file());
    let frame = parts.iter_mut().find(|part| part.0 == 0xC0).unwrap();
    frame.1[2] = 16;
    assert!(refusal(&assembled(&parts)).contains("damaged"));
}

#[test]
fn errors_state_how_much_was_read() {
    let file = Kind {
        size: (400, 300),
        ..PLAIN
    }
    .file();
    let reason = refusal(&file[..file.len() / 2]);
    assert!(reason.contains("% of the image"), "{reason}");
    let reason = refusal(&PROGRESSIVE[..PROGRESSIVE.len() / 2]);
    assert!(reason.contains("% of scan"), "{reason}");
}

#[test]
fn a_missing_end_and_what_follows_it_do_not_matter() {
    for file in kinds() {
        let expected = whole(&file);
        assert_eq!(file[file.len() - 2..], [0xFF, 0xD9]);
        let body = &file[..file.len() - 2];
        for end in [
            &b""[..],
            b"\xff",
            b"\xff\xff\xff",
            b"\xff\xd9\0\0\0\0",
            b"\xff\xd9\xff\xd8\xff\xe0",
            b"\xff\xd0\xff\xd9",
            b"\xff\xd8\xff\xe0\0\x10JFIF",
            b"\xff\xe1\xff\xff cut",
        ] {
            assert_eq!(whole(&[body, end].concat()), expected, "{end:?}");
        }
    }
}

#[test]
fn standard_tables_may_be_missing() {
    let file = PLAIN.file();
    let mut parts = segments(&file);
    parts.retain(|(marker, _)| *marker != 0xC4);
    assert_eq!(whole(&assembled(&parts)), whole(&file));
}

/// AVI frames and some scanners have these.
#[test]
fn identifiers_may_stand_twice_and_selections_be_odd() {
    let file = PLAIN.file();
    let expected = whole(&file);
    for identifiers in [[0, 0, 0], [1, 1, 1], [1, 2, 2], [7, 8, 9], *b"RGB"] {
        for selection in [
            [0, 63, 0],
            [0, 62, 0],
            [0, 63, 1],
            [1, 63, 0],
            [6, 20, 0x31],
        ] {
            let mut parts = segments(&file);
            for (marker, content) in &mut parts {
                for (place, identifier) in identifiers.into_iter().enumerate() {
                    match *marker {
                        0xC0 => content[6 + 3 * place] = identifier,
                        0xDA => content[1 + 2 * place] = identifier,
                        _ => {}
                    }
                }
                if *marker == 0xDA {
                    content[7..10].copy_from_slice(&selection);
                }
            }
            assert_eq!(whole(&assembled(&parts)), expected, "{identifiers:?}");
        }
    }
}

#[test]
fn restart_markers_have_to_be_there_and_in_order() {
    let file = Kind {
        restart: 2,
        size: (160, 96),
        ..PLAIN
    }
    .file();
    let place = |number: u8| {
        let marker = file
            .windows(2)
            .position(|pair| pair == [0xFF, 0xD0 + number]);
        marker.unwrap()
    };
    let mut wrong = file.clone();
    wrong[place(1) + 1] = 0xD2;
    assert!(
        refusal(&wrong).contains("damaged after"),
        "{}",
        refusal(&wrong)
    );
    let mut missing = file.clone();
    missing.drain(place(1)..place(1) + 2);
    decode(&missing, SCALES[3]).unwrap_err();
}

#[test]
fn fill_bytes_and_padding_between_segments_do_not_matter() {
    let file = PLAIN.file();
    let expected = whole(&file);
    let place = file
        .windows(2)
        .position(|pair| pair == [0xFF, 0xDB])
        .unwrap();
    for padding in [&b"\xff\xff"[..], b"\0\0\0", b"pad"] {
        let (before, behind) = file.split_at(place);
        assert_eq!(whole(&[before, padding, behind].concat()), expected);
    }
}

#[test]
fn other_kinds_are_refused_by_name() {
    let file = PLAIN.file();
    for (marker, name) in [
        (0xC3, "lossless JPEG is not supported"),
        (0xC5, "hierarchical JPEG is not supported"),
        (0xC9, "JPEG with arithmetic coding is not supported"),
        (
            0xCB,
            "lossless JPEG with arithmetic coding is not supported",
        ),
        (0xF7, "JPEG-LS is not supported"),
    ] {
        let mut parts = segments(&file);
        let frame = parts.iter_mut().find(|part| part.0 == 0xC0).unwrap();
        frame.0 = marker;
        assert_eq!(refusal(&assembled(&parts)), name);
    }
    let changed = |place: usize, value: u8| {
        let mut parts = segments(&file);
        let frame = parts.iter_mut().find(|part| part.0 == 0xC0).unwrap();
        frame.1[place] = value;
        Header::read(&assembled(&parts)).err().unwrap()
    };
    assert_eq!(changed(0, 12), Error::Unsupported("12-bit JPEG".to_owned()));
    assert!(
        matches!(changed(5, 2), Error::Unsupported(_)),
        "two components"
    );
    // Three and one blocks do not divide; nor do more than four exist.
    assert!(matches!(
        changed(10, 0x31),
        Error::Unsupported(_) | Error::Corrupt(_)
    ));
    assert!(matches!(changed(7, 0x51), Error::Corrupt(_)));
    assert!(matches!(changed(7, 0x02), Error::Corrupt(_)));
}

#[test]
fn a_repeated_or_missing_component_is_refused() {
    let file = Kind {
        optimized: true,
        ..PLAIN
    }
    .file();
    let parts = segments(&file);
    let scans: Vec<usize> = (0..parts.len()).filter(|&at| parts[at].0 == 0xDA).collect();
    assert_eq!(scans.len(), 3);
    let mut missing = parts.clone();
    missing.truncate(scans[2]);
    assert!(refusal(&assembled(&missing)).contains("1 of its 3 color components"));
    let mut twice = parts.clone();
    twice[scans[1]] = parts[scans[0]].clone();
    assert!(refusal(&assembled(&twice)).contains("twice"));
}

#[test]
fn scans_that_repeat_or_skip_are_refused() {
    let parts = segments(PROGRESSIVE);
    let scans: Vec<usize> = (0..parts.len()).filter(|&at| parts[at].0 == 0xDA).collect();
    let mut repeated = parts.clone();
    repeated.insert(scans[1], parts[scans[0]].clone());
    assert!(refusal(&assembled(&repeated)).contains("out of order"));
    let mut skipped = parts.clone();
    skipped.remove(scans[0]);
    assert!(refusal(&assembled(&skipped)).contains("out of order"));
}

#[test]
fn the_first_exif_segment_counts() {
    let with = |segments: &[&[u8]]| {
        let mut file = vec![0xFF, 0xD8];
        for content in segments {
            file.extend([0xFF, 0xE1]);
            file.extend(((content.len() + 2) as u16).to_be_bytes());
            file.extend(*content);
        }
        [&file, &PLAIN.file()[2..]].concat()
    };
    let file = with(&[b"http://xmp", b"Exif\0\0first", b"Exif\0\0second"]);
    assert_eq!(Header::read(&file).unwrap().exif(), Some(&b"first"[..]));
    let file = with(&[b"Exif\0\0", b"Exif\0\0second"]);
    assert_eq!(Header::read(&file).unwrap().exif(), Some(&b""[..]));
    assert_eq!(Header::read(&with(&[])).unwrap().exif(), None);
}

#[test]
fn colors_follow_from_jfif_then_adobe_then_identifiers() {
    // Stored unconverted: the samples mean what the segments state.
    let file = Kind {
        color: ColorType::Ycbcr,
        sampling: jpeg_encoder::SamplingFactor::F_1_1,
        ..PLAIN
    }
    .file();
    let as_ycbcr = whole(&file);
    let without_jfif = || {
        let mut parts = segments(&file);
        parts.retain(|(marker, _)| !matches!(marker, 0xE0 | 0xEE));
        parts
    };
    assert_eq!(whole(&assembled(&without_jfif())), as_ycbcr);
    let adobe = |transform: u8| {
        let mut parts = without_jfif();
        parts.insert(0, (0xEE, [b"Adobe\0d\0\0\0\0", &[transform][..]].concat()));
        whole(&assembled(&parts))
    };
    assert_eq!(adobe(1), as_ycbcr);
    let as_rgb = adobe(0);
    let samples = (0..48 * 64).flat_map(|at| [0, 1, 2].map(|c| common::wave(at % 64, at / 64, c)));
    let mut pairs = as_rgb.pixels.iter().zip(samples);
    assert!(pairs.all(|(found, stored)| found.abs_diff(stored) <= 6));
}
