use std::borrow::Cow;

use super::boxes::{Entry, boxes, count, long, number};
use super::no_image::{CUT, NoImage};
use crate::decode::bytes::Bytes;

/// Maximum number of parts of an image's data: writers use one.
const MAX_EXTENTS: usize = 64;

/// Number of bytes of a property that can tell that an image is an opacity.
const KIND_BYTES: usize = 64;

/// The directory of a file's items. Every list is scanned once for each of the two items that are
/// needed.
pub(super) struct Meta<'a> {
    file: &'a [u8],
    boxes: Vec<Entry<'a>>,
    properties: Vec<Entry<'a>>,
    /// Items, and the positions of their properties.
    uses: Vec<(u32, Vec<usize>)>,
}

impl<'a> Meta<'a> {
    /// Reads the directory with this content.
    pub(super) fn read(file: &'a [u8], content: &'a [u8]) -> Result<Meta<'a>, NoImage> {
        let mut meta = Meta {
            file,
            boxes: boxes(content.get(4..).ok_or(CUT)?)?,
            properties: Vec::new(),
            uses: Vec::new(),
        };
        let lists = boxes(meta.find(b"iprp").ok_or(CUT)?)?;
        let all = lists.iter().find(|(name, _)| name == b"ipco");
        meta.properties = boxes(all.ok_or(CUT)?.1)?;
        for (_, content) in lists.iter().filter(|(name, _)| name == b"ipma").take(2) {
            uses(content, &mut meta.uses)?;
        }
        Ok(meta)
    }

    fn find(&self, name: &[u8; 4]) -> Option<&'a [u8]> {
        let mut boxes = self.boxes.iter();
        boxes.find(|(own, _)| own == name).map(|entry| entry.1)
    }

    /// Returns the item that is shown.
    pub(super) fn primary(&self) -> Option<u32> {
        let mut bytes = Bytes::new(self.find(b"pitm")?);
        let [version, _, _, _] = bytes.array()?;
        number(&mut bytes, if version == 0 { 2 } else { 4 })
    }

    /// Returns the kind of an item.
    pub(super) fn kind(&self, id: u32) -> Result<Option<[u8; 4]>, NoImage> {
        let mut bytes = Bytes::new(self.find(b"iinf").ok_or(CUT)?);
        let [version, _, _, _] = bytes.array().ok_or(CUT)?;
        bytes.take(if version == 0 { 2 } else { 4 }).ok_or(CUT)?;
        let kind = |entry| {
            let mut bytes = Bytes::new(entry);
            let [version, _, _, _] = bytes.array()?;
            let own = number(&mut bytes, if version == 2 { 2 } else { 4 })?;
            let _protection = bytes.take(2)?;
            (own == id).then(|| bytes.array())?
        };
        let entries = boxes(bytes.rest)?;
        Ok(entries.into_iter().find_map(|(_, entry)| kind(entry)))
    }

    /// Returns the item that is the opacity of another. A damaged one is an error and not the same
    /// as none.
    pub(super) fn opacity_of(&self, id: u32) -> Result<Option<u32>, NoImage> {
        let Some(references) = self.find(b"iref") else {
            return Ok(None);
        };
        let mut bytes = Bytes::new(references);
        let [version, _, _, _] = bytes.array().ok_or(CUT)?;
        let size = if version == 0 { 2 } else { 4 };
        let mut opacity = None;
        for (name, content) in boxes(bytes.rest)? {
            if ![*b"auxl", *b"prem"].contains(&name) {
                continue;
            }
            let (from, to) = reference(content, size).ok_or(CUT)?;
            if name == *b"prem" && from == id {
                return Err(NoImage::Unsupported(
                    "AVIF with colors multiplied by their opacity",
                ));
            }
            let is_of = name == *b"auxl" && to.contains(&id);
            if is_of && opacity.is_none() && self.is_opacity(from).ok_or(CUT)? {
                opacity = Some(from);
            }
        }
        Ok(opacity)
    }

    /// True if an auxiliary item is an opacity; `None` if its kind is missing.
    fn is_opacity(&self, id: u32) -> Option<bool> {
        let mut properties = self.properties(id);
        let (_, content) = properties.find(|(name, _)| name == b"auxC")?;
        let kind = &content[..content.len().min(KIND_BYTES)];
        Some(kind.windows(5).any(|part| part == b"alpha") || kind.get(4..)?.starts_with(HEVC_ALPHA))
    }

    /// Returns the properties of an item, in order.
    pub(super) fn properties(&self, id: u32) -> impl Iterator<Item = Entry<'a>> {
        let uses = self.uses.iter().find(|(own, _)| *own == id);
        let places = uses.map(|(_, places)| &places[..]).unwrap_or_default();
        places
            .iter()
            .filter_map(|&place| self.properties.get(place).copied())
    }

    /// Returns the data of an item. Usually it is in one part, and is not copied.
    pub(super) fn data(&self, id: u32) -> Result<Cow<'a, [u8]>, NoImage> {
        let mut bytes = Bytes::new(self.find(b"iloc").ok_or(CUT)?);
        let [version, _, _, _] = bytes.array().ok_or(CUT)?;
        let [sizes, more] = bytes.array().ok_or(CUT)?;
        let sizes = Sizes {
            wide: if version < 2 { 2 } else { 4 },
            has_method: version > 0,
            base: more >> 4,
            index: if version == 0 { 0 } else { more & 15 },
            offset: sizes >> 4,
            length: sizes & 15,
        };
        for _ in 0..count(&mut bytes, sizes.wide)? {
            let (own, place) = self.place(&mut bytes, &sizes).ok_or(CUT)?;
            if own == id {
                return self.parts(&place, &sizes).ok_or(CUT);
            }
        }
        Err(CUT)
    }

    /// Reads the next item and its position.
    fn place(&self, bytes: &mut Bytes<'a>, sizes: &Sizes) -> Option<(u32, Place<'a>)> {
        let own = number(bytes, sizes.wide)?;
        let method = match sizes.has_method {
            true => number(bytes, 2)? & 15,
            false => 0,
        };
        let _reference = bytes.take(2)?;
        let base = long(bytes, sizes.base)?;
        let count = number(bytes, 2)? as usize;
        let size = sizes.index.min(8) + sizes.offset.min(8) + sizes.length.min(8);
        // Several parts of default size would all be the same one.
        if count > MAX_EXTENTS || (size == 0 && count > 1) {
            return None;
        }
        let extents = bytes.take(count * usize::from(size))?;
        let place = Place {
            method,
            base,
            count,
            extents,
        };
        Some((own, place))
    }

    /// Joins the parts of an item; `None` if one is missing.
    fn parts(&self, place: &Place<'a>, sizes: &Sizes) -> Option<Cow<'a, [u8]>> {
        let source = match place.method {
            0 => self.file,
            1 => self.find(b"idat")?,
            _ => return None,
        };
        let mut extents = Bytes::new(place.extents);
        let mut parts = Vec::new();
        for _ in 0..place.count {
            long(&mut extents, sizes.index)?;
            let start = place.base.checked_add(long(&mut extents, sizes.offset)?)?;
            let length = usize::try_from(long(&mut extents, sizes.length)?).ok()?;
            let part = source.get(usize::try_from(start).ok()?..)?;
            parts.push(match length {
                0 => part,
                _ => part.get(..length)?,
            });
        }
        match parts[..] {
            [] => None,
            [part] => Some(Cow::Borrowed(part)),
            _ => {
                let length: usize = parts.iter().map(|part| part.len()).sum();
                // Overlapping parts could make more data than the file has.
                (length <= self.file.len()).then(|| Cow::Owned(parts.concat()))
            }
        }
    }
}

