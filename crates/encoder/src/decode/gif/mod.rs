//! GIF: the first frame on its screen, as browsers show it. The file is parsed here, so that what
//! browsers tolerate is tolerated here too: a screen that is too small, unknown extensions, a
//! missing end.

mod blocks;

use image::metadata::Orientation;
use weezl::decode::{Configuration, Decoder};
use weezl::{BitOrder, LzwStatus};

use self::blocks::{FirstFrame, SubBlocks};
use super::canvas::{Canvas, Channels};
use super::fault::{corrupt, rows_there};
use super::size::{RGB_BYTES, Size, check_size};
use crate::decoded::Decoded;
use crate::error::ImageError;
use crate::format::ImageFormat;

/// Maximum number of pixels of a compressed byte: a code of twelve bits stands for 4096 pixels at
/// most.
const MAX_RATIO: u64 = 4096 * 8 / 12 + 1;
/// Bytes of the decompression's tables.
const WORKING: u64 = 1 << 20;
/// Maximum number of steps without input and output: a code that clears the table uses bits that
/// were read before and produces no pixel, and there are at most 64 such bits.
const MAX_IDLE: u32 = 64;
/// Bytes for each pixel of one row: its color's number and RGBA.
const ROW_BYTES: u64 = 5;

/// Reads sides and memory from the header; refuses a file whose compressed pixels cannot fill the
/// first frame.
pub(super) fn size(file: &[u8]) -> Result<Size, ImageError> {
    let frame = checked(file)?;
    let (width, height) = frame.sides();
    Ok(Size {
        width,
        height,
        memory: u64::from(width) * u64::from(height) * RGB_BYTES
            + u64::from(frame.width) * ROW_BYTES
            + WORKING,
    })
}

fn checked(file: &[u8]) -> Result<FirstFrame<'_>, ImageError> {
    let frame = FirstFrame::find(file).map_err(broken)?;
    let (width, height) = frame.sides();
    check_size(ImageFormat::Gif, width, height, RGB_BYTES)?;
    let data: usize = frame.data.clone().map(<[u8]>::len).sum();
    let (width, height) = (frame.width, frame.height);
    if (data as u64).saturating_mul(MAX_RATIO) < u64::from(width) * u64::from(height) {
        return Err(broken(format!(
            "the first frame claims {width}x{height} pixels, and {data} bytes of compressed pixels cannot \
             hold as many"
        )));
    }
    Ok(frame)
}

fn broken(reason: String) -> ImageError {
    corrupt(ImageFormat::Gif, reason)
}

/// Decodes the first frame row by row onto its screen, which is transparent around it.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, ImageError> {
    let frame = checked(file)?;
    let (width, height) = frame.sides();
    let mut canvas = Canvas::white(width, height);
    let mut pixels = Pixels::new(&frame);
    let mut numbers = vec![0; frame.width as usize];
    let mut row = Vec::new();
    for (line, y) in (0..).zip(order(&frame)) {
        if !pixels.fill(&mut numbers) {
            return Err(broken(rows_there(line, frame.height)));
        }
        row.clear();
        row.extend(numbers.iter().flat_map(|&number| color(&frame, number)));
        canvas.put((frame.left, frame.top + y), 1, Channels::RgbAlpha, &row);
    }
    let (pixels, visible) = canvas.finish();
    Ok(Decoded {
        visible,
        ..Decoded::whole(pixels, Orientation::NoTransforms)
    })
}

/// Returns the RGBA of a color; one that is not in the table is black, as in browsers.
fn color(frame: &FirstFrame<'_>, number: u8) -> [u8; 4] {
    if frame.transparent == Some(number) {
        return [0; 4];
    }
    let place = usize::from(number) * 3;
    match frame.colors.get(place..place + 3) {
        Some(&[red, green, blue]) => [red, green, blue, 255],
        _ => [0, 0, 0, 255],
    }
}

/// Returns the rows in the order of the file: for an interlaced frame every eighth, those in
/// between, and so on.
fn order(frame: &FirstFrame<'_>) -> impl Iterator<Item = u32> {
    let passes: &[(u32, usize)] = match frame.interlaced {
        true => &[(0, 8), (4, 8), (2, 4), (1, 2)],
        false => &[(0, 1)],
    };
    let height = frame.height;
    passes
        .iter()
        .flat_map(move |&(start, step)| (start..height).step_by(step))
}

/// The color numbers of a frame, which are decompressed on demand.
struct Pixels<'a> {
    decoder: Decoder,
    blocks: SubBlocks<'a>,
    block: &'a [u8],
}

impl<'a> Pixels<'a> {
    fn new(frame: &FirstFrame<'a>) -> Pixels<'a> {
        let decoder = Configuration::new(BitOrder::Lsb, frame.bits)
            // Data after the last pixel is ignored.
            .with_yield_on_full_buffer(true)
            .build();
        Pixels {
            decoder,
            blocks: frame.data.clone(),
            block: &[],
        }
    }

    /// Fills a row; returns false if not enough pixels are left.
    fn fill(&mut self, row: &mut [u8]) -> bool {
        let (mut filled, mut idle) = (0, 0);
        while filled < row.len() {
            if self.block.is_empty() {
                self.block = self.blocks.next().unwrap_or_default();
            }
            let step = self.decoder.decode_bytes(self.block, &mut row[filled..]);
            self.block = &self.block[step.consumed_in..];
            filled += step.consumed_out;
            let over = matches!(step.status, Err(_) | Ok(LzwStatus::Done));
            idle = match (step.consumed_in, step.consumed_out) {
                (0, 0) => idle + 1,
                _ => 0,
            };
            if filled < row.len() && (idle > MAX_IDLE || over) {
                return false;
            }
        }
        true
    }
}
