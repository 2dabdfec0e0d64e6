#![allow(clippy::unwrap_used)]
use super::*;

/// Makes bytes from zeros and ones, padded with zeros.
fn bytes(parts: &[&str]) -> Vec<u8> {
    let bits: Vec<u8> = parts.concat().bytes().filter(|bit| *bit != b' ').collect();
    let byte =
        |bits: &[u8]| (0..8).fold(0, |sum, n| sum << 1 | u8::from(bits.get(n) == Some(&b'1')));
    bits.chunks(8).map(byte).collect()
}

/// The bits after the operating points: 17x9 pixels, no frame numbers, no order, choices for each
/// frame, an upscaled frame, 12 bits with half of the colors across, and noise.
const REST: &str = "0100 0011 10000 1000 0 111 0000 0 1 1 100 1 1 0 0 0 1 0 0 1";

#[test]
fn a_header_of_an_animation_is_read() {
    // A header that libaom writes for an animation.
    let header = bytes(&[
        "0000000000000000000000000000110001000111111111111111111001101101011111001000100000001000011010000011010000100000",
    ]);
    let sequence = Sequence::read(&header).unwrap();
    assert_eq!(
        (sequence.bits, sequence.chroma, sequence.copies),
        (8, 50, 1)
    );
    let kind = |header| sequence.frame(&bytes(&[header])).unwrap();
    assert_eq!(kind("0001 0 0 0 0"), FrameKind::Still);
    assert_eq!(kind("0001 0 0 1 0"), FrameKind::Resized);
    assert_eq!(kind("0001 0 1 0 1"), FrameKind::Resized);
    for other in ["0000 0000", "0011 0000", "1000 1000"] {
        assert_eq!(kind(other), FrameKind::Other);
    }
}

#[test]
fn times_and_points_are_stepped_over() {
    let number = "0".repeat(32);
    let times = [
        "1",
        &number,
        &number,
        "1 00101",
        "1 00011",
        &number,
        "00000 00101",
    ]
    .concat();
    let uneven = times.replacen("1 00101", "0", 1);
    // Two points: one of a high level with delays of four bits, one of a low level without.
    let points = "1 00001 000000000000 01000 1 1 0000 0000 0 1 1111 000000000000 00000 0 0";
    for (times, bits) in [(&times, 0), (&uneven, 6)] {
        let header = bytes(&["010 0 0", times, points, REST]);
        let sequence = Sequence::read(&header).unwrap();
        let found = (
            sequence.width,
            sequence.height,
            sequence.bits,
            sequence.chroma,
        );
        assert_eq!(found, (17, 9, 12, 100));
        assert_eq!((sequence.copies, sequence.frames.time_bits), (3, bits));
        assert_eq!(Sequence::read(&header[..header.len() - 1]), None);
    }
    let short = bytes(&["010 0 0", "0 0 00000 000000000000 00000", REST]);
    assert_eq!(Sequence::read(&short).unwrap().width, 17);
}

#[test]
fn no_other_profile_is_read() {
    assert_eq!(Sequence::read(&[0b0111_1000; 40]), None);
    assert_eq!(Sequence::read(&[]), None);
}
