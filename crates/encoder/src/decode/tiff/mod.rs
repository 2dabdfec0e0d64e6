//! TIFF: the first page of files from shops and scanners: gray, RGB with or without opacity, and
//! CMYK, uncompressed or with lossless compression. The directory is read here first, so that
//! unsupported files are refused with their name and every size is checked before it is used.

mod directory;
mod header;

use image::metadata::Orientation;
use tiff::decoder::{Decoder, DecodingResult, Limits};

use self::header::{Colors, Header, NoHeader, Packing};
use super::bytes::Metered;
use super::canvas::{Canvas, Channels, narrow_sample};
use super::cmyk;
use super::fault::{corrupt, rows_there};
use super::size::{RGB_BYTES, Size, check_memory, check_size};
use crate::decoded::Decoded;
use crate::error::ImageError;
use crate::format::ImageFormat;

/// Bytes of tables and lists of chunks.
const WORKING: u64 = 16 << 20;

/// Number of bytes that are read of a compressed chunk beyond its stated size: some writers state
/// too few. Without a limit, the decoder would search the whole file for the pixels of each chunk.
const SLACK: u64 = 1 << 10;

/// Reads sides and memory from the header.
pub(super) fn size(file: &[u8]) -> Result<Size, ImageError> {
    let header = checked(file)?;
    Ok(Size {
        width: header.width,
        height: header.height,
        memory: memory(&header),
    })
}

/// Returns the bytes of the image, one chunk in the samples of the file, one row of it in eight
/// bits, and the list of chunks with their positions, which the decoder also has.
fn memory(header: &Header) -> u64 {
    let pixels = u64::from(header.width) * u64::from(header.height);
    let (across, down) = (u64::from(header.chunk.0), u64::from(header.chunk.1));
    let samples = u64::from(header.samples);
    pixels * RGB_BYTES
        + across * down * samples * u64::from(header.bits.div_ceil(8))
        + across * (samples + 4)
        + header.chunk_bytes.len() as u64 * LISTED
        + WORKING
}

/// Bytes for each chunk in the lists, while the decoder makes them.
const LISTED: u64 = 128;

/// Maximum pixels of tiles relative to those of the image: tiles at the edges are partly outside.
/// In addition, one large tile is allowed, for small images.
const MAX_PADDED: u64 = 4;
const LARGE_TILE: u64 = 1 << 20;

fn checked(file: &[u8]) -> Result<Header, ImageError> {
    let header = Header::read(file).map_err(|error| match error {
        NoHeader::Broken(reason) => broken(reason),
        NoHeader::Unsupported(found) => ImageError::UnsupportedFormat { found },
    })?;
    let (width, height) = (header.width, header.height);
    check_size(ImageFormat::Tiff, width, height, RGB_BYTES)?;
    let pixels = u64::from(width) * u64::from(height);
    let (across, down) = header.padded();
    let padded = across.saturating_mul(down);
    // The decoder also unpacks what is outside of the image.
    if padded > pixels * MAX_PADDED + LARGE_TILE || header.chunk.0 == 0 || header.chunk.1 == 0 {
        return Err(broken(format!(
            "its tiles have {}x{} pixels, and the image has {width}x{height}",
            header.chunk.0, header.chunk.1
        )));
    }
    check_memory(ImageFormat::Tiff, width, height, memory(&header))?;
    let row = across * u64::from(header.samples) * u64::from(header.bits);
    let needed = row.div_ceil(8) * down;
    // Maximum number of bytes that one compressed byte becomes.
    let ratio = match header.packing {
        Packing::None => 1,
        Packing::PackBits => 64,
        Packing::Deflate => 1032,
        Packing::Lzw => 4096 * 8 / 12 + 1,
    };
    let bytes = file.len() as u64;
    if bytes.saturating_mul(ratio) < needed {
        return Err(broken(format!(
            "the header claims {width}x{height} pixels, and {bytes} bytes cannot hold as many"
        )));
    }
    let add = |sum: u64, bytes: &u64| sum.saturating_add(*bytes);
    if header.chunk_bytes.iter().fold(0, add) > bytes {
        return Err(broken("its parts have more bytes than the file".to_owned()));
    }
    Ok(header)
}

fn broken(reason: String) -> ImageError {
    corrupt(ImageFormat::Tiff, reason)
}

