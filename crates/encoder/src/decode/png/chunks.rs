use std::io::{self, BufRead, Read, Seek, SeekFrom};

use crate::decode::bytes::Bytes;

const SIGNATURE: usize = 8;
/// Bytes of an IHDR chunk's content.
const HEADER: u32 = 13;
/// Maximum bytes of a palette: 256 colors.
const MAX_PALETTE: usize = 768;

/// One chunk, as much as the file has of it. Its checksum is ignored: if the pixels are complete,
/// none is missing, and if not, the rows show it.
#[derive(Debug, Clone, Copy)]
struct Chunk<'a> {
    name: [u8; 4],
    content: &'a [u8],
}

/// The chunks of a PNG up to its end chunk or the end of the file.
#[derive(Debug, Clone)]
struct Chunks<'a>(Bytes<'a>);

impl<'a> Chunks<'a> {
    fn new(file: &'a [u8]) -> Chunks<'a> {
        Chunks(Bytes::new(file.get(SIGNATURE..).unwrap_or_default()))
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let length = self.0.array().map(u32::from_be_bytes)?;
        let name = self.0.array::<4>()?;
        let content = self.0.take_up_to(usize::try_from(length).ok()?);
        let _checksum = self.0.take_up_to(4);
        (name != *b"IEND").then_some(Chunk { name, content })
    }
}

/// Content of the header chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bits: u8,
    /// Color type as the file numbers it: 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGB and
    /// alpha.
    pub(super) color: u8,
    pub(super) interlaced: bool,
}

impl Header {
    /// Reads the header, which comes first in every PNG; the error is the reason why it is invalid.
    pub(super) fn read(file: &[u8]) -> Result<Header, String> {
        let first = Chunks::new(file).next();
        let chunk = first.filter(|chunk| chunk.name == *b"IHDR");
        let content = chunk.and_then(|chunk| chunk.content.first_chunk::<13>());
        let Some(
            &[
                w0,
                w1,
                w2,
                w3,
                h0,
                h1,
                h2,
                h3,
                bits,
                color,
                packing,
                filter,
                interlace,
            ],
        ) = content
        else {
            return Err("there is no header".to_owned());
        };
        let depths: &[u8] = match color {
            0 => &[1, 2, 4, 8, 16],
            3 => &[1, 2, 4, 8],
            2 | 4 | 6 => &[8, 16],
            _ => return Err(format!("the header has an unknown color type, {color}")),
        };
        if !depths.contains(&bits) {
            return Err(format!("color type {color} has no {bits} bits a sample"));
        }
        if packing != 0 || filter != 0 || interlace > 1 {
            return Err("the header names an unknown way of packing the pixels".to_owned());
        }
        Ok(Header {
            width: u32::from_be_bytes([w0, w1, w2, w3]),
            height: u32::from_be_bytes([h0, h1, h2, h3]),
            bits,
            color,
            interlaced: interlace == 1,
        })
    }

    /// Returns the bytes of a packed row of `width` pixels, including the filter byte.
    pub(super) fn packed_row(&self, width: u32) -> u64 {
        let samples = match self.color {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        };
        1 + (u64::from(width) * samples * u64::from(self.bits)).div_ceil(8)
    }
}

/// The chunks of the pixels, and the EXIF data.
#[derive(Debug)]
pub(super) struct Contents<'a> {
    pub(super) palette: Option<&'a [u8]>,
    pub(super) transparency: Option<&'a [u8]>,
    pub(super) exif: Option<&'a [u8]>,
    /// Number of bytes of compressed pixels.
    pub(super) data: usize,
}

/// Reads all chunks once. Of each kind the first counts; chunks after the first pixels do not
/// describe them.
pub(super) fn contents(file: &[u8]) -> Contents<'_> {
    let mut found = Contents {
        palette: None,
        transparency: None,
        exif: None,
        data: 0,
    };
    for Chunk { name, content } in Chunks::new(file) {
        match &name {
            b"IDAT" => found.data += content.len(),
            _ if found.data > 0 => {}
            b"PLTE" => found.palette = found.palette.or(Some(content)),
            b"tRNS" => found.transparency = found.transparency.or(Some(content)),
            b"eXIf" => found.exif = found.exif.or(Some(content)),
            _ => {}
        }
    }
    found
}

/// Returns the parts of the compressed pixels.
pub(super) fn pixel_data(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let chunks = Chunks::new(file).filter(|chunk| chunk.name == *b"IDAT");
    chunks.map(|chunk| chunk.content)
}

/// A PNG made of the header, the palette and one chunk with all compressed pixels, whatever else
/// the file contains: broken or oversized text, profiles and checksums do not reach the decoder.
/// Only the small parts are copied.
#[derive(Debug)]
pub(super) struct Rebuilt<'a> {
    head: Vec<u8>,
    /// Position in the head, or in the end.
    place: usize,
    chunks: Chunks<'a>,
    data: &'a [u8],
    at_end: bool,
}

/// A checksum, which the decoder ignores, and the end chunk.
const END: &[u8] = b"\0\0\0\0\0\0\0\0IEND\xaeB`\x82";

impl<'a> Rebuilt<'a> {
    /// Rebuilds a PNG; `None` if it has no pixels, or too many for one chunk.
    pub(super) fn new(file: &'a [u8], header: &Header, contents: &Contents<'a>) -> Option<Self> {
        let mut head = file.get(..SIGNATURE + 8 + HEADER as usize + 4)?.to_vec();
        head.get_mut(SIGNATURE..SIGNATURE + 4)?
            .copy_from_slice(&HEADER.to_be_bytes());
        let mut push = |name: &[u8; 4], content: &[u8]| {
            head.extend((content.len() as u32).to_be_bytes());
            head.extend(name);
            head.extend(content);
            head.extend([0; 4]);
        };
        if header.color == 3 {
            let colors = contents.palette?;
            let whole = colors.len().min(MAX_PALETTE) / 3 * 3;
            push(b"PLTE", &colors[..whole]);
        }
        let most = match header.color {
            0 => 2,
            2 => 6,
            3 => MAX_PALETTE / 3,
            _ => 0,
        };
        // A transparency chunk that is too short for its color is ignored.
        let known = contents.transparency.unwrap_or_default();
        let known = &known[..known.len().min(most)];
        if known.len() == most || (header.color == 3 && !known.is_empty()) {
            push(b"tRNS", known);
        }
        head.extend(u32::try_from(contents.data).ok()?.to_be_bytes());
        head.extend(b"IDAT");
        Some(Rebuilt {
            head,
            place: 0,
            chunks: Chunks::new(file),
            data: &[],
            at_end: false,
        })
    }
}

impl BufRead for Rebuilt<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if !self.at_end && self.place < self.head.len() {
            return Ok(&self.head[self.place..]);
        }
        while self.data.is_empty() && !self.at_end {
            match self.chunks.next() {
                Some(chunk) if chunk.name == *b"IDAT" => self.data = chunk.content,
                Some(_) => {}
                None => (self.at_end, self.place) = (true, 0),
            }
        }
        match self.at_end {
            true => Ok(END.get(self.place..).unwrap_or_default()),
            false => Ok(self.data),
        }
    }

    fn consume(&mut self, count: usize) {
        if self.at_end || self.place < self.head.len() {
            self.place += count;
        } else {
            self.data = self.data.get(count..).unwrap_or_default();
        }
    }
}

impl Read for Rebuilt<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(target)?;
        self.consume(count);
        Ok(count)
    }
}

/// The decoder requires this trait, but reads from front to back.
impl Seek for Rebuilt<'_> {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
