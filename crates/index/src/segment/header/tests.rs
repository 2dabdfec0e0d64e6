#![allow(clippy::unwrap_used)]
use super::*;

/// Later releases must be able to read it.
#[test]
fn the_stored_form_stays() {
    let header = Header {
        kind: SegmentKind::Base,
        id: SegmentId::from_bytes(std::array::from_fn(|i| 0x10 + i as u8)),
        fingerprint: Fingerprint(std::array::from_fn(|i| 0x20 + i as u8)),
        dimensions: 0x0140,
        rows: 0x41,
        nodes: 0x42,
        layers: 0x43,
        basis: Basis::Rotated,
        ef: 0x4544,
        recall: Some(Recall {
            found: 0x46,
            expected: 0x47,
        }),
        meta_bytes: 0x48_00,
        total_bytes: 0x49_00_00,
        meta_checksum: 0x4a << 56,
        body_checksum: 0x4b,
    };
    let stored = [
        &b"lookseg\0\x02\0\0\0\x01\0\x44\x45"[..],
        b"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f",
        b" !\"#$%&'()*+,-./0123456789:;<=>?",
        b"\x40\x01\0\0\x41\0\0\0\x42\0\0\0\x43\0\0\0",
        b"\0\x48\0\0\0\0\0\0\0\0\x49\0\0\0\0\0",
        b"\0\0\0\0\0\0\0\x4a\x4b\0\0\0\0\0\0\0",
        b"\x46\0\0\0\x47\0\0\0",
    ]
    .concat();
    let checksum = XxHash3_64::oneshot(&stored).to_le_bytes();
    let stored = [&stored[..], &checksum].concat();
    assert_eq!(header.encode()[..], stored[..]);
    assert_eq!(Header::decode(&stored), Ok(header));
}

/// A walk with so few candidates would end before it has the ten best, and every search would scan
/// all nodes.
#[test]
fn too_few_candidates_are_refused() {
    let header = |ef| Header { ef, ..empty() };
    for good in [0, 10, 48, u16::MAX] {
        assert_eq!(Header::decode(&header(good).encode()), Ok(header(good)));
    }
    for bad in 1..10 {
        refused(&header(bad));
    }
}

/// Writers that change attributes compute where a vector is from the end of the meta, and would read a part of it and of
/// the next one.
#[test]
fn a_body_that_is_not_aligned_is_refused() {
    let header = |meta_bytes| Header {
        meta_bytes,
        total_bytes: 1000,
        ..empty()
    };
    for good in [128, 192, 960] {
        assert_eq!(Header::decode(&header(good).encode()), Ok(header(good)));
    }
    for bad in [129, 132, 136, 191, 1000] {
        refused(&header(bad));
    }
}

fn empty() -> Header {
    Header {
        kind: SegmentKind::Base,
        id: SegmentId::new(1, 1),
        fingerprint: Fingerprint([1; 32]),
        dimensions: 3,
        rows: 0,
        nodes: 0,
        layers: 0,
        basis: Basis::Rotated,
        ef: 0,
        recall: None,
        meta_bytes: 128,
        total_bytes: 128,
        meta_checksum: 0,
        body_checksum: 0,
    }
}

fn refused(header: &Header) {
    let read = Header::decode(&header.encode());
    assert!(
        matches!(read, Err(IndexError::Malformed { .. })),
        "{read:?}"
    );
}
