use std::borrow::Cow;

use super::avif_meta::Meta;
use super::bytes::Bytes;

/// Most entries of any list. Images have some ten, those with many tiles have one for each; and what is looked up
/// in a list is looked up in few steps, whatever the file says.
pub(super) const MAX_ENTRIES: usize = 500;

/// The image that an AVIF file shows, and its opacity.
#[derive(Debug)]
pub(super) struct Contents<'a> {
    pub(super) colour: Item<'a>,
    pub(super) opacity: Option<Item<'a>>,
}

/// A coded image and its properties.
#[derive(Debug, Default)]
pub(super) struct Item<'a> {
    pub(super) data: Cow<'a, [u8]>,
    pub(super) width: u32,
    pub(super) height: u32,
    /// The way from brightness and colour to RGB, and whether samples use the full range.
    pub(super) matrix: Option<(u16, bool)>,
    /// Quarter turns against the clock, and then the axis it is mirrored at.
    pub(super) turns: u8,
    pub(super) mirror: Option<u8>,
}

/// Why there is no image to decode.
#[derive(Debug)]
pub(super) enum NoImage {
    /// The file is damaged.
    Broken(&'static str),
    /// The file is of a kind with this name, which is not decoded.
    Unsupported(&'static str),
}

pub(super) const CUT: NoImage = NoImage::Broken("its directory is damaged or cut off");
const TOO_MANY: NoImage = NoImage::Broken("its directory has too many entries");

/// Finds the image in the boxes (ISO/IEC 23008-12).
pub(super) fn contents(file: &[u8]) -> Result<Contents<'_>, NoImage> {
    let mut rest = Bytes::new(file);
    let meta = std::iter::from_fn(|| next_box(&mut rest)).take(MAX_ENTRIES);
    let meta = meta.into_iter().find(|(name, _)| name == b"meta");
    let meta = Meta::read(file, meta.ok_or(CUT)?.1)?;
    let primary = meta.primary().ok_or(CUT)?;
    let colour = coded(&meta, primary)?;
    if colour.width == 0 || colour.height == 0 {
        return Err(NoImage::Broken("its sides are missing"));
    }
    let opacity = match meta.opacity_of(primary)? {
        Some(id) => Some(coded(&meta, id)?),
        None => None,
    };
    Ok(Contents { colour, opacity })
}

/// An item that is one image in AV1.
fn coded<'a>(meta: &Meta<'a>, id: u32) -> Result<Item<'a>, NoImage> {
    match meta.kind(id)? {
        Some(kind) if kind == *b"av01" => {}
        Some(kind) if kind == *b"grid" => {
            return Err(NoImage::Unsupported("AVIF that is made of several images"));
        }
        _ => return Err(NoImage::Broken("it has no image that is shown")),
    }
    let mut item = Item {
        data: meta.data(id)?,
        ..Item::default()
    };
    for (name, content) in meta.properties(id) {
        item.add(&name, content).ok_or(CUT)?;
    }
    Ok(item)
}

impl Item<'_> {
    /// Takes what a property says; `None` when it is cut off.
    fn add(&mut self, name: &[u8; 4], content: &[u8]) -> Option<()> {
        let mut bytes = Bytes::new(content);
        match name {
            b"ispe" => {
                bytes.take(4)?;
                self.width = number(&mut bytes, 4)?;
                self.height = number(&mut bytes, 4)?;
            }
            b"colr" if content.starts_with(b"nclx") => {
                bytes.take(8)?;
                let matrix = number(&mut bytes, 2)? as u16;
                self.matrix = Some((matrix, bytes.byte()? & 0x80 != 0));
            }
            b"irot" => self.turns = bytes.byte()? & 3,
            b"imir" => self.mirror = Some(bytes.byte()? & 1),
            _ => {}
        }
        Some(())
    }
}

/// A box's name and content.
pub(super) type Entry<'a> = ([u8; 4], &'a [u8]);

/// All boxes one after the other, and nothing else, in what is a list of them; the last may be cut off.
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

fn next_box<'a>(bytes: &mut Bytes<'a>) -> Option<Entry<'a>> {
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

/// How many entries a list says that it has.
pub(super) fn count(bytes: &mut Bytes<'_>, size: u8) -> Result<u32, NoImage> {
    let count = number(bytes, size).ok_or(CUT)?;
    match count as usize > MAX_ENTRIES {
        true => Err(TOO_MANY),
        false => Ok(count),
    }
}

/// A number of up to four bytes, the high one first.
pub(super) fn number(bytes: &mut Bytes<'_>, size: u8) -> Option<u32> {
    u32::try_from(long(bytes, size)?).ok()
}

/// A number of up to eight bytes, the high one first.
pub(super) fn long(bytes: &mut Bytes<'_>, size: u8) -> Option<u64> {
    let taken = bytes.take(size.min(8).into())?;
    Some(
        taken
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    )
}
