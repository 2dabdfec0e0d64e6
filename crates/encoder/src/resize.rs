use std::ops::Range;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;
use image::{DynamicImage, RgbImage, imageops};

use crate::augmentation::Augmentation;
use crate::decoded::Decoded;
use crate::preprocessing::Preprocessing;
use crate::region::{Region, swaps_sides};
use crate::resize_plan::{self, Plan};

/// Resizes an augmentation of the decoded image to the network's size, upright. Filters widen with
/// the reduction and round to eight bits after each of two passes, as in Pillow.
pub(crate) fn to_network_size(
    decoded: &Decoded,
    preprocessing: &Preprocessing,
    augmentation: &Augmentation,
) -> Result<RgbImage, String> {
    let orientation = decoded.orientation;
    let plan = resize_plan::plan(
        decoded.width,
        decoded.height,
        orientation,
        preprocessing,
        augmentation,
    );
    let plan = Plan {
        region: plan
            .region
            .scaled(decoded.scale.factor())
            .moved(decoded.offset),
        ..plan
    };
    let mut small =
        DynamicImage::ImageRgb8(resize(&decoded.pixels, &plan, orientation, preprocessing)?);
    small.apply_orientation(orientation);
    let mut small = small.into_rgb8();
    if augmentation.flipped {
        imageops::flip_horizontal_in_place(&mut small);
    }
    if small.dimensions() == (preprocessing.width, preprocessing.height) {
        return Ok(small);
    }
    let mut canvas = RgbImage::new(preprocessing.width, preprocessing.height);
    imageops::replace(
        &mut canvas,
        &small,
        i64::from(plan.left),
        i64::from(plan.top),
    );
    Ok(canvas)
}

/// Resizes the region, still in its stored orientation. Both passes could be one call, but that
/// call goes down before it goes across; Pillow goes across first, and rounding in between makes
/// the order visible.
fn resize(
    image: &RgbImage,
    plan: &Plan,
    orientation: Orientation,
    preprocessing: &Preprocessing,
) -> Result<RgbImage, String> {
    let (width, height) = if swaps_sides(orientation) {
        (plan.height, plan.width)
    } else {
        (plan.width, plan.height)
    };
    let region = plan.region;
    let Some(kernel) = preprocessing.filter.kernel() else {
        return pass(image, region, (width, height), ResizeAlg::Nearest);
    };
    let rows = rows_in_reach(&region, image.height(), height, kernel);
    let first = f64::from(rows.start);
    let reached = f64::from(rows.end - rows.start);
    let across = Region {
        top: first,
        height: reached,
        ..region
    };
    let size = (width, rows.end - rows.start);
    let narrow = pass(image, across, size, ResizeAlg::Convolution(kernel))?;
    let down = Region {
        left: 0.0,
        width: f64::from(width),
        top: region.top - first,
        ..region
    };
    pass(
        &narrow,
        down,
        (width, height),
        ResizeAlg::Convolution(kernel),
    )
}

/// Returns the rows of the image that take part in resizing the region to `height` rows.
fn rows_in_reach(region: &Region, image: u32, height: u32, kernel: FilterType) -> Range<u32> {
    let scale = (region.height / f64::from(height)).max(1.0);
    let reach = radius(kernel) * scale;
    let first = (region.top - reach).floor().max(0.0);
    let end = (region.top + region.height + reach)
        .ceil()
        .min(f64::from(image));
    // Both are between 0 and the height of the image.
    first as u32..end as u32
}

/// Returns the radius of a kernel, in pixels of the smaller image.
fn radius(kernel: FilterType) -> f64 {
    match kernel {
        FilterType::Box => 0.5,
        FilterType::Bilinear | FilterType::Hamming => 1.0,
        FilterType::CatmullRom => 2.0,
        _ => 3.0,
    }
}

fn pass(
    image: &RgbImage,
    region: Region,
    (width, height): (u32, u32),
    algorithm: ResizeAlg,
) -> Result<RgbImage, String> {
    let options = ResizeOptions::new()
        .resize_alg(algorithm)
        .crop(region.left, region.top, region.width, region.height)
        .use_alpha(false);
    // Typed views: untyped ones would compile every pixel type into this crate.
    let source = TypedImageRef::<U8x3>::from_buffer(image.width(), image.height(), image)
        .map_err(|error| error.to_string())?;
    let mut small = RgbImage::new(width, height);
    let mut target = TypedImage::<U8x3>::from_buffer(width, height, &mut small)
        .map_err(|error| error.to_string())?;
    Resizer::new()
        .resize_typed(&source, &mut target, &options)
        .map_err(|error| error.to_string())?;
    Ok(small)
}

#[cfg(test)]
mod tests;
