//! PNG. All rows must be present; checksums, other chunks and the end chunk do not matter.

mod chunks;

use fdeflate::Decompressor;
use image::metadata::Orientation;
use png::{BitDepth, ColorType, DecodeOptions, Decoder, Transformations};

use self::chunks::{Contents, Header, Rebuilt, contents, pixel_data};
use super::canvas::{Canvas, Channels, narrow};
use super::fault::{corrupt, rows_there};
use super::size::{RGB_BYTES, Size, check_size};
use crate::decoded::Decoded;
use crate::error::ImageError;
use crate::format::ImageFormat;

/// Maximum number of bytes that one compressed byte becomes: deflate copies up to 258 bytes with
/// two bits.
const MAX_RATIO: u64 = 1032;
/// Bytes that the decoder takes besides rows: the window of the compression and its tables.
const WORKING: u64 = 1 << 20;
/// Bytes for each pixel in the rows that are held at once: two packed ones, one unpacked and one
/// narrowed, of four samples of at most two bytes.
const ROW_BYTES: u64 = 8 * 4;

/// The window of deflate: maximum distance, in bytes, from which it copies.
const WINDOW: usize = 32 * 1024;

/// Start and step of the pixels of an interlaced image's seven passes: across and down.
const PASSES: [((u32, u32), (u32, u32)); 7] = [
    ((0, 0), (8, 8)),
    ((4, 0), (8, 8)),
    ((0, 4), (4, 8)),
    ((2, 0), (4, 4)),
    ((0, 2), (2, 4)),
    ((1, 0), (2, 2)),
    ((0, 1), (1, 2)),
];

/// Rows of equally spaced pixels: the whole image, or one pass of an interlaced one.
#[derive(Debug, Clone, Copy)]
struct Pass {
    start: (u32, u32),
    step: (u32, u32),
    width: u32,
    rows: u32,
}

/// Returns the passes in the order of the file.
fn passes(header: &Header) -> Vec<Pass> {
    if !header.interlaced {
        return vec![Pass {
            start: (0, 0),
            step: (1, 1),
            width: header.width,
            rows: header.height,
        }];
    }
    let pass = |&((x, y), step): &((u32, u32), (u32, u32))| Pass {
        start: (x, y),
        step,
        width: header.width.saturating_sub(x).div_ceil(step.0),
        rows: header.height.saturating_sub(y).div_ceil(step.1),
    };
    let passes = PASSES.iter().map(pass);
    passes
        .filter(|pass| pass.width > 0 && pass.rows > 0)
        .collect()
}

/// Reads sides and memory from the header; refuses a file whose compressed pixels cannot fill them.
pub(super) fn size(file: &[u8]) -> Result<Size, ImageError> {
    let (header, _) = checked(file)?;
    let pixels = u64::from(header.width) * u64::from(header.height);
    Ok(Size {
        width: header.width,
        height: header.height,
        memory: pixels * RGB_BYTES + u64::from(header.width) * ROW_BYTES + WORKING,
    })
}

fn checked(file: &[u8]) -> Result<(Header, Contents<'_>), ImageError> {
    let header = Header::read(file).map_err(broken)?;
    let (width, height) = (header.width, header.height);
    check_size(ImageFormat::Png, width, height, RGB_BYTES)?;
    let contents = contents(file);
    let needed = packed_bytes(&header, &passes(&header));
    let data = contents.data as u64;
    if data.saturating_mul(MAX_RATIO) < needed {
        return Err(broken(format!(
            "the header claims {width}x{height} pixels, and {data} bytes of compressed pixels cannot hold \
             as many"
        )));
    }
    if header.color == 3 && contents.palette.is_none_or(|colors| colors.len() < 3) {
        return Err(broken("the palette is missing".to_owned()));
    }
    Ok((header, contents))
}

fn broken(reason: String) -> ImageError {
    corrupt(ImageFormat::Png, reason)
}

