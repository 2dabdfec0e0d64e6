//! AVIF: still images of 8, 10 or 12 bits, with or without opacity. The boxes are read here, and the frame is
//! decoded by a translation of dav1d to Rust, which allocates no frame that is larger than the header says.

mod av1_bits;
mod av1_color;
mod av1_obus;
mod av1_sequence;
mod boxes;
mod color;
mod item;
mod meta;
mod no_image;

use image::RgbImage;
use image::metadata::Orientation;
use re_rav1d::dav1d::{Decoder, Picture, Settings};

use self::av1_obus::Still;
use self::color::Samples;
use self::item::{Item, contents};
use self::no_image::NoImage;
use super::canvas::{Canvas, Channels};
use super::fault::corrupt;
use super::size::{RGB_BYTES, Size, check_memory, check_size};
use crate::decoded::Decoded;
use crate::error::ImageError;
use crate::format::ImageFormat;
use crate::pixel_rect::PixelRect;

/// Bytes of the decoder's contexts, independent of the size.
const WORKING: u64 = 24 << 20;
/// Length of a block's side in pixels; the sides of a frame are rounded up to it.
const BLOCK: u64 = 128;
/// Percentage that borders and contexts add to a frame.
const CONTEXTS: u64 = 50;

/// Reads sides and memory from the header. No ratio limits the work: a frame of one color takes a
/// few bytes whatever its size.
pub(super) fn size(file: &[u8]) -> Result<Size, ImageError> {
    with_still(file, |color, opacity| {
        Ok(Size {
            width: color.item.width,
            height: color.item.height,
            memory: memory(&color, opacity.as_ref()),
        })
    })
}

/// An item and the frame in it.
struct Coded<'a> {
    item: &'a Item<'a>,
    still: Still<'a>,
}

/// Returns the bytes of the result, the data, and the frames of color and opacity.
fn memory(color: &Coded<'_>, opacity: Option<&Coded<'_>>) -> u64 {
    let pixels = u64::from(color.item.width) * u64::from(color.item.height);
    let data = |coded: &Coded<'_>| coded.item.data.len() as u64;
    let each = |coded: &Coded<'_>| frames(coded) + data(coded);
    pixels * RGB_BYTES + each(color) + opacity.map_or(0, each) + WORKING
}

/// Returns the bytes of the frames that the decoder makes for one frame, from the frame's own
/// header, because the decoder uses that.
fn frames(coded: &Coded<'_>) -> u64 {
    let sequence = &coded.still.sequence;
    let side = |side: u32| u64::from(side).next_multiple_of(BLOCK);
    let pixels = side(sequence.width) * side(sequence.height);
    let bytes = if sequence.bits > 8 { 2 } else { 1 };
    let per_cent = (100 + sequence.chroma) * bytes;
    pixels * per_cent * (sequence.copies * 100 + CONTEXTS) / (100 * 100)
}

/// Maximum number of pixels that are decoded. The decoder has no assembly, so a pixel takes some
/// 100 ns, many times as long as in other formats; and a few bytes can claim any number of them.
const MAX_PIXELS: u64 = 16_000_000;

/// Calls `make` with the image and its opacity, both within all limits.
fn with_still<T>(
    file: &[u8],
    make: impl FnOnce(Coded<'_>, Option<Coded<'_>>) -> Result<T, ImageError>,
) -> Result<T, ImageError> {
    let contents = contents(file).map_err(no_image)?;
    let sides = (contents.color.width, contents.color.height);
    let (width, height) = sides;
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(ImageError::TooManyPixels {
            width,
            height,
            limit: MAX_PIXELS,
        });
    }
    check_size(ImageFormat::Avif, width, height, RGB_BYTES)?;
    let color = coded(&contents.color, sides)?;
    let opacity = contents.opacity.as_ref();
    let opacity = opacity.map(|item| coded(item, sides)).transpose()?;
    let memory = memory(&color, opacity.as_ref());
    check_memory(ImageFormat::Avif, width, height, memory)?;
    make(color, opacity)
}

