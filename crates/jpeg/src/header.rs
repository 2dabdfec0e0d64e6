use crate::average::Average;
use crate::color::{Color, ColorHints};
use crate::error::Error;
use crate::frame::{Frame, Process, unsupported_process};
use crate::marker::{self, APP0, APP1, APP14, EOI, SOF0, SOF1, SOF2, SOI, SOS, Segment};
use crate::plane::{Shape, WHOLE, streams};
use crate::scale::Scale;
use crate::scan::Scan;
use crate::tables::Tables;

/// The part of a JPEG file before its compressed data, checked to be of a supported kind.
pub struct Header<'a> {
    pub(crate) frame: Frame,
    pub(crate) tables: Tables,
    pub(crate) color: Color,
    /// The first scan.
    pub(crate) scan: Scan,
    /// The bytes that were not read yet.
    pub(crate) rest: &'a [u8],
    exif: Option<&'a [u8]>,
    /// Size of the file in bytes.
    bytes: usize,
}

impl<'a> Header<'a> {
    /// Reads everything before the first scan's data. The work is linear in the bytes that are
    /// read, and nothing is allocated that is larger than the file.
    ///
    /// # Errors
    /// [`Error::Unsupported`] names an unsupported kind of JPEG. [`Error::Corrupt`] describes the
    /// fault.
    pub fn read(bytes: &'a [u8]) -> Result<Header<'a>, Error> {
        let mut rest = bytes;
        match marker::next(&mut rest)? {
            Some(Segment { marker: SOI, .. }) if bytes.starts_with(&[0xFF, SOI]) => {}
            _ => return Err(Error::corrupt("it does not begin as a JPEG does")),
        }
        let mut tables = Tables::default();
        let mut hints = ColorHints::default();
        let mut frame: Option<Frame> = None;
        let mut exif = None;
        while let Some(segment) = marker::next(&mut rest)? {
            let content = segment.content;
            match segment.marker {
                SOF0 | SOF1 | SOF2 if frame.is_some() => {
                    return Err(Error::corrupt("it has two frame headers"));
                }
                SOF0 | SOF1 => frame = Some(Frame::read(Process::Sequential, content)?),
                SOF2 => frame = Some(Frame::read(Process::Progressive, content)?),
                APP0 => hints.jfif |= content.starts_with(b"JFIF\0"),
                APP1 => exif = exif.or(content.strip_prefix(b"Exif\0\0")),
                APP14 => hints.adobe = transform(content).or(hints.adobe),
                SOI => return Err(Error::corrupt("another image begins in its header")),
                EOI => return Err(Error::corrupt("it ends before any image data")),
                SOS => {
                    let frame = frame
                        .ok_or_else(|| Error::corrupt("its image data has no frame header"))?;
                    return Ok(Header {
                        color: Color::of(&frame.components, hints),
                        scan: Scan::read(&frame, content)?,
                        frame,
                        tables,
                        rest,
                        exif,
                        bytes: bytes.len(),
                    });
                }
                other => match unsupported_process(other) {
                    Some(kind) => return Err(Error::unsupported(kind)),
                    None => tables.read(&segment)?,
                },
            }
        }
        Err(Error::corrupt(
            "the file ends in its header, before any image data",
        ))
    }

    /// Refuses a file that is too short for its claimed size, before any memory is allocated for
    /// it.
    ///
    /// # Errors
    /// [`Error::Corrupt`], as [`decode`](Self::decode) would return.
    pub fn check_length(&self) -> Result<(), Error> {
        let (least, there) = (self.frame.min_bytes(), self.rest.len());
        let Frame { width, height, .. } = self.frame;
        match there < least {
            true => Err(Error::corrupt(format!(
                "it claims {width}x{height} pixels, which take {least} bytes at the very least, and {there} \
                 are there"
            ))),
            false => Ok(()),
        }
    }

    /// Returns width and height of the image in pixels, as stored.
    pub fn size(&self) -> (u32, u32) {
        (self.frame.width as u32, self.frame.height as u32)
    }

    /// Returns the TIFF data of the first EXIF segment before the image, from which browsers take
    /// the orientation.
    pub fn exif(&self) -> Option<&'a [u8]> {
        self.exif
    }

    /// Returns the maximum bytes that [`decode`](Self::decode) allocates at once, including its
    /// result.
    pub fn memory(&self, scale: Scale) -> u64 {
        let frame = &self.frame;
        let eighths = scale.eighths() as usize;
        let shapes = frame
            .components
            .iter()
            .map(|c| Shape::new(frame, c, eighths));
        let shapes: Vec<Shape> = shapes.collect();
        let (_, strips) = frame.mcus();
        let together = self.scan.components.len() == frame.components.len();
        let sequential = frame.process == Process::Sequential;
        let streams = streams(&shapes, eighths) && (together || !sequential);
        let mut bytes = self.bytes + FIXED_MEMORY;
        for (component, shape) in frame.components.iter().zip(shapes) {
            let (columns, rows) = frame.padded_blocks(component);
            let kept = if streams { rows.div_ceil(strips) } else { rows };
            bytes += columns * kept * shape.block.0 * shape.block.1;
            if eighths < WHOLE {
                bytes += Average::memory(shape.block, columns, rows.div_ceil(strips));
            }
            if !sequential {
                bytes += columns * rows * (64 * 2 + 1);
            }
        }
        let side = |length: usize| (length * eighths).div_ceil(WHOLE);
        (bytes + 3 * side(frame.width) * side(frame.height)) as u64
    }

    /// Goes to the data of the next scan; `None` if there is none.
    pub(crate) fn next_scan(&mut self) -> Result<Option<Scan>, Error> {
        while let Some(segment) = marker::next(&mut self.rest)? {
            match segment.marker {
                SOS => return Scan::read(&self.frame, segment.content).map(Some),
                EOI => return Ok(None),
                SOI | SOF0 | SOF1 | SOF2 => {
                    return Err(Error::corrupt("another image begins inside of it"));
                }
                _ => self.tables.read(&segment)?,
            }
        }
        Ok(None)
    }
}

/// Bytes that decoding takes besides planes, coefficients and pixels: tables, a row of each
/// component.
const FIXED_MEMORY: usize = 1 << 20;

/// Returns the transform in Adobe's segment.
fn transform(segment: &[u8]) -> Option<u8> {
    segment.strip_prefix(b"Adobe")?.get(6).copied()
}
