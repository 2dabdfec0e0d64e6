//! Reads `preprocessor_config.json`, the file beside a vision model on Hugging Face.
//!
//! | field | meaning here |
//! |---|---|
//! | `do_resize` (true), `size` | `{"shortest_edge": n}`, `{"height": h, "width": w}`, or a number: the shorter side if the image is cropped, otherwise both |
//! | `crop_pct` | with a shortest edge under 384: resize to `n / crop_pct`, crop to `n`; from 384 on squeeze to `n` x `n` |
//! | `resample` | Pillow's number, 0 to 5; required for resizing |
//! | `do_center_crop`, `crop_size` | a number or `{"height", "width"}`; cropping is on if `crop_size` is there |
//! | `do_rescale` (true), `rescale_factor` (1/255) | applied first |
//! | `do_normalize`, `image_mean`, `image_std` | one number or three; on if `image_mean` is there |
//! | `channel_order` (`rgb`), `do_flip_channel_order` | mean and deviation are in the network's order |
//! | `data_format` (`channels_first`) | or `channels_last` |
//! | `trim_margins` (false) | uniform and transparent margins are trimmed first; a field of this project, which is true in the built-in encoder |
//!
//! A field that changes pixels in an unsupported way is refused rather than ignored.

mod fields;

use lookalike_inference::LoadError;
use serde_json::Value;

use self::fields::{Fields, Size, wrong};
use crate::preprocessing::{CODE_VERSION, ChannelOrder, Filter, Layout, Preprocessing, Resize};

/// From this shortest edge on, `crop_pct` means squeezing instead of cropping.
const SQUEEZE_FROM: u32 = 384;

/// Steps of other processors that change pixels.
const UNSUPPORTED_STEPS: &[&str] = &[
    "do_align_long_axis",
    "do_color_quantize",
    "do_image_splitting",
    "do_pad",
    "do_thumbnail",
    "include_top",
    "rescale_offset",
];

/// Parses the steps that the file describes, with defaults filled in.
pub(crate) fn parse(file: &[u8]) -> Result<Preprocessing, LoadError> {
    let fields = match serde_json::from_slice(file) {
        Ok(Value::Object(fields)) => Fields::new(fields),
        Ok(_) => return Err(wrong("(file)", "expected a JSON object")),
        Err(error) => return Err(wrong("(file)", &format!("expected JSON: {error}"))),
    };
    for step in UNSUPPORTED_STEPS {
        if fields.flag(step)? == Some(true) {
            return Err(wrong(step, "this step is not supported; expected false"));
        }
    }
    let (resize, (width, height)) = size_and_crop(&fields)?;
    let (mean, deviation) = normalization(&fields)?;
    Ok(Preprocessing {
        resize,
        filter: filter(&fields, resize)?,
        width,
        height,
        rescale: rescale(&fields)?,
        mean,
        deviation,
        channels: channel_order(&fields)?,
        layout: layout(&fields)?,
        trim: fields.flag("trim_margins")?.unwrap_or(false),
        code: CODE_VERSION,
    })
}

fn size_and_crop(fields: &Fields) -> Result<(Resize, (u32, u32)), LoadError> {
    let crop = crop(fields)?;
    if !fields.flag("do_resize")?.unwrap_or(true) {
        let size = crop.ok_or_else(|| {
            wrong(
                "crop_size",
                "expected a size: images are neither resized nor cropped",
            )
        })?;
        return Ok((Resize::Keep, size));
    }
    let size = fields
        .size("size")?
        .ok_or_else(|| wrong("size", "expected a size to resize to"))?;
    let fraction = fields.number("crop_pct")?;
    let edge = match size {
        Size::Exact { width, height } => {
            return Ok((
                Resize::Exact { width, height },
                crop.unwrap_or((width, height)),
            ));
        }
        Size::Number(side) if crop.is_none() && fraction.is_none() => {
            return Ok((
                Resize::Exact {
                    width: side,
                    height: side,
                },
                (side, side),
            ));
        }
        Size::Number(edge) | Size::ShortestEdge(edge) => edge,
    };
    match (fraction, crop) {
        (Some(fraction), None) => cropped_by_fraction(edge, fraction),
        (_, Some(crop)) => Ok((Resize::ShortestEdge(edge), crop)),
        (None, None) => Err(wrong(
            "crop_size",
            "expected a size: resizing by the shortest edge alone gives images of all shapes",
        )),
    }
}

