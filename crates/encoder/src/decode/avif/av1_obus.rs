use super::av1_sequence::{FrameKind, Sequence};
use super::no_image::NoImage;
use crate::decode::bytes::Bytes;

/// Maximum number of units of an image: at most one frame unit for each of its tiles, and units
/// that are skipped.
const MAX_UNITS: usize = 4200;

/// Kinds of units (AV1, 6.2.2).
mod kind {
    pub(super) const SEQUENCE: u8 = 1;
    pub(super) const FRAME_HEADER: u8 = 3;
    pub(super) const TILES: u8 = 4;
    pub(super) const FRAME: u8 = 6;
    pub(super) const REPEATED_HEADER: u8 = 7;
    pub(super) const TILE_LIST: u8 = 8;
}

const CUT: NoImage = NoImage::Broken("its frame is damaged or ends early");
const SEVERAL: NoImage = NoImage::Unsupported("AVIF with several frames");

/// A still image in units of AV1.
#[derive(Debug)]
pub(super) struct Still<'a> {
    pub(super) sequence: Sequence,
    /// The units with the header of the sequence and with the frame. The decoder sees no others.
    units: Vec<&'a [u8]>,
}

impl<'a> Still<'a> {
    /// Reads a still image. It must have exactly one frame, which is shown and needs no other: the
    /// decoder decodes all hidden frames before it returns one that is shown, so a small file could
    /// take any amount of time and memory.
    pub(super) fn read(data: &'a [u8]) -> Result<Still<'a>, NoImage> {
        let mut bytes = Bytes::new(data);
        let (mut sequence, mut has_frame) = (None, false);
        let mut units = Vec::new();
        for _ in 0..MAX_UNITS {
            if bytes.rest.is_empty() {
                let sequence = sequence.filter(|_| has_frame).ok_or(CUT)?;
                return Ok(Still { sequence, units });
            }
            let (kind, content, unit) = unit(&mut bytes).ok_or(CUT)?;
            match kind {
                kind::SEQUENCE if sequence.is_some() => return Err(SEVERAL),
                kind::SEQUENCE => sequence = Some(Sequence::read(content).ok_or(CUT)?),
                kind::FRAME | kind::FRAME_HEADER if has_frame => return Err(SEVERAL),
                kind::FRAME | kind::FRAME_HEADER if content.is_empty() => return Err(CUT),
                kind::FRAME | kind::FRAME_HEADER => {
                    let sequence = sequence.ok_or(CUT)?;
                    match sequence.frame(content).ok_or(CUT)? {
                        FrameKind::Still => has_frame = true,
                        FrameKind::Other => return Err(SEVERAL),
                        FrameKind::Resized => {
                            return Err(NoImage::Unsupported("AVIF with a frame of another size"));
                        }
                    }
                }
                kind::TILES if has_frame => {}
                kind::TILES => return Err(CUT),
                // The decoder treats a header that repeats nothing as a frame.
                kind::REPEATED_HEADER | kind::TILE_LIST => return Err(SEVERAL),
                // Temporal delimiters, metadata, padding, and unknown units.
                _ => continue,
            }
            units.push(unit);
        }
        Err(NoImage::Broken("its frame has too many parts"))
    }

    /// Returns the data for the decoder.
    pub(super) fn data(&self) -> Vec<u8> {
        self.units.concat()
    }
}

/// Takes the next unit: its kind, its content, and all of it. A unit without a size extends to the
/// end.
fn unit<'a>(bytes: &mut Bytes<'a>) -> Option<(u8, &'a [u8], &'a [u8])> {
    let all = bytes.rest;
    let header = bytes.byte()?;
    if header & 0x80 != 0 {
        return None;
    }
    let (has_layer, has_size) = (header & 4 != 0, header & 2 != 0);
    if has_layer {
        bytes.byte()?;
    }
    let size = match has_size {
        true => size(bytes)?,
        false => bytes.rest.len(),
    };
    let content = bytes.take(size)?;
    let unit = all.get(..all.len() - bytes.rest.len())?;
    Some((header >> 3 & 15, content, unit))
}

/// Reads a number with seven bits in each byte, low ones first.
fn size(bytes: &mut Bytes<'_>) -> Option<usize> {
    let mut size = 0u64;
    for place in 0..8 {
        let byte = bytes.byte()?;
        size |= u64::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return usize::try_from(u32::try_from(size).ok()?).ok();
        }
    }
    None
}
