use std::borrow::Cow;

use super::boxes::{MAX_ENTRIES, next_box, number};
use super::meta::Meta;
use super::no_image::{CUT, NoImage};
use crate::decode::bytes::Bytes;

/// The image that an AVIF file shows, and its opacity.
#[derive(Debug)]
pub(super) struct Contents<'a> {
    pub(super) color: Item<'a>,
    pub(super) opacity: Option<Item<'a>>,
}

/// A coded image and its properties.
#[derive(Debug, Default)]
pub(super) struct Item<'a> {
    pub(super) data: Cow<'a, [u8]>,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Conversion from brightness and color to RGB, and true if samples use the full range.
    pub(super) matrix: Option<(u16, bool)>,
    /// Number of counterclockwise quarter turns, and then the axis of mirroring.
    pub(super) turns: u8,
    pub(super) mirror: Option<u8>,
}

/// Finds the image in the boxes (ISO/IEC 23008-12).
pub(super) fn contents(file: &[u8]) -> Result<Contents<'_>, NoImage> {
    let mut rest = Bytes::new(file);
    let meta = std::iter::from_fn(|| next_box(&mut rest)).take(MAX_ENTRIES);
    let meta = meta.into_iter().find(|(name, _)| name == b"meta");
    let meta = Meta::read(file, meta.ok_or(CUT)?.1)?;
    let primary = meta.primary().ok_or(CUT)?;
    let color = coded(&meta, primary)?;
    if color.width == 0 || color.height == 0 {
        return Err(NoImage::Broken("its sides are missing"));
    }
    let opacity = match meta.opacity_of(primary)? {
        Some(id) => Some(coded(&meta, id)?),
        None => None,
    };
    Ok(Contents { color, opacity })
}

/// Reads an item that is one image in AV1.
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
    /// Applies a property; `None` if it is cut off.
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