/// Decodes the first page chunk by chunk.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, ImageError> {
    let header = checked(file)?;
    let damaged = |_| broken("its directory is damaged".to_owned());
    let mut limits = Limits::default();
    // Lists in the directory may claim any number of entries.
    limits.decoding_buffer_size = memory(&header) as usize;
    limits.intermediate_buffer_size = file.len();
    let decoder = Decoder::new(Metered::new(file)).map_err(damaged)?;
    let mut decoder = decoder.with_limits(limits);
    let (wide, high) = decoder.chunk_dimensions();
    let within = |(width, height): (u32, u32)| (width.min(header.width), height.min(header.height));
    if within((wide, high)) != within(header.chunk) {
        return Err(broken("its directory is damaged".to_owned()));
    }
    let across = header.width.div_ceil(wide.max(1));
    let down = header.height.div_ceil(high.max(1));
    let is_packed = header.packing != Packing::None;
    let planes = if header.planar { header.samples } else { 1 };
    let mut canvas = Canvas::white(header.width, header.height);
    for index in 0..across * down * planes {
        let place = index % (across * down);
        let (column, line) = (place % across, place / across);
        let there = || broken(rows_there((line * high).min(header.height), header.height));
        let (width, _) = decoder.chunk_data_dimensions(index);
        if is_packed {
            let bytes = header.chunk_bytes.get(index as usize).copied();
            decoder.inner().left = bytes.unwrap_or_default().saturating_add(SLACK);
        }
        let samples = decoder.read_chunk(index).map_err(|_| there())?;
        let plane = header.planar.then_some(index / (across * down));
        let corner = (column * wide, line * high);
        put(&mut canvas, &header, plane, corner, width, samples).ok_or_else(there)?;
    }
    let (pixels, visible) = canvas.finish();
    let orientation = Orientation::from_exif(header.orientation);
    Ok(Decoded {
        visible,
        ..Decoded::whole(pixels, orientation.unwrap_or(Orientation::NoTransforms))
    })
}

/// Puts a chunk on the canvas; `None` if its samples have another kind than the header states.
fn put(
    canvas: &mut Canvas,
    header: &Header,
    plane: Option<u32>,
    (left, top): (u32, u32),
    width: u32,
    samples: DecodingResult,
) -> Option<()> {
    let channels = plane.map_or(header.samples, |_| 1) as usize;
    let mut row = Vec::new();
    match samples {
        DecodingResult::U8(samples) if header.bits == 1 => {
            for (packed, y) in samples.chunks(width.div_ceil(8) as usize).zip(top..) {
                row.clear();
                let bits = packed
                    .iter()
                    .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
                row.extend(bits.take(width as usize).map(|bit| bit * 255));
                canvas.put((left, y), 1, Channels::Gray, &row);
            }
        }
        DecodingResult::U8(samples) => {
            for (samples, y) in samples.chunks(width as usize * channels).zip(top..) {
                row.clear();
                row.extend_from_slice(samples);
                put_row(canvas, header, plane, (left, y), &mut row);
            }
        }
        DecodingResult::U16(samples) => {
            for (samples, y) in samples.chunks(width as usize * channels).zip(top..) {
                row.clear();
                row.extend(samples.iter().map(|&sample| narrow_sample(sample)));
                put_row(canvas, header, plane, (left, y), &mut row);
            }
        }
        _ => return None,
    }
    Some(())
}

fn put_row(
    canvas: &mut Canvas,
    header: &Header,
    plane: Option<u32>,
    place: (u32, u32),
    row: &mut [u8],
) {
    if let Some(plane) = plane {
        return canvas.put_plane(place, plane as usize, row);
    }
    match header.colors {
        Colors::Gray => canvas.put(place, 1, Channels::Gray, row),
        Colors::Rgb => canvas.put(place, 1, Channels::Rgb, row),
        Colors::RgbAlpha => canvas.put(place, 1, Channels::RgbAlpha, row),
        Colors::RgbMultiplied => {
            let (pixels, _) = row.as_chunks_mut::<4>();
            pixels.iter_mut().for_each(divide);
            canvas.put(place, 1, Channels::RgbAlpha, row);
        }
        Colors::Cmyk => {
            let (pixels, _) = row.as_chunks::<4>();
            let light = |&[cyan, magenta, yellow, black]: &[u8; 4]| {
                [cyan, magenta, yellow].map(|ink| cmyk::light(ink, black))
            };
            let rgb: Vec<u8> = pixels.iter().flat_map(light).collect();
            canvas.put(place, 1, Channels::Rgb, &rgb);
        }
    }
}

/// Divides the colors by the opacity.
fn divide(pixel: &mut [u8; 4]) {
    let alpha = u32::from(pixel[3]);
    for channel in &mut pixel[..3] {
        let whole = (u32::from(*channel) * 255 + alpha / 2).checked_div(alpha);
        *channel = whole.unwrap_or(0).min(255) as u8;
    }
}
