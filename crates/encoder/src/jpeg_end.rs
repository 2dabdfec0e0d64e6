//! Whether a JPEG goes on to its end, and in how many scans. A decoder may fill what is missing with grey
//! and call it a success; an embedding of half a picture would look right and be wrong.

/// Most scans that are decoded. Encoders write ten or so; every scan visits the whole picture, so a small
/// file of many empty scans would keep a decoder busy for hours.
const MAX_SCANS: u64 = 100;
/// So many scans are decoded whatever the size.
const USUAL_SCANS: u64 = 16;
/// Most pixels that all scans visit: beyond the usual ones, large pictures may have fewer than small ones.
const MAX_VISITS: u64 = 640_000_000;

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

/// Fails with the reason unless the end-of-image marker follows at least one scan and no more than a
/// picture of so many pixels may have. Markers are
/// walked as ITU-T T.81, annex B, lays them out: the end of a thumbnail inside a segment does not count.
pub(crate) fn check(bytes: &[u8], pixels: u64) -> Result<(), String> {
    let most = (MAX_VISITS / pixels.max(1)).clamp(USUAL_SCANS, MAX_SCANS);
    let mut rest = bytes;
    let mut scans = 0;
    while let Some(marker) = next_marker(&mut rest) {
        match marker {
            END_OF_IMAGE if scans == 0 => return Err("there is no scan in it".to_owned()),
            END_OF_IMAGE => return Ok(()),
            // Without a length: stuffed zero, temporary, restart, start of image. Codes below the first
            // frame marker are reserved and turn up in damaged scans only.
            0x00..=0xBF | 0xD0..=0xD8 | 0xFF => {}
            _ => {
                scans += u64::from(marker == START_OF_SCAN);
                if scans > most {
                    return Err(format!("it has more than {most} scans"));
                }
                match behind_segment(rest) {
                    Some(behind) => rest = behind,
                    None => break,
                }
            }
        }
    }
    Err("the file ends before the end-of-image marker".to_owned())
}

/// What follows a segment that begins with its own length.
fn behind_segment(rest: &[u8]) -> Option<&[u8]> {
    let length = rest.first_chunk::<2>()?;
    rest.get(usize::from(u16::from_be_bytes(*length))..)
}

/// Steps behind the next marker and returns its code; compressed data and fill bytes are passed over.
fn next_marker(rest: &mut &[u8]) -> Option<u8> {
    let start = memchr::memchr(0xFF, rest)?;
    let after = &rest[start..];
    let fill = after.iter().position(|&byte| byte != 0xFF)?;
    *rest = &after[fill + 1..];
    Some(after[fill])
}

#[cfg(test)]
mod tests {
    use super::{MAX_SCANS, MAX_VISITS, USUAL_SCANS, check};

    const HEAD: &[u8] = b"\xff\xd8\xff\xe1\0\x06\xff\xd9..";
    const SCAN: &[u8] = b"\xff\xda\0\x02data\xff\0more\xff\xd0data";

    #[test]
    fn the_end_marker_must_follow_a_scan() {
        let complete = |parts: &[&[u8]]| check(&parts.concat(), 100).is_ok();
        assert!(complete(&[HEAD, SCAN, b"\xff\xd9"]));
        assert!(complete(&[HEAD, SCAN, b"\xff\xff\xd9 trailing"]));
        assert!(!complete(&[HEAD, SCAN]));
        assert!(!complete(&[HEAD, b"\xff\xd9"]));
        assert!(!complete(&[HEAD]));
        assert!(!complete(&[&HEAD[..7]]));
        assert!(!complete(&[b"\xff\xd8\xff"]));
        assert!(!complete(&[]));
    }

    #[test]
    fn scans_are_counted() {
        let with = |scans: u64| [HEAD, &SCAN.repeat(scans as usize), b"\xff\xd9"].concat();
        for (pixels, most) in [
            (100, MAX_SCANS),
            (MAX_VISITS / 20, 20),
            (MAX_VISITS, USUAL_SCANS),
        ] {
            assert_eq!(check(&with(most), pixels), Ok(()));
            let error = check(&with(most + 1), pixels).expect_err("one too many");
            assert!(error.contains(&format!("{most} scans")), "{error}");
        }
    }
}