fn crop(fields: &Fields) -> Result<Option<(u32, u32)>, LoadError> {
    let size = fields.size("crop_size")?;
    if !fields.flag("do_center_crop")?.unwrap_or(size.is_some()) {
        return Ok(None);
    }
    match size {
        Some(Size::Number(side)) => Ok(Some((side, side))),
        Some(Size::Exact { width, height }) => Ok(Some((width, height))),
        Some(Size::ShortestEdge(_)) => Err(wrong(
            "crop_size",
            "expected a number or {\"height\", \"width\"}",
        )),
        None => Err(wrong(
            "crop_size",
            "expected a size, because do_center_crop is true",
        )),
    }
}

fn cropped_by_fraction(edge: u32, fraction: f64) -> Result<(Resize, (u32, u32)), LoadError> {
    if edge >= SQUEEZE_FROM {
        return Ok((
            Resize::Exact {
                width: edge,
                height: edge,
            },
            (edge, edge),
        ));
    }
    if !(0.1..=1.0).contains(&fraction) {
        return Err(wrong(
            "crop_pct",
            &format!("expected 0.1 to 1, found {fraction}"),
        ));
    }
    // At most ten times the edge, which fits.
    let resized = (f64::from(edge) / fraction) as u32;
    Ok((Resize::ShortestEdge(resized), (edge, edge)))
}

fn filter(fields: &Fields, resize: Resize) -> Result<Filter, LoadError> {
    let Some(number) = fields.number("resample")? else {
        return match resize {
            Resize::Keep => Ok(Filter::Nearest),
            _ => Err(wrong(
                "resample",
                "expected Pillow's number of a filter, 0 to 5",
            )),
        };
    };
    let filters = [
        Filter::Nearest,
        Filter::Lanczos,
        Filter::Bilinear,
        Filter::Bicubic,
        Filter::Box,
        Filter::Hamming,
    ];
    filters
        .into_iter()
        .find(|filter| f64::from(*filter as u32) == number)
        .ok_or_else(|| wrong("resample", &format!("expected 0 to 5, found {number}")))
}

fn rescale(fields: &Fields) -> Result<f64, LoadError> {
    let factor = fields.number("rescale_factor")?.unwrap_or(1.0 / 255.0);
    let rescales = fields.flag("do_rescale")?.unwrap_or(true);
    Ok(if rescales { factor } else { 1.0 })
}

fn normalization(fields: &Fields) -> Result<([f64; 3], [f64; 3]), LoadError> {
    let mean = fields.three("image_mean")?;
    let deviation = fields.three("image_std")?;
    if !fields.flag("do_normalize")?.unwrap_or(mean.is_some()) {
        return Ok(([0.0; 3], [1.0; 3]));
    }
    let mean = mean.ok_or_else(|| wrong("image_mean", "expected three numbers"))?;
    let deviation = deviation.ok_or_else(|| wrong("image_std", "expected three numbers"))?;
    // Below this, quotients exceed the range of f32.
    if deviation.iter().any(|value| value.abs() < 1e-30) {
        return Err(wrong("image_std", "expected numbers other than zero"));
    }
    Ok((mean, deviation))
}

fn channel_order(fields: &Fields) -> Result<ChannelOrder, LoadError> {
    let flipped = fields.flag("do_flip_channel_order")?;
    match fields.text("channel_order")?.as_deref() {
        None if flipped == Some(true) => Ok(ChannelOrder::Bgr),
        None => Ok(ChannelOrder::Rgb),
        Some("rgb" | "RGB") if flipped != Some(true) => Ok(ChannelOrder::Rgb),
        Some("bgr" | "BGR") if flipped != Some(false) => Ok(ChannelOrder::Bgr),
        Some("rgb" | "RGB" | "bgr" | "BGR") => {
            Err(wrong("channel_order", "contradicts do_flip_channel_order"))
        }
        Some(other) => Err(wrong(
            "channel_order",
            &format!("expected rgb or bgr, found {other}"),
        )),
    }
}

fn layout(fields: &Fields) -> Result<Layout, LoadError> {
    match fields.text("data_format")?.as_deref() {
        None | Some("channels_first") => Ok(Layout::ChannelsFirst),
        Some("channels_last") => Ok(Layout::ChannelsLast),
        Some(other) => {
            let reason = format!("expected channels_first or channels_last, found {other}");
            Err(wrong("data_format", &reason))
        }
    }
}

#[cfg(test)]
mod tests;