/// Returns the frame of an item, which must have these sides.
fn coded<'a>(item: &'a Item<'a>, sides: (u32, u32)) -> Result<Coded<'a>, ImageError> {
    let still = Still::read(&item.data).map_err(no_image)?;
    if (still.sequence.width, still.sequence.height) != sides {
        return Err(broken("its frame is not what its header says"));
    }
    Ok(Coded { item, still })
}

fn no_image(error: NoImage) -> ImageError {
    match error {
        NoImage::Broken(reason) => broken(reason),
        NoImage::Unsupported(found) => ImageError::UnsupportedFormat {
            found: found.to_owned(),
        },
    }
}

fn broken(reason: &str) -> ImageError {
    corrupt(ImageFormat::Avif, reason.to_owned())
}

/// Decodes the image that is shown, on white where it is transparent.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, ImageError> {
    with_still(file, |color, opacity| {
        let sides = (color.item.width, color.item.height);
        let orientation = orientation(color.item);
        let color = samples(&color, sides)?;
        let opacity = opacity.map(|coded| samples(&coded, sides)).transpose()?;
        let (pixels, visible) = painted(&color, opacity.as_ref(), sides);
        Ok(Decoded {
            visible,
            ..Decoded::whole(pixels, orientation)
        })
    })
}

fn painted(
    color: &Samples,
    opacity: Option<&Samples>,
    (width, height): (u32, u32),
) -> (RgbImage, Option<PixelRect>) {
    let mut canvas = Canvas::white(width, height);
    let (mut rgb, mut alpha, mut rgba) = (Vec::new(), Vec::new(), Vec::new());
    for y in 0..height {
        color.rgb(y as usize, width as usize, &mut rgb);
        let Some(opacity) = opacity else {
            canvas.put((0, y), 1, Channels::Rgb, &rgb);
            continue;
        };
        opacity.gray(y as usize, width as usize, &mut alpha);
        rgba.clear();
        let (pixels, _) = rgb.as_chunks::<3>();
        for (&[red, green, blue], &alpha) in pixels.iter().zip(&alpha) {
            rgba.extend([red, green, blue, alpha]);
        }
        canvas.put((0, y), 1, Channels::RgbAlpha, &rgba);
    }
    canvas.finish()
}

/// Decodes the samples of an item, which must have these sides and the kind that its sequence
/// header states.
fn samples(coded: &Coded<'_>, sides: (u32, u32)) -> Result<Samples, ImageError> {
    let image = frame(coded, sides).ok_or_else(|| broken("its frame is damaged or ends early"))?;
    let bits = image.bit_depth() as u32;
    if (image.width(), image.height()) != sides || bits != coded.still.sequence.bits {
        return Err(broken("its frame is not what its header says"));
    }
    Ok(Samples::new(&image, coded.item.matrix))
}

/// Decodes the only frame of the data; `None` if it is damaged, or larger than it should be.
fn frame(coded: &Coded<'_>, (width, height): (u32, u32)) -> Option<Picture> {
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(width.checked_mul(height)?);
    settings.set_strict_std_compliance(true);
    let mut decoder = Decoder::with_settings(&settings).ok()?;
    match decoder.send_data(coded.still.data(), None, None, None) {
        Ok(()) => {}
        Err(error) if error.is_again() => {}
        Err(_) => return None,
    }
    decoder.get_picture().ok()
}

/// Converts rotation and mirroring to an EXIF orientation.
fn orientation(item: &Item<'_>) -> Orientation {
    let number = match (item.turns, item.mirror) {
        (0, None) => 1,
        (1, None) => 8,
        (2, None) => 3,
        (_, None) => 6,
        (0, Some(1)) | (2, Some(0)) => 2,
        (0, Some(_)) | (2, Some(_)) => 4,
        (1, Some(0)) | (3, Some(1)) => 5,
        (_, Some(_)) => 7,
    };
    Orientation::from_exif(number).unwrap_or(Orientation::NoTransforms)
}