/// The name of opacity in HEVC, which some writers use in AVIF.
const HEVC_ALPHA: &[u8] = b"urn:mpeg:hevc:2015:auxid:1\0";

/// Number of bytes of the numbers in the list of positions.
struct Sizes {
    wide: u8,
    has_method: bool,
    base: u8,
    index: u8,
    offset: u8,
    length: u8,
}

/// The position of an item: in the file (0) or in the directory (1), in parts at offsets from a
/// base.
struct Place<'a> {
    method: u32,
    base: u64,
    count: usize,
    extents: &'a [u8],
}

/// Reads an item and those it refers to.
fn reference(content: &[u8], size: u8) -> Option<(u32, Vec<u32>)> {
    let mut bytes = Bytes::new(content);
    let from = number(&mut bytes, size)?;
    let count = number(&mut bytes, 2)?;
    let to = (0..count).map(|_| number(&mut bytes, size));
    Some((from, to.collect::<Option<_>>()?))
}

/// Adds the items of a list and the positions of their properties.
fn uses(content: &[u8], found: &mut Vec<(u32, Vec<usize>)>) -> Result<(), NoImage> {
    let mut bytes = Bytes::new(content);
    let [version, _, _, flags] = bytes.array().ok_or(CUT)?;
    let size = if flags & 1 == 1 { 2 } else { 1 };
    for _ in 0..count(&mut bytes, 4)? {
        let own = number(&mut bytes, if version == 0 { 2 } else { 4 }).ok_or(CUT)?;
        let indices = bytes.byte().ok_or(CUT)?;
        let indices = bytes.take(usize::from(indices) * usize::from(size));
        let mut indices = Bytes::new(indices.ok_or(CUT)?);
        let mut places = Vec::new();
        while let Some(index) = number(&mut indices, size) {
            // The highest bit means that the property is essential; number 0 means none.
            let index = index & if size == 2 { 0x7FFF } else { 0x7F };
            places.extend((index as usize).checked_sub(1));
        }
        found.push((own, places));
    }
    Ok(())
}
