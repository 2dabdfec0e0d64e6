//! Marker codes (ITU-T T.81, table B.1), and the segments that begin with them.

use crate::error::Error;

pub(crate) const SOF0: u8 = 0xC0;
pub(crate) const SOF1: u8 = 0xC1;
pub(crate) const SOF2: u8 = 0xC2;
pub(crate) const DHT: u8 = 0xC4;
pub(crate) const RST0: u8 = 0xD0;
pub(crate) const SOI: u8 = 0xD8;
pub(crate) const EOI: u8 = 0xD9;
pub(crate) const SOS: u8 = 0xDA;
pub(crate) const DQT: u8 = 0xDB;
pub(crate) const DRI: u8 = 0xDD;
pub(crate) const APP0: u8 = 0xE0;
pub(crate) const APP1: u8 = 0xE1;
pub(crate) const APP14: u8 = 0xEE;

/// A marker, and the content of its segment without its length. Empty for markers that have no
/// segment.
pub(crate) struct Segment<'a> {
    pub(crate) marker: u8,
    pub(crate) content: &'a [u8],
}

/// Takes the next marker and its segment. `None` if the file ends before another marker.
///
/// Bytes before a marker are skipped, as in libjpeg: some cameras pad segments. So are restart
/// markers, which some encoders write after the last block.
pub(crate) fn next<'a>(rest: &mut &'a [u8]) -> Result<Option<Segment<'a>>, Error> {
    while let Some(marker) = next_marker(rest) {
        match marker {
            // A stuffed zero, a temporary marker, restart markers: no segment follows.
            0x00 | 0x01 | RST0..=0xD7 => {}
            SOI | EOI => {
                let content = &rest[..0];
                return Ok(Some(Segment { marker, content }));
            }
            _ => {
                let content = content(rest).ok_or_else(|| {
                    Error::corrupt("the file ends in its header, before any image data")
                })?;
                return Ok(Some(Segment { marker, content }));
            }
        }
    }
    Ok(None)
}

/// Reads the content of a segment that begins with its own length.
fn content<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, _) = rest.split_first_chunk::<2>()?;
    let (segment, behind) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = behind;
    segment.get(2..)
}

/// Takes the next marker and returns its code. Fill bytes before it do not count.
fn next_marker(rest: &mut &[u8]) -> Option<u8> {
    let start = memchr::memchr(0xFF, rest)?;
    let after = &rest[start..];
    let fill = after.iter().position(|&byte| byte != 0xFF)?;
    *rest = &after[fill + 1..];
    Some(after[fill])
}

/// Reads a number of two bytes at the start.
pub(crate) fn be16(bytes: &[u8]) -> Option<usize> {
    let number = bytes.first_chunk::<2>()?;
    Some(usize::from(u16::from_be_bytes(*number)))
}
