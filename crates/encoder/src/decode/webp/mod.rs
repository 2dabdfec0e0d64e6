//! WebP. The container is read here and the decoder gets pixels in the simplest container, so that
//! wrong flags, wrong sizes and missing metadata do no harm, as in browsers.

mod codes;
mod riff;
mod tables;

use image::RgbImage;
use image::metadata::Orientation;
use image_webp::WebPDecoder;

use self::riff::{Coding, Image, LOSSLESS_HEADER};
use super::alpha::{on_white, over_white};
use super::bytes::Joined;
use super::fault::corrupt;
use super::seen::{SEEN, Seen};
use super::size::{MAX_DECODE_MEMORY, RGB_BYTES, Size, check_memory, check_size};
use crate::decoded::Decoded;
use crate::error::ImageError;
use crate::format::ImageFormat;

/// Number of pixels of a block of lossy pixels, and the minimum number of bits that describe its
/// prediction: 0.82 for one of two modes and 0.85 for its colors (RFC 6386, 11.2). Lossless pixels
/// may take no bits at all, so only their number limits the work.
const BLOCK: u64 = 256;
const MIN_BLOCK_BITS: f64 = 1.6;

/// Bytes for each pixel while decoding lossless pixels: eight-bit RGBA, two maps of transforms and
/// one of codes. These have one number of four bytes, or six, for 16 pixels.
const LOSSLESS_BYTES: u64 = 5;
/// Bytes for each pixel while decoding lossy pixels, including RGB: one of brightness, and two of
/// color for four pixels.
const LOSSY_BYTES: u64 = 5;
/// Bytes that the decoder reserves for a part of lossy pixels before it finds that there are fewer:
/// a part may claim as many as 24 bits can express, and the first one 19 bits.
const CLAIMED_PART: u64 = (1 << 24) + (1 << 19);
/// Bytes of tables, independent of the size.
const WORKING: u64 = 1 << 20;

/// Reads sides and memory from the header.
pub(super) fn size(file: &[u8]) -> Result<Size, ImageError> {
    let image = checked(file)?;
    let (width, height) = sides(&image);
    Ok(Size {
        width,
        height,
        memory: memory(&image)?,
    })
}

/// Returns the bytes that decoding the pixels takes, including RGB and the screen.
fn memory(image: &Image<'_>) -> Result<u64, ImageError> {
    let pixels = u64::from(image.width) * u64::from(image.height);
    let on_screen = image.screen.map_or(0, |screen| {
        u64::from(screen.width) * u64::from(screen.height) * RGB_BYTES
    });
    let tables = |data| tables::bytes(data, image.width, image.height).ok_or_else(damaged);
    let file = image.data.len() as u64;
    // Whole blocks are decoded, and some data is kept for each.
    let blocks = u64::from(image.width.div_ceil(16)) * u64::from(image.height.div_ceil(16));
    let lossy = pixels * RGB_BYTES + blocks * (BLOCK * 3 / 2 + 128) + file + CLAIMED_PART;
    let memory = match (image.coding, image.opacity) {
        (Coding::Lossless, _) => {
            let data = image.data.get(LOSSLESS_HEADER..).unwrap_or_default();
            pixels * LOSSLESS_BYTES + tables(data)?
        }
        // The first bit of its first byte tells if opacity is compressed.
        (Coding::Lossy, Some([kind, data @ ..])) if kind & 1 == 1 => {
            let first = pixels * (LOSSLESS_BYTES + 1) + tables(data)?;
            first.max(lossy + pixels)
        }
        (Coding::Lossy, _) => lossy + pixels,
    };
    if memory > MAX_DECODE_MEMORY {
        let reason = "its tables take more memory than an image may";
        return Err(broken(reason.to_owned()));
    }
    Ok(memory + on_screen + WORKING)
}

/// Returns the sides of the visible area.
fn sides(image: &Image<'_>) -> (u32, u32) {
    image.screen.map_or((image.width, image.height), |screen| {
        (screen.width, screen.height)
    })
}

fn checked(file: &[u8]) -> Result<Image<'_>, ImageError> {
    let image = riff::image(file).map_err(broken)?;
    let (width, height) = sides(&image);
    let pixel_bytes = match (image.coding, image.opacity) {
        (Coding::Lossy, None) => LOSSY_BYTES,
        (Coding::Lossy, Some(_)) => LOSSLESS_BYTES + 1,
        (Coding::Lossless, _) => LOSSLESS_BYTES,
    };
    let on_screen = image.screen.map_or(0, |_| RGB_BYTES);
    check_size(ImageFormat::WebP, width, height, pixel_bytes + on_screen)?;
    let blocks = image.width.div_ceil(16) * image.height.div_ceil(16);
    let bits = image.data.len() as f64 * 8.0;
    if image.coding == Coding::Lossy && bits < f64::from(blocks) * MIN_BLOCK_BITS {
        let bytes = image.data.len();
        return Err(broken(format!(
            "the header claims {width}x{height} pixels, and {bytes} bytes of compressed pixels cannot hold \
             as many"
        )));
    }
    check_memory(ImageFormat::WebP, width, height, memory(&image)?)?;
    Ok(image)
}

fn broken(reason: String) -> ImageError {
    corrupt(ImageFormat::WebP, reason)
}

fn damaged() -> ImageError {
    broken("its compressed pixels are damaged or end early".to_owned())
}