/// Decodes row by row. Of an animated PNG, it decodes the image that programs without animation
/// show.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, ImageError> {
    let (header, contents) = checked(file)?;
    let unreadable = || broken("the pixels cannot be unpacked".to_owned());
    let rebuilt = Rebuilt::new(file, &header, &contents).ok_or_else(unreadable)?;
    let mut options = DecodeOptions::default();
    options.set_ignore_checksums(true);
    let mut decoder = Decoder::new_with_options(rebuilt, options);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|_| unreadable())?;
    let (color, depth) = reader.output_color_type();
    let channels = match color {
        ColorType::Grayscale => Channels::Gray,
        ColorType::GrayscaleAlpha => Channels::GrayAlpha,
        ColorType::Rgb => Channels::Rgb,
        ColorType::Rgba => Channels::RgbAlpha,
        ColorType::Indexed => return Err(unreadable()),
    };
    let mut canvas = Canvas::white(header.width, header.height);
    let mut narrowed = Vec::new();
    let passes = passes(&header);
    let all: u32 = passes.iter().map(|pass| pass.rows).sum();
    for pass in &passes {
        for line in 0..pass.rows {
            let row = match reader.next_row() {
                Ok(Some(row)) => row,
                _ => return Err(broken(what_is_there(file, &header, &passes, all))),
            };
            let mut samples = row.data();
            if depth == BitDepth::Sixteen {
                narrow(samples, &mut narrowed);
                samples = &narrowed;
            }
            let place = (pass.start.0, pass.start.1 + line * pass.step.1);
            canvas.put(place, pass.step.0 as usize, channels, samples);
        }
    }
    let (pixels, visible) = canvas.finish();
    let orientation = contents.exif.and_then(Orientation::from_exif_chunk);
    Ok(Decoded {
        visible,
        ..Decoded::whole(pixels, orientation.unwrap_or(Orientation::NoTransforms))
    })
}

/// Returns the bytes of all rows after decompression.
fn packed_bytes(header: &Header, passes: &[Pass]) -> u64 {
    let packed = |pass: &Pass| u64::from(pass.rows) * header.packed_row(pass.width);
    passes.iter().map(packed).sum()
}

/// Describes why an image cannot be decoded: rows are missing, or one of them has an unknown
/// filter.
fn what_is_there(file: &[u8], header: &Header, passes: &[Pass], all: u32) -> String {
    match whole_rows(file, header, passes) {
        rows if rows == all => "a row is damaged".to_owned(),
        rows => rows_there(rows, all),
    }
}

/// Counts the rows whose bytes are all present. Only called if some are missing: the decoder does
/// not return rows that it may still copy from, and these may be all rows of a small image.
fn whole_rows(file: &[u8], header: &Header, passes: &[Pass]) -> u32 {
    let mut bytes = unpacked(file, packed_bytes(header, passes));
    let mut rows = 0;
    for pass in passes {
        let row = header.packed_row(pass.width);
        let whole = (bytes / row).min(pass.rows.into());
        bytes -= whole * row;
        // At most the rows of the pass.
        rows += whole as u32;
        if whole < pass.rows.into() {
            break;
        }
    }
    rows
}

/// Returns the number of bytes that the compressed pixels become before they end or are damaged.
/// Stops at `needed`: any number may follow.
fn unpacked(file: &[u8], needed: u64) -> u64 {
    let mut decoder = Decompressor::new();
    let mut window = vec![0; 2 * WINDOW];
    let (mut place, mut total) = (0, 0);
    for mut data in pixel_data(file) {
        loop {
            let Ok((taken, given)) = decoder.read(data, &mut window, place, false) else {
                return total;
            };
            data = &data[taken..];
            place += given;
            total += given as u64;
            if total >= needed {
                return needed;
            }
            if decoder.is_done() || (taken == 0 && given == 0) {
                break;
            }
            if place > WINDOW {
                window.copy_within(place - WINDOW..place, 0);
                place = WINDOW;
            }
        }
    }
    total
}
