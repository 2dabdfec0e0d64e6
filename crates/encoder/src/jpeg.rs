//! JPEG: the common kind, baseline, by code of ours; whatever else there is by `jpeg-decoder` rather than by the
//! decoder inside `image`: that one rounds chroma twice while it interpolates, always upwards, and fills
//! missing data with grey. The network notices the former on flat pictures; nobody would notice the latter.

mod bits;
mod block;
mod colour;
mod compressed;
mod header;
mod huffman;
mod idct;
mod plane;
mod reduced;
mod whole;

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageBuffer, RgbImage};
use jpeg_decoder::{CodingProcess, Decoder, Error, ImageInfo, PixelFormat};

use crate::decode::{Decoded, RGB_BYTES, check_size};
use crate::geometry::{Reading, WHOLE};
use crate::{MAX_PIXELS, PictureError, PictureFormat, alpha, cmyk, jpeg_end};

use self::reduced::Reduced;

/// Width, height and the bytes that a pixel takes, by the header.
pub(crate) fn inspect(bytes: &[u8]) -> Result<(u32, u32, u64), PictureError> {
    let mut decoder = Decoder::new(bytes);
    decoder.read_info().map_err(failed)?;
    let info = decoder
        .info()
        .ok_or_else(|| corrupt("there is no frame header"))?;
    Ok((info.width.into(), info.height.into(), pixel_bytes(&info)))
}

/// Decodes grey, YCbCr, RGB, CMYK and YCCK; the latter two as Adobe writes them, inverted, whether or
/// not they say so: no other kind is found in the wild.
/// `reading` is that of [`crate::decode::decode`].
pub(crate) fn decode(
    bytes: &[u8],
    reading: &dyn Fn(u32, u32) -> Reading,
) -> Result<Decoded, PictureError> {
    let mut decoder = Decoder::new(bytes);
    // Four bytes a pixel is the most that the size limit lets through.
    let largest = usize::try_from(MAX_PIXELS * 4).unwrap_or(usize::MAX);
    decoder.set_max_decoding_buffer_size(largest);
    decoder.read_info().map_err(failed)?;
    let info = decoder
        .info()
        .ok_or_else(|| corrupt("there is no frame header"))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check_size(PictureFormat::Jpeg, width, height, pixel_bytes(&info))?;
    let pixels = u64::from(width) * u64::from(height);
    jpeg_end::check(bytes, pixels).map_err(|reason| corrupt(&reason))?;
    let asked = reading(width, height);
    let own = match asked {
        Reading::AsBefore => None,
        Reading::Eighths(eighths) => baseline(bytes, eighths),
    };
    let (eighths, pixels) = match own {
        Some(decoded) => decoded,
        None => {
            let samples = decoder.decode().map_err(failed)?;
            let pixels = rgb(&info, samples);
            (
                WHOLE,
                pixels.ok_or_else(|| corrupt("the scans do not fill the picture"))?,
            )
        }
    };
    // Unreadable metadata does not make a picture unreadable.
    let orientation = decoder.exif_data().and_then(Orientation::from_exif_chunk);
    Ok(Decoded {
        pixels,
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
        width,
        height,
        eighths,
        offset: (0.0, 0.0),
        visible: None,
        asked: Some(asked),
    })
}

/// A baseline picture at this size, or the next larger one at which its patterns are not lost; and at which.
fn baseline(bytes: &[u8], asked: u32) -> Option<(u32, RgbImage)> {
    let mut eighths = asked;
    while eighths < WHOLE {
        match reduced::decode(bytes, eighths as usize)? {
            Reduced::Picture(picture) => return Some((eighths, picture)),
            Reduced::Pattern => eighths *= 2,
        }
    }
    Some((WHOLE, whole::decode(bytes)?))
}

/// What a pixel takes at the most demanding moment: progressive pictures keep two bytes of coefficients
/// for each sample until the last scan, and all but RGB have samples and result side by side.
fn pixel_bytes(info: &ImageInfo) -> u64 {
    let samples = info.pixel_format.pixel_bytes() as u64;
    let coefficients = match info.coding_process {
        CodingProcess::DctProgressive => 2 * samples,
        CodingProcess::DctSequential | CodingProcess::Lossless => 0,
    };
    samples + coefficients.max(RGB_BYTES)
}

/// `None` when there are fewer samples than the header promises.
fn rgb(info: &ImageInfo, samples: Vec<u8>) -> Option<RgbImage> {
    let (width, height) = (info.width.into(), info.height.into());
    let enough =
        info.pixel_format.pixel_bytes() * usize::from(info.width) * usize::from(info.height);
    match info.pixel_format {
        _ if samples.len() < enough => None,
        PixelFormat::L8 => {
            let grey = GrayImage::from_raw(width, height, samples)?;
            Some(alpha::flatten(grey.into()))
        }
        PixelFormat::L16 => {
            let (pairs, _) = samples.as_chunks::<2>();
            let deep = pairs.iter().map(|&pair| u16::from_ne_bytes(pair)).collect();
            let grey = ImageBuffer::from_raw(width, height, deep)?;
            Some(alpha::flatten(DynamicImage::ImageLuma16(grey)))
        }
        PixelFormat::RGB24 => RgbImage::from_raw(width, height, samples),
        PixelFormat::CMYK32 => Some(cmyk::to_rgb(width, height, &samples)),
    }
}

fn corrupt(reason: &str) -> PictureError {
    PictureError::Corrupt {
        format: PictureFormat::Jpeg,
        reason: reason.to_owned(),
    }
}

fn failed(error: Error) -> PictureError {
    match error {
        Error::Format(reason) => corrupt(&reason),
        Error::Unsupported(feature) => corrupt(&format!("unsupported feature {feature:?}")),
        other => corrupt(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    use super::reduced::tests::file;
    use super::*;

    #[test]
    fn baseline_files_are_decoded_at_the_part_that_is_enough() {
        for (kind, sampling, restart) in [
            (ColorType::Rgb, SamplingFactor::F_1_1, 0),
            (ColorType::Rgb, SamplingFactor::F_2_1, 1),
            (ColorType::Rgb, SamplingFactor::F_1_2, 0),
            (ColorType::Rgb, SamplingFactor::F_2_2, 5),
            (ColorType::Luma, SamplingFactor::F_1_1, 1),
        ] {
            let file = file((203, 101), kind, sampling, restart);
            for enough in [1, 2, 4, 8] {
                let decoded = decode(&file, &|_, _| Reading::Eighths(enough)).unwrap();
                assert_eq!((decoded.width, decoded.height), (203, 101));
                let sides = [203, 101].map(|side: u32| (side * enough).div_ceil(8));
                assert_eq!(decoded.eighths, enough, "{kind:?} {sampling:?}");
                assert_eq!([decoded.pixels.width(), decoded.pixels.height()], sides);
            }
        }
    }

    #[test]
    fn others_are_decoded_whole() {
        let mut progressive = Vec::new();
        let mut encoder = Encoder::new(&mut progressive, 80);
        encoder.set_progressive(true);
        let grey = [90; 48 * 16];
        encoder.encode(&grey, 48, 16, ColorType::Luma).unwrap();
        let asked = Reading::Eighths(2);
        let decoded = decode(&progressive, &|_, _| asked).unwrap();
        assert_eq!((decoded.eighths, decoded.asked), (WHOLE, Some(asked)));
        assert_eq!((decoded.pixels.width(), decoded.pixels.height()), (48, 16));
    }
}