/// Decodes a still image, or the first frame of an animation on its screen, which is transparent around it.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, ImageError> {
    let image = checked(file)?;
    let (pixels, seen) = match image.coding {
        Coding::Lossless => lossless(&image)?,
        Coding::Lossy => lossy(&image)?,
    };
    let (pixels, seen) = on_screen(&image, pixels, seen);
    let visible = seen.rect(pixels.width(), pixels.height());
    let orientation = image.exif.and_then(Orientation::from_exif_chunk);
    Ok(Decoded {
        visible,
        ..Decoded::whole(pixels, orientation.unwrap_or(Orientation::NoTransforms))
    })
}

fn on_screen(image: &Image<'_>, pixels: RgbImage, seen: Seen) -> (RgbImage, Seen) {
    let whole = (image.width, image.height);
    match image.screen {
        Some(screen) if (screen.width, screen.height) != whole => {
            let white = image::Rgb([255; 3]);
            let mut shown = RgbImage::from_pixel(screen.width, screen.height, white);
            let place = (i64::from(screen.left), i64::from(screen.top));
            image::imageops::replace(&mut shown, &pixels, place.0, place.1);
            (shown, seen.moved(screen.left, screen.top))
        }
        _ => (pixels, seen),
    }
}

fn lossless(image: &Image<'_>) -> Result<(RgbImage, Seen), ImageError> {
    let (width, height) = (image.width, image.height);
    let data = image.data.get(LOSSLESS_HEADER..).ok_or_else(damaged)?;
    let mut rgba = rgba(width, height, data)?;
    if !riff::lossless_opacity(image.data) {
        let (pixels, _) = rgba.as_chunks_mut::<4>();
        pixels.iter_mut().for_each(|pixel| pixel[3] = 255);
    }
    on_white(width, height, rgba).ok_or_else(damaged)
}

/// Decodes four bytes for each pixel from lossless data without its header. The new header always
/// states that opacity counts: otherwise the decoder makes RGB from a second whole image.
fn rgba(width: u32, height: u32, data: &[u8]) -> Result<Vec<u8>, ImageError> {
    let mut head = riff::simple_header(Coding::Lossless, data.len() + LOSSLESS_HEADER);
    head.extend(riff::lossless_header(width, height));
    unpacked(&head, data)
}

/// Decodes all samples of the only image in a file.
fn unpacked(head: &[u8], data: &[u8]) -> Result<Vec<u8>, ImageError> {
    let mut decoder = WebPDecoder::new(Joined::new(head, data)).map_err(|_| damaged())?;
    let mut samples = vec![0; decoder.output_buffer_size().ok_or_else(damaged)?];
    decoder.read_image(&mut samples).map_err(|_| damaged())?;
    Ok(samples)
}

fn lossy(image: &Image<'_>) -> Result<(RgbImage, Seen), ImageError> {
    let (width, height) = (image.width, image.height);
    let opacity = image.opacity.map(|packed| opacity(packed, width, height));
    let opacity = opacity.transpose()?;
    let head = riff::simple_header(Coding::Lossy, image.data.len());
    let mut samples = unpacked(&head, image.data)?;
    let seen = match opacity {
        Some(opacity) => put_on_white(&mut samples, &opacity, width as usize),
        None => Seen::all(width, height),
    };
    let pixels = RgbImage::from_raw(width, height, samples);
    Ok((pixels.ok_or_else(damaged)?, seen))
}

/// Puts RGB with an opacity for each pixel on white, in place; returns the visible part.
fn put_on_white(samples: &mut [u8], opacity: &[u8], width: usize) -> Seen {
    let mut seen = Seen::NOTHING;
    let rows = samples.chunks_exact_mut(width * 3);
    for ((row, opacity), y) in rows.zip(opacity.chunks_exact(width)).zip(0..) {
        let (pixels, _) = row.as_chunks_mut::<3>();
        for (pixel, &alpha) in pixels.iter_mut().zip(opacity) {
            *pixel = pixel.map(|channel| over_white(channel, alpha));
        }
        let is_seen = |alpha: &u8| *alpha >= SEEN;
        let first = opacity.iter().position(is_seen);
        let last = opacity.iter().rposition(is_seen);
        if let (Some(first), Some(last)) = (first, last) {
            seen.add(y, first as u32, last as u32);
        }
    }
    seen
}

/// Decodes one byte of opacity for each pixel.
fn opacity(packed: &[u8], width: u32, height: u32) -> Result<Vec<u8>, ImageError> {
    let (&kind, data) = packed.split_first().ok_or_else(damaged)?;
    let all = width as usize * height as usize;
    let mut opacity = match kind & 3 {
        0 => data.get(..all).ok_or_else(damaged)?.to_vec(),
        1 => {
            let rgba = rgba(width, height, data)?;
            let (pixels, _) = rgba.as_chunks::<4>();
            pixels.iter().map(|pixel| pixel[1]).collect()
        }
        _ => return Err(damaged()),
    };
    unfilter(&mut opacity, width as usize, kind >> 2 & 3);
    Ok(opacity)
}

/// Adds its prediction to each value: from the left one, the upper one or both.
fn unfilter(values: &mut [u8], width: usize, filter: u8) {
    if filter == 0 {
        return;
    }
    for place in 1..values.len() {
        let (x, y) = (place % width, place / width);
        let left = |values: &[u8]| values[place - 1];
        let up = |values: &[u8]| values[place - width];
        let predicted = match (x, y, filter) {
            (_, 0, _) => left(values),
            (0, _, _) => up(values),
            (_, _, 1) => left(values),
            (_, _, 2) => up(values),
            _ => {
                let corner = i16::from(values[place - width - 1]);
                let sum = i16::from(left(values)) + i16::from(up(values)) - corner;
                sum.clamp(0, 255) as u8
            }
        };
        values[place] = values[place].wrapping_add(predicted);
    }
}
