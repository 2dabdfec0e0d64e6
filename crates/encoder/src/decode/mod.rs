//! Image bytes to pixels: which format it is, whether it is within the limits, and its decoder.

mod av1_bits;
mod av1_colour;
mod av1_obus;
mod av1_sequence;
mod avif;
mod avif_boxes;
mod avif_colour;
mod avif_meta;
mod bmp;
mod bytes;
mod canvas;
mod gif;
mod gif_blocks;
mod png;
mod png_chunks;
mod riff;
pub(crate) mod seen;
mod tiff;
mod tiff_directory;
mod tiff_header;
mod webp;
mod webp_tables;

use image::RgbImage;
use image::metadata::Orientation;

use crate::frame::Frame;
use crate::geometry::Reading;
use crate::preprocessing::Preprocessing;
use crate::{
    Area, MAX_BYTES, MAX_PIXELS, MAX_SIDE, PictureError, PictureFormat, View, geometry, jpeg,
    sniff, trim, unsupported,
};

/// What an image may take while it is decoded, in bytes: what a function of 1 GB has beside an index.
/// Plain images of [`MAX_PIXELS`] stay below; those that need more bytes a pixel reach it with fewer pixels.
const PICTURE_MEMORY: u64 = 512 * 1024 * 1024;

/// A decoded picture, or a part of one: eight-bit RGB as stored, and how to turn it upright.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) pixels: RgbImage,
    pub(crate) orientation: Orientation,
    /// Sides of the picture in the file, or of the part.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// What the pixels are of that in each direction, in eighths, sides rounded up: 8 unless less was
    /// enough.
    pub(crate) eighths: u32,
    /// Where it begins in `pixels`, across and down, less than one of them: 0 but for a part.
    pub(crate) offset: (f64, f64),
    /// The part that is not transparent, when that is not all.
    pub(crate) visible: Option<Frame>,
    /// What was asked for; `None` when there is but one way to read the format.
    pub(crate) asked: Option<Reading>,
}

impl Decoded {
    /// A picture with all its pixels.
    pub(crate) fn whole(pixels: RgbImage, orientation: Orientation) -> Decoded {
        Decoded {
            width: pixels.width(),
            height: pixels.height(),
            eighths: geometry::WHOLE,
            offset: (0.0, 0.0),
            visible: None,
            asked: None,
            pixels,
            orientation,
        }
    }

    /// The same, as what is to be had for a view of it.
    fn asked_for(self, how: &Preprocessing, view: &View) -> Decoded {
        let reading = |_| geometry::reading(self.width, self.height, how, view, None);
        Decoded {
            asked: self.asked.map(reading),
            ..self
        }
    }

    /// Whether [`for_view`] would decode the same for this view.
    pub(crate) fn suits(&self, how: &Preprocessing, view: &View) -> bool {
        let reading = geometry::reading(self.width, self.height, how, view, None);
        self.asked.is_none_or(|asked| asked == reading)
    }
}

/// Decodes a part of a file with as many pixels as are needed for a view of it.
pub(crate) fn for_view(
    bytes: &[u8],
    how: &Preprocessing,
    view: &View,
    area: &Area,
) -> Result<Decoded, PictureError> {
    // Every view sees the same part, and so all are cut at what the plain one shows.
    let trim = area.trim.unwrap_or(how.trim);
    let first = if trim { &View::PLAIN } else { view };
    let crop = area.crop.as_ref();
    let decoded = decode(bytes, &|width, height| {
        geometry::reading(width, height, how, first, crop)
    })?;
    let mut frame = Frame::whole(decoded.width, decoded.height);
    if let Some(crop) = crop {
        let (width, height) = decoded.upright_size();
        frame = decoded.stored(&crop.frame(width, height)?);
    }
    let cropped = decoded.cut(&frame);
    if !trim {
        return Ok(cropped.asked_for(how, view));
    }
    let subject = trim::subject(&cropped, how);
    let within = subject.unwrap_or(Frame::whole(frame.width, frame.height));
    let needed = geometry::reading(within.width, within.height, how, view, None);
    // The less of a picture is looked at, the more of its pixels are needed.
    let suits = match (cropped.asked, needed) {
        (Some(Reading::Eighths(_)), Reading::Eighths(needed)) => needed <= cropped.eighths,
        _ => true,
    };
    let trimmed = match suits {
        true => cropped.cut(&within),
        false => {
            // One at a time: the first is not needed any more.
            drop(cropped);
            decode(bytes, &|_, _| needed)?.cut(&within.out_of(&frame))
        }
    };
    Ok(trimmed.asked_for(how, view))
}

