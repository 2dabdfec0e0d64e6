use super::no_image::{CUT, NoImage, TOO_MANY};
use crate::decode::bytes::Bytes;

/// Maximum number of entries of any list. Images have about ten, those with many tiles one for
/// each. The limit bounds the time of look-ups, whatever the file contains.
pub(super) const MAX_ENTRIES: usize = 500;

/// A box's name and content.
pub(super) type Entry<'a> = ([u8; 4], &'a [u8]);

/// Splits bytes into boxes, one after the other; the last may be cut off.
pub(super) fn boxes(bytes: &[u8]) -> Result<Vec<Entry<'_>>, NoImage> {
    let mut bytes = Bytes::new(bytes);
    let mut found = Vec::new();
    while !bytes.rest.is_empty() {
        if found.len() == MAX_ENTRIES {
            return Err(TOO_MANY);
        }
        found.push(next_box(&mut bytes).ok_or(CUT)?);
    }
    Ok(found)
}

/// Takes the next box; `None` if the bytes end within its header.
pub(super) fn next_box<'a>(bytes: &mut Bytes<'a>) -> Option<Entry<'a>> {
    let size = u32::from_be_bytes(bytes.array()?);
    let name = bytes.array::<4>()?;
    let content = match size {
        0 => bytes.rest.len(),
        1 => usize::try_from(u64::from_be_bytes(bytes.array()?))
            .ok()?
            .checked_sub(16)?,
        _ => (size as usize).checked_sub(8)?,
    };
    Some((name, bytes.take_up_to(content)))
}

/// Reads the number of entries that a list claims.
pub(super) fn count(bytes: &mut Bytes<'_>, size: u8) -> Result<u32, NoImage> {
    let count = number(bytes, size).ok_or(CUT)?;
    match count as usize > MAX_ENTRIES {
        true => Err(TOO_MANY),
        false => Ok(count),
    }
}

/// Reads a number of up to four bytes, high byte first.
pub(super) fn number(bytes: &mut Bytes<'_>, size: u8) -> Option<u32> {
    u32::try_from(long(bytes, size)?).ok()
}

/// Reads a number of up to eight bytes, high byte first.
pub(super) fn long(bytes: &mut Bytes<'_>, size: u8) -> Option<u64> {
    let taken = bytes.take(size.min(8).into())?;
    Some(
        taken
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    )
}
