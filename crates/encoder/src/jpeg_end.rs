//! Whether a JPEG goes on to its end, and in how many scans. A decoder may fill what is missing with grey
//! and call it a success; an embedding of half a picture would look right and be wrong.

/// Most scans that are decoded. Encoders write ten or so; every scan visits the whole picture, so a small
/// file of many empty scans would keep a decoder busy for hours.
const MAX_SCANS: usize = 100;

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

/// Fails with the reason unless the end-of-image marker follows one to [`MAX_SCANS`] scans. Markers are
/// walked as ITU-T T.81, annex B, lays them out: the end of a thumbnail inside a segment does not count.
pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
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
                scans += usize::from(marker == START_OF_SCAN);
                if scans > MAX_SCANS {
                    return Err(format!("it has more than {MAX_SCANS} scans"));
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
    let start = rest.iter().position(|&byte| byte == 0xFF)?;
    let after = &rest[start..];
    let fill = after.iter().position(|&byte| byte != 0xFF)?;
    *rest = &after[fill + 1..];
    Some(after[fill])
}

#[cfg(test)]
mod tests {
    use super::{MAX_SCANS, check};

    const HEAD: &[u8] = b"\xff\xd8\xff\xe1\0\x06\xff\xd9..";
    const SCAN: &[u8] = b"\xff\xda\0\x02data\xff\0more\xff\xd0data";

    #[test]
    fn the_end_marker_must_follow_a_scan() {
        let complete = |parts: &[&[u8]]| check(&parts.concat()).is_ok();
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
        let with = |scans: usize| [HEAD, &SCAN.repeat(scans), b"\xff\xd9"].concat();
        assert_eq!(check(&with(MAX_SCANS)), Ok(()));
        let error = check(&with(MAX_SCANS + 1)).expect_err("one too many");
        assert!(error.contains("100 scans"), "{error}");
    }
}