/// What the header of an image file says, and what decoding it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageInfo {
    /// Format of the file, by its first bytes.
    pub format: PictureFormat,
    /// Width in pixels, as stored.
    pub width: u32,
    /// Height in pixels, as stored.
    pub height: u32,
    /// The most bytes of memory that decoding and embedding take at once, the file itself not counted.
    pub memory: u64,
}

impl ImageInfo {
    /// Pixels of the whole image.
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// What a header says of an image that is within all limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The most bytes that decoding takes at once, the result included.
    pub(crate) memory: u64,
}

/// Reads the header of an image file, without decoding any pixels: what it claims to be, and the memory that
/// [`crate::Encoder::embed`] of the embedded encoder will take. Callers reserve that memory before they decode.
///
/// # Errors
/// [`PictureError`], as [`crate::Encoder::embed`] gives it, for whatever the header alone shows.
pub fn inspect(bytes: &[u8]) -> Result<ImageInfo, PictureError> {
    let format = checked_format(bytes)?;
    let size = match format {
        PictureFormat::Jpeg => jpeg::size(bytes)?,
        PictureFormat::Png => png::size(bytes)?,
        PictureFormat::WebP => webp::size(bytes)?,
        PictureFormat::Gif => gif::size(bytes)?,
        PictureFormat::Bmp => bmp::size(bytes)?,
        PictureFormat::Tiff => tiff::size(bytes)?,
        PictureFormat::Avif => avif::size(bytes)?,
    };
    let (width, height) = (size.width, size.height);
    check_memory(format, width, height, size.memory)?;
    let result = u64::from(width) * u64::from(height) * RGB_BYTES;
    let narrow = u64::from(width.max(height)) * NARROW_ROW;
    Ok(ImageInfo {
        format,
        width,
        height,
        memory: size.memory.max(result + narrow) + BASE_MEMORY,
    })
}

/// Bytes of a row of the image between the two passes of scaling it down, which is as wide as the network's.
const NARROW_ROW: u64 = 3 * 256;

/// What decoding and embedding take whatever the size of the image, in bytes.
const BASE_MEMORY: u64 = 8 << 20;

/// The format of a file that is neither empty nor too large.
fn checked_format(bytes: &[u8]) -> Result<PictureFormat, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty);
    }
    if bytes.len() > MAX_BYTES {
        return Err(PictureError::TooManyBytes {
            bytes: bytes.len(),
            limit: MAX_BYTES,
        });
    }
    sniff(bytes).ok_or_else(|| PictureError::UnsupportedFormat {
        found: unsupported::name(bytes),
    })
}

/// Decodes a file that was sniffed and found within all limits. Of an animation, the first frame.
/// `reading` tells for a width and height how; a format that cannot be decoded smaller gives all pixels.
pub(crate) fn decode(
    bytes: &[u8],
    reading: &dyn Fn(u32, u32) -> Reading,
) -> Result<Decoded, PictureError> {
    let format = checked_format(bytes)?;
    match format {
        PictureFormat::Jpeg => jpeg::decode(bytes, reading),
        PictureFormat::Png => png::decode(bytes),
        PictureFormat::WebP => webp::decode(bytes),
        PictureFormat::Gif => gif::decode(bytes),
        PictureFormat::Bmp => bmp::decode(bytes),
        PictureFormat::Tiff => tiff::decode(bytes),
        PictureFormat::Avif => avif::decode(bytes),
    }
}

fn corrupt(format: PictureFormat, reason: String) -> PictureError {
    PictureError::Corrupt { format, reason }
}

/// Bytes of a pixel in the result.
pub(crate) const RGB_BYTES: u64 = 3;

/// Whether a picture of this size is decoded at all; `pixel_bytes` is what a pixel takes at the most
/// demanding moment.
pub(crate) fn check_size(
    format: PictureFormat,
    width: u32,
    height: u32,
    pixel_bytes: u64,
) -> Result<(), PictureError> {
    let limit = MAX_PIXELS.min(PICTURE_MEMORY / pixel_bytes);
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        let reason = format!("the header claims {width}x{height} pixels");
        return Err(corrupt(format, reason));
    }
    if pixels > limit || width.max(height) > MAX_SIDE {
        return Err(PictureError::TooManyPixels {
            width,
            height,
            limit,
        });
    }
    Ok(())
}

/// Whether a picture is decoded that takes so many bytes at the most demanding moment, the result included.
pub(crate) fn check_memory(
    format: PictureFormat,
    width: u32,
    height: u32,
    memory: u64,
) -> Result<(), PictureError> {
    check_size(format, width, height, RGB_BYTES)?;
    if memory > PICTURE_MEMORY {
        let pixels = u64::from(width) * u64::from(height);
        return Err(PictureError::TooManyPixels {
            width,
            height,
            limit: (u128::from(pixels) * u128::from(PICTURE_MEMORY) / u128::from(memory)) as u64,
        });
    }
    Ok(())
}
