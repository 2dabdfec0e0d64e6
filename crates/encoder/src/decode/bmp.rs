//! BMP: all kinds that Windows supports except those with a JPEG or PNG inside.

use image::codecs::bmp::BmpDecoder;
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, RgbImage};

use super::alpha::on_white;
use super::bytes::{Bytes, Joined};
use super::fault::corrupt;
use super::size::{RGB_BYTES, Size, check_size};
use crate::decoded::Decoded;
use crate::error::ImageError;
use crate::format::ImageFormat;

/// Maximum number of pixels of a compressed byte: two bytes stand for a run of up to 255.
const MAX_RATIO: u64 = 128;
/// Bytes of a pixel with opacity.
const RGBA_BYTES: u64 = 4;
/// Bytes of the palette and a row.
const WORKING: u64 = 1 << 20;
/// A file may end without the padding of its last row, which is up to three bytes.
const PADDING: &[u8] = &[0; 3];

/// The fields of the header that are used.
#[derive(Debug, Clone, Copy)]
struct Header {
    width: u32,
    height: u32,
    bits: u32,
    compression: u32,
    /// Offset of the pixels in the file, in bytes.
    start: u32,
}

impl Header {
    /// Reads the header of Windows, or the older one of OS/2. `None` if the file ends before.
    fn read(file: &[u8]) -> Option<Header> {
        let mut bytes = Bytes::new(file.get(10..)?);
        let start = u32::from_le_bytes(bytes.array()?);
        let length = u32::from_le_bytes(bytes.array()?);
        if length == OLD_HEADER {
            let (width, height) = (bytes.u16()?.into(), bytes.u16()?.into());
            let _planes = bytes.u16()?;
            return Some(Header {
                width,
                height,
                bits: bytes.u16()?.into(),
                compression: 0,
                start,
            });
        }
        let width = i32::from_le_bytes(bytes.array()?);
        let height = i32::from_le_bytes(bytes.array()?);
        let _planes = bytes.u16()?;
        Some(Header {
            // A negative width is invalid; a negative height means that the first row is on top.
            width: u32::try_from(width).unwrap_or(0),
            height: height.unsigned_abs(),
            bits: bytes.u16()?.into(),
            compression: u32::from_le_bytes(bytes.array()?),
            start,
        })
    }
}

/// Bytes of the header of OS/2.
const OLD_HEADER: u32 = 12;

/// Reads sides and memory from the header; refuses a file that is too short for its rows.
pub(super) fn size(file: &[u8]) -> Result<Size, ImageError> {
    let header = checked(file)?;
    let pixels = u64::from(header.width) * u64::from(header.height);
    Ok(Size {
        width: header.width,
        height: header.height,
        memory: pixels * pixel_bytes(&header) + WORKING,
    })
}

fn pixel_bytes(header: &Header) -> u64 {
    match header.bits {
        16 | 32 => RGBA_BYTES,
        _ => RGB_BYTES,
    }
}

fn checked(file: &[u8]) -> Result<Header, ImageError> {
    let header = Header::read(file).ok_or_else(|| broken("it ends within its header"))?;
    let (width, height) = (header.width, header.height);
    check_size(ImageFormat::Bmp, width, height, pixel_bytes(&header))?;
    let data = (file.len() as u64).saturating_sub(header.start.into());
    match header.compression {
        // Plain, or with masks that define which bits are which color.
        0 | 3 | 6 => {
            let row = (u64::from(width) * u64::from(header.bits)).div_ceil(8);
            let stride = row.next_multiple_of(4);
            // The last row may lack its padding.
            let rows = (data + stride - row).checked_div(stride).unwrap_or(0);
            if rows < u64::from(height) {
                return Err(broken(&format!("{rows} of its {height} rows are there")));
            }
        }
        1 | 2 => {
            if data.saturating_mul(MAX_RATIO) < u64::from(width) * u64::from(height) {
                return Err(broken(&format!(
                    "the header claims {width}x{height} pixels, and {data} bytes of compressed pixels cannot \
                     hold as many"
                )));
            }
        }
        4 | 5 => {
            let found = "BMP with another image format inside".to_owned();
            return Err(ImageError::UnsupportedFormat { found });
        }
        _ => return Err(broken("its pixels are packed in an unknown way")),
    }
    Ok(header)
}

fn broken(reason: &str) -> ImageError {
    corrupt(ImageFormat::Bmp, reason.to_owned())
}

/// Decodes all rows. If opacity is zero everywhere, the image is treated as opaque, as in browsers.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, ImageError> {
    checked(file)?;
    let decoder = BmpDecoder::new(Joined::new(file, PADDING)).map_err(|error| failed(&error))?;
    let (width, height) = decoder.dimensions();
    let kind = decoder.color_type();
    let mut samples = vec![0; decoder.total_bytes() as usize];
    decoder
        .read_image(&mut samples)
        .map_err(|error| failed(&error))?;
    let damaged = || broken("its pixels do not fill its rows");
    let (pixels, visible) = match kind {
        ColorType::Rgb8 => {
            let pixels = RgbImage::from_raw(width, height, samples).ok_or_else(damaged)?;
            (pixels, None)
        }
        ColorType::Rgba8 => {
            let (pixels, _) = samples.as_chunks_mut::<4>();
            if pixels.iter().all(|pixel| pixel[3] == 0) {
                pixels.iter_mut().for_each(|pixel| pixel[3] = 255);
            }
            let (pixels, seen) = on_white(width, height, samples).ok_or_else(damaged)?;
            (pixels, seen.rect(width, height))
        }
        _ => return Err(damaged()),
    };
    Ok(Decoded {
        visible,
        ..Decoded::whole(pixels, Orientation::NoTransforms)
    })
}

/// Converts the decoder's errors, which name its own types and numbers of the format.
fn failed(error: &image::ImageError) -> ImageError {
    broken(match error {
        image::ImageError::IoError(_) => "it ends before its last row",
        _ => "its header or its rows are inconsistent",
    })
}
