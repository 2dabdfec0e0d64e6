use std::borrow::Cow;

use super::bytes::Bytes;

/// Most parts that an image's data lies in: writers use one.
const MAX_EXTENTS: usize = 64;

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
    /// More than eight bits a sample.
    pub(super) deep: bool,
    /// Samples of colour for a hundred pixels, beside those of brightness.
    pub(super) chroma: u64,
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

const CUT: NoImage = NoImage::Broken("its directory is damaged or cut off");

/// Finds the image in the boxes (ISO/IEC 23008-12).
pub(super) fn contents(file: &[u8]) -> Result<Contents<'_>, NoImage> {
    let meta = boxes(file).find(|(name, _)| name == b"meta").ok_or(CUT)?.1;
    let meta = Meta {
        file,
        boxes: meta.get(4..).ok_or(CUT)?,
    };
    let primary = meta.primary().ok_or(CUT)?;
    match meta.kind(primary) {
        Some(kind) if kind == *b"av01" => {}
        Some(kind) if kind == *b"grid" => {
            return Err(NoImage::Unsupported("AVIF that is made of several images"));
        }
        _ => return Err(NoImage::Broken("it has no image that is shown")),
    }
    let colour = meta.item(primary).ok_or(CUT)?;
    if colour.width == 0 || colour.height == 0 {
        return Err(NoImage::Broken("its sides are missing"));
    }
    let opacity = meta.opacity_of(primary).and_then(|id| meta.item(id));
    Ok(Contents { colour, opacity })
}

/// Boxes one after the other; the last may be cut off.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut bytes = Bytes::new(bytes);
    std::iter::from_fn(move || {
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
    })
}

/// The directory of a file's items.
struct Meta<'a> {
    file: &'a [u8],
    boxes: &'a [u8],
}

