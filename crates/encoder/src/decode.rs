use std::io::Cursor;

use image::codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::error::ImageError;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageResult, Limits, RgbImage};

use crate::frame::Frame;
use crate::geometry::Reading;
use crate::preprocessing::Preprocessing;
use crate::{
    Area, MAX_BYTES, MAX_PIXELS, MAX_SIDE, PictureError, PictureFormat, View, alpha, geometry,
    jpeg, sniff, trim, unsupported,
};

/// What a decoder may allocate besides pixels, in bytes: rows, tables, metadata.
const WORKING_MEMORY: u64 = 64 * 1024 * 1024;

/// What a picture may take while it is decoded, in bytes: what a function of 1 GB has beside an index.
/// Plain pictures of [`MAX_PIXELS`] stay below; deep and progressive ones reach it with fewer pixels.
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
        false => decode(bytes, &|_, _| needed)?.cut(&within.out_of(&frame)),
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

/// Reads the header of an image file, without decoding any pixels: what it claims to be, and the memory that
/// [`crate::Encoder::embed`] will take. Callers reserve that memory before they decode.
///
/// # Errors
/// [`PictureError`], as [`crate::Encoder::embed`] gives it, for whatever the header alone shows.
pub fn inspect(bytes: &[u8]) -> Result<ImageInfo, PictureError> {
    let format = checked_format(bytes)?;
    let file = Cursor::new(bytes);
    let (width, height, pixel_bytes) = match format {
        PictureFormat::Jpeg => jpeg::inspect(bytes)?,
        PictureFormat::Png => {
            let (width, height) = png_size(bytes).unwrap_or_default();
            check_size(format, width, height, RGB_BYTES)?;
            measured(format, PngDecoder::with_limits(file, limits(width, height)))?
        }
        PictureFormat::WebP => measured(format, WebPDecoder::new(file))?,
        PictureFormat::Gif => measured(format, GifDecoder::new(file))?,
    };
    check_size(format, width, height, pixel_bytes)?;
    Ok(ImageInfo {
        format,
        width,
        height,
        memory: u64::from(width) * u64::from(height) * pixel_bytes + BASE_MEMORY,
    })
}

/// What decoding and embedding take whatever the size of the image, in bytes.
const BASE_MEMORY: u64 = 8 << 20;

/// Width, height and bytes that a pixel takes, by the header.
fn measured(
    format: PictureFormat,
    decoder: ImageResult<impl ImageDecoder>,
) -> Result<(u32, u32, u64), PictureError> {
    let decoder = decoder.map_err(|error| PictureError::Corrupt {
        format,
        reason: reason(&error),
    })?;
    let (width, height) = decoder.dimensions();
    Ok((width, height, pixel_bytes(decoder.color_type())))
}

/// Bytes of a pixel at the most demanding moment. Transparent images become eight-bit RGBA on the way,
/// sixteen-bit ones keep their samples meanwhile.
fn pixel_bytes(kind: ColorType) -> u64 {
    let between = if kind.has_alpha() { 4 } else { 0 };
    let held = u64::from(kind.bytes_per_pixel()).max(between);
    held + between.max(RGB_BYTES)
}

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
    let file = Cursor::new(bytes);
    match format {
        PictureFormat::Jpeg => jpeg::decode(bytes, reading),
        PictureFormat::Png => {
            // The decoder allocates before it tells the size.
            let (width, height) = png_size(bytes).unwrap_or_default();
            check_size(format, width, height, RGB_BYTES)?;
            read(format, PngDecoder::with_limits(file, limits(width, height)))
        }
        PictureFormat::WebP => read(format, WebPDecoder::new(file)),
        PictureFormat::Gif => read(format, GifDecoder::new(file)),
    }
}

fn read(
    format: PictureFormat,
    decoder: ImageResult<impl ImageDecoder>,
) -> Result<Decoded, PictureError> {
    let corrupt = |error: ImageError| PictureError::Corrupt {
        format,
        reason: reason(&error),
    };
    let mut decoder = decoder.map_err(corrupt)?;
    let (width, height) = decoder.dimensions();
    check_size(format, width, height, pixel_bytes(decoder.color_type()))?;
    decoder.set_limits(limits(width, height)).map_err(corrupt)?;
    // Unreadable metadata does not make a picture unreadable.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(corrupt)?;
    let visible = alpha::visible(&picture);
    Ok(Decoded {
        visible,
        ..Decoded::whole(alpha::flatten(picture), orientation)
    })
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
        return Err(PictureError::Corrupt { format, reason });
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

/// Width and height from the IHDR chunk, which comes first in every PNG.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.get(12..24)?.strip_prefix(b"IHDR")?;
    let (width, height) = header.split_first_chunk::<4>()?;
    let height = height.first_chunk::<4>()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// Sixteen-bit RGBA of this size, and some to work with.
fn limits(width: u32, height: u32) -> Limits {
    let pixels = u64::from(width) * u64::from(height);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(pixels * 8 + WORKING_MEMORY);
    limits
}

/// The decoder's own words without the prefix that repeats the format.
fn reason(error: &ImageError) -> String {
    match error {
        ImageError::Decoding(error) => {
            std::error::Error::source(error).map_or_else(|| error.to_string(), |s| s.to_string())
        }
        other => other.to_string(),
    }
}
