//! AVIF: still images of 8, 10 or 12 bits, with or without opacity. The boxes are read here, and the frame is
//! decoded by a translation of dav1d to Rust, which allocates no frame that is larger than the header says.

use image::metadata::Orientation;
use re_rav1d::dav1d::{Decoder, Picture, Settings};

use super::avif_boxes::{Contents, Item, NoImage, contents};
use super::avif_colour::Samples;
use super::canvas::{Canvas, Channels};
use super::{Decoded, RGB_BYTES, Size, check_size, corrupt};
use crate::{PictureError, PictureFormat};

/// Bytes of the decoder's contexts, whatever the size.
const WORKING: u64 = 24 << 20;
/// Hundredths that a frame has more than its pixels: its sides are rounded up to blocks, and it has borders
/// and contexts of its own.
const PER_CENT: u64 = 150;

/// Sides and memory by the header. No ratio bounds the work: a frame of one colour takes a few bytes whatever its
/// size.
pub(super) fn size(file: &[u8]) -> Result<Size, PictureError> {
    let contents = checked(file)?;
    let (width, height) = (contents.colour.width, contents.colour.height);
    Ok(Size {
        width,
        height,
        memory: u64::from(width) * u64::from(height) * pixel_bytes(&contents)
            + contents.colour.data.len() as u64
            + WORKING,
    })
}

/// The result, and the frames of colour and opacity.
fn pixel_bytes(contents: &Contents<'_>) -> u64 {
    let frame = |item: &Item<'_>| {
        let bytes = if item.deep { 2 } else { 1 };
        ((100 + item.chroma) * bytes * PER_CENT).div_ceil(100 * 100)
    };
    let opacity = contents.opacity.as_ref().map_or(0, frame);
    RGB_BYTES + frame(&contents.colour) + opacity
}

/// The most pixels that are decoded. The decoder has no assembly, so that a pixel takes some 100 ns, many times as long as
/// in other formats; and a few bytes can claim any number of them.
const MAX_PIXELS: u64 = 16_000_000;

fn checked(file: &[u8]) -> Result<Contents<'_>, PictureError> {
    let contents = contents(file).map_err(|error| match error {
        NoImage::Broken(reason) => broken(reason),
        NoImage::Unsupported(found) => PictureError::UnsupportedFormat {
            found: found.to_owned(),
        },
    })?;
    let (width, height) = (contents.colour.width, contents.colour.height);
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureError::TooManyPixels {
            width,
            height,
            limit: MAX_PIXELS,
        });
    }
    check_size(PictureFormat::Avif, width, height, pixel_bytes(&contents))?;
    Ok(contents)
}

fn broken(reason: &str) -> PictureError {
    corrupt(PictureFormat::Avif, reason.to_owned())
}

/// Decodes the image that is shown, on white where it is transparent.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, PictureError> {
    let contents = checked(file)?;
    let (width, height) = (contents.colour.width, contents.colour.height);
    let colour = samples(&contents.colour, (width, height))?;
    let opacity = contents.opacity.as_ref();
    let opacity = opacity.map(|item| samples(item, (width, height)));
    let opacity = opacity.transpose()?;
    let mut canvas = Canvas::white(width, height);
    let (mut rgb, mut alpha, mut rgba) = (Vec::new(), Vec::new(), Vec::new());
    for y in 0..height {
        colour.rgb(y as usize, width as usize, &mut rgb);
        let Some(opacity) = &opacity else {
            canvas.put((0, y), 1, Channels::Rgb, &rgb);
            continue;
        };
        opacity.grey(y as usize, width as usize, &mut alpha);
        rgba.clear();
        let (pixels, _) = rgb.as_chunks::<3>();
        for (&[red, green, blue], &alpha) in pixels.iter().zip(&alpha) {
            rgba.extend([red, green, blue, alpha]);
        }
        canvas.put((0, y), 1, Channels::RgbAlpha, &rgba);
    }
    let (pixels, visible) = canvas.finish();
    Ok(Decoded {
        visible,
        ..Decoded::whole(pixels, orientation(&contents.colour))
    })
}

/// The samples of an item, which must have these sides and the kind that its properties promise.
fn samples(item: &Item<'_>, sides: (u32, u32)) -> Result<Samples, PictureError> {
    let picture = frame(item, sides).ok_or_else(|| broken("its frame is damaged or ends early"))?;
    if (picture.width(), picture.height()) != sides || (picture.bit_depth() > 8) != item.deep {
        return Err(broken("its frame is not what its header says"));
    }
    Ok(Samples::new(&picture, item.matrix))
}

/// The first frame of the data; `None` when there is none, or it is larger than it should be.
fn frame(item: &Item<'_>, (width, height): (u32, u32)) -> Option<Picture> {
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(width.checked_mul(height)?);
    settings.set_strict_std_compliance(true);
    if item.data.is_empty() {
        return None;
    }
    let mut decoder = Decoder::with_settings(&settings).ok()?;
    let data = item.data.to_vec();
    match decoder.send_data(data, None, None, None) {
        Ok(()) => {}
        Err(error) if error.is_again() => {}
        Err(_) => return None,
    }
    decoder.get_picture().ok()
}

/// Turning and mirroring as EXIF numbers them.
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