impl<'a> Meta<'a> {
    fn find(&self, name: &[u8; 4]) -> Option<&'a [u8]> {
        boxes(self.boxes)
            .find(|(own, _)| own == name)
            .map(|(_, content)| content)
    }

    /// The item that is shown.
    fn primary(&self) -> Option<u32> {
        let mut bytes = Bytes::new(self.find(b"pitm")?);
        let [version, _, _, _] = bytes.array()?;
        number(&mut bytes, if version == 0 { 2 } else { 4 })
    }

    /// The kind of an item.
    fn kind(&self, id: u32) -> Option<[u8; 4]> {
        let mut bytes = Bytes::new(self.find(b"iinf")?);
        let [version, _, _, _] = bytes.array()?;
        bytes.take(if version == 0 { 2 } else { 4 })?;
        boxes(bytes.rest).find_map(|(_, entry)| {
            let mut bytes = Bytes::new(entry);
            let [version, _, _, _] = bytes.array()?;
            let own = number(&mut bytes, if version == 2 { 2 } else { 4 })?;
            let _protection = bytes.take(2)?;
            (own == id).then(|| bytes.array())?
        })
    }

    /// The item that is the opacity of another.
    fn opacity_of(&self, id: u32) -> Option<u32> {
        let mut bytes = Bytes::new(self.find(b"iref")?);
        let [version, _, _, _] = bytes.array()?;
        let size = if version == 0 { 2 } else { 4 };
        let auxiliary = boxes(bytes.rest).filter(|(name, _)| name == b"auxl");
        auxiliary
            .filter_map(|(_, content)| {
                let mut bytes = Bytes::new(content);
                let from = number(&mut bytes, size)?;
                let count = number(&mut bytes, 2)?;
                let mut to = (0..count).map_while(|_| number(&mut bytes, size));
                to.any(|to| to == id).then_some(from)
            })
            .find(|&from| self.is_opacity(from))
    }

    fn is_opacity(&self, id: u32) -> bool {
        self.properties(id).iter().any(|(name, content)| {
            let kind = content.get(4..).unwrap_or_default();
            name == b"auxC" && kind.windows(5).any(|part| part == b"alpha")
        })
    }

    /// An item with its data and properties.
    fn item(&self, id: u32) -> Option<Item<'a>> {
        let mut item = Item {
            data: self.data(id)?,
            ..Item::default()
        };
        for (name, content) in self.properties(id) {
            let mut bytes = Bytes::new(content);
            match &name {
                b"ispe" => {
                    bytes.take(4)?;
                    item.width = number(&mut bytes, 4)?;
                    item.height = number(&mut bytes, 4)?;
                }
                b"av1C" => {
                    let flags = *content.get(2)?;
                    item.deep = flags & 0x40 != 0;
                    item.chroma = match (flags & 0x10, flags & 0x08, flags & 0x04) {
                        (0x10, _, _) => 0,
                        (_, 0, _) => 200,
                        (_, _, 0) => 100,
                        _ => 50,
                    };
                }
                b"colr" if content.starts_with(b"nclx") => {
                    bytes.take(8)?;
                    let matrix = number(&mut bytes, 2)? as u16;
                    item.matrix = Some((matrix, bytes.byte()? & 0x80 != 0));
                }
                b"irot" => item.turns = bytes.byte()? & 3,
                b"imir" => item.mirror = Some(bytes.byte()? & 1),
                _ => {}
            }
        }
        Some(item)
    }

    /// The properties of an item, in their order.
    fn properties(&self, id: u32) -> Vec<([u8; 4], &'a [u8])> {
        self.listed_properties(id).unwrap_or_default()
    }

    fn listed_properties(&self, id: u32) -> Option<Vec<([u8; 4], &'a [u8])>> {
        let lists = self.find(b"iprp")?;
        let all = boxes(lists).find(|(name, _)| name == b"ipco")?.1;
        let (_, uses) = boxes(lists).find(|(name, _)| name == b"ipma")?;
        let mut bytes = Bytes::new(uses);
        let [version, _, _, flags] = bytes.array()?;
        let count = number(&mut bytes, 4)?;
        let wide = flags & 1 == 1;
        for _ in 0..count {
            let own = number(&mut bytes, if version == 0 { 2 } else { 4 })?;
            let uses = bytes.byte()?;
            let indices = bytes.take(usize::from(uses) * if wide { 2 } else { 1 })?;
            if own != id {
                continue;
            }
            let mut indices = Bytes::new(indices);
            let mut found = Vec::new();
            while let Some(index) = number(&mut indices, if wide { 2 } else { 1 }) {
                // The highest bit says that it is essential.
                let index = index & if wide { 0x7FFF } else { 0x7F };
                let place = (index as usize).checked_sub(1);
                found.extend(place.and_then(|place| boxes(all).nth(place)));
            }
            return Some(found);
        }
        None
    }

    /// The data of an item. Usually it lies in one part, and is not copied. What is cut off is missing.
    fn data(&self, id: u32) -> Option<Cow<'a, [u8]>> {
        let mut bytes = Bytes::new(self.find(b"iloc")?);
        let [version, _, _, _] = bytes.array()?;
        let [sizes, more] = bytes.array()?;
        let (offset, length) = (sizes >> 4, sizes & 15);
        let (base, index) = (more >> 4, if version == 0 { 0 } else { more & 15 });
        let wide = if version < 2 { 2 } else { 4 };
        let count = number(&mut bytes, wide)?;
        for _ in 0..count {
            let own = number(&mut bytes, wide)?;
            let method = match version {
                0 => 0,
                _ => number(&mut bytes, 2)? & 15,
            };
            let _reference = bytes.take(2)?;
            let start = long(&mut bytes, base)?;
            let extents = number(&mut bytes, 2)? as usize;
            let source = match method {
                0 => self.file,
                1 => self.find(b"idat")?,
                _ => return None,
            };
            let mut parts = Vec::new();
            for _ in 0..extents {
                long(&mut bytes, index)?;
                let place = start.checked_add(long(&mut bytes, offset)?)?;
                let size = long(&mut bytes, length)?;
                if own == id {
                    let place = usize::try_from(place).ok()?;
                    let size = usize::try_from(size).ok()?;
                    let part = source.get(place..)?;
                    parts.push(if size == 0 { part } else { part.get(..size)? });
                }
            }
            if own == id {
                return match parts[..] {
                    [part] => Some(Cow::Borrowed(part)),
                    [] => None,
                    _ => {
                        let length: usize = parts.iter().map(|part| part.len()).sum();
                        // Parts that overlap could make more of a file than it has.
                        let few = parts.len() <= MAX_EXTENTS && length <= self.file.len();
                        few.then(|| Cow::Owned(parts.concat()))
                    }
                };
            }
        }
        None
    }
}

/// A number of up to four bytes, the high one first.
fn number(bytes: &mut Bytes<'_>, size: u8) -> Option<u32> {
    u32::try_from(long(bytes, size)?).ok()
}

/// A number of up to eight bytes, the high one first.
fn long(bytes: &mut Bytes<'_>, size: u8) -> Option<u64> {
    let taken = bytes.take(size.min(8).into())?;
    Some(
        taken
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    )
}
