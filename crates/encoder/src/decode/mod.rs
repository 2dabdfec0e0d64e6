//! Image bytes to pixels: detects the format, checks the limits and runs the format's decoder.
//!
//! | module | format |
//! |---|---|
//! | `avif`, `gif`, `png`, `tiff`, `webp` | the container is read here, pixels are unpacked by a crate |
//! | `bmp`, `jpeg` | decoded by a crate, once the header is within the limits |

mod alpha;
mod avif;
mod bmp;
mod bytes;
mod canvas;
mod checked_format;
mod cmyk;
mod fault;
mod gif;
mod inspect;
mod jpeg;
mod png;
mod seen;
mod size;
mod tiff;
mod unsupported;
mod webp;

pub use inspect::{ImageInfo, inspect};

use crate::area::Area;
use crate::augmentation::Augmentation;
use crate::decode_scale::DecodeScale;
use crate::decoded::Decoded;
use crate::error::ImageError;
use crate::format::ImageFormat;
use crate::pixel_rect::PixelRect;
use crate::preprocessing::Preprocessing;
use crate::trim;

/// Decodes a part of a file with as many pixels as the network needs for an augmentation of it.
///
/// # Errors
/// The errors of [`decode`], and [`ImageError::Crop`] if the area is not inside the image.
pub(crate) fn decode_area(
    bytes: &[u8],
    preprocessing: &Preprocessing,
    augmentation: &Augmentation,
    area: &Area,
) -> Result<Decoded, ImageError> {
    let trim = area.trim.unwrap_or(preprocessing.trim);
    // Every augmentation sees the same part, so margins are found in the plain image.
    let first = if trim {
        &Augmentation::NONE
    } else {
        augmentation
    };
    let crop = area.crop.as_ref();
    let decoded = decode(bytes, &|width, height| {
        DecodeScale::for_network(width, height, preprocessing, first, crop)
    })?;
    let mut rect = PixelRect::whole(decoded.width, decoded.height);
    if let Some(crop) = crop {
        let (width, height) = decoded.upright_size();
        rect = decoded.stored(&crop.rect(width, height)?);
    }
    let cropped = decoded.cut(&rect);
    if !trim {
        return Ok(cropped.requested_for(preprocessing, augmentation));
    }
    let content = trim::content_bounds(&cropped, preprocessing);
    let within = content.unwrap_or(PixelRect::whole(rect.width, rect.height));
    let (width, height) = (within.width, within.height);
    let needed = DecodeScale::for_network(width, height, preprocessing, augmentation, None);
    // The smaller the part, the more of the image's pixels are needed.
    let trimmed = if needed <= cropped.scale {
        cropped.cut(&within)
    } else {
        // Frees the first decode before the second, so that only one is held at a time.
        drop(cropped);
        decode(bytes, &|_, _| needed)?.cut(&within.out_of(&rect))
    };
    Ok(trimmed.requested_for(preprocessing, augmentation))
}

/// Decodes a file within all limits; of an animation, the first frame. `scale` returns the scale
/// for a width and height; a format that cannot be decoded smaller returns all pixels.
///
/// # Errors
/// [`ImageError`] describes the fault of the file.
pub(crate) fn decode(
    bytes: &[u8],
    scale: &dyn Fn(u32, u32) -> DecodeScale,
) -> Result<Decoded, ImageError> {
    match checked_format::checked_format(bytes)? {
        ImageFormat::Jpeg => jpeg::decode(bytes, scale),
        ImageFormat::Png => png::decode(bytes),
        ImageFormat::WebP => webp::decode(bytes),
        ImageFormat::Gif => gif::decode(bytes),
        ImageFormat::Bmp => bmp::decode(bytes),
        ImageFormat::Tiff => tiff::decode(bytes),
        ImageFormat::Avif => avif::decode(bytes),
    }
}
