use std::ops::Range;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;
use image::{DynamicImage, RgbImage, imageops};

use crate::View;
use crate::decode::Decoded;
use crate::geometry::{self, Plan, Region};
use crate::preprocessing::Preprocessing;

/// A view of the decoded picture at the network's size, upright. Filters widen with the reduction and
/// round to eight bits after each of two passes, as Pillow's do.
pub(crate) fn to_network_size(
    decoded: &Decoded,
    how: &Preprocessing,
    view: &View,
) -> Result<RgbImage, String> {
    let orientation = decoded.orientation;
    let plan = geometry::plan(decoded.width, decoded.height, orientation, how, view);
    let plan = Plan {
        region: plan.region.at(decoded.eighths).moved(decoded.offset),
        ..plan
    };
    let mut small = DynamicImage::ImageRgb8(resize(&decoded.pixels, &plan, orientation, how)?);
    small.apply_orientation(orientation);
    let mut small = small.into_rgb8();
    if view.flipped {
        imageops::flip_horizontal_in_place(&mut small);
    }
    if small.dimensions() == (how.width, how.height) {
        return Ok(small);
    }
    let mut canvas = RgbImage::new(how.width, how.height);
    imageops::replace(
        &mut canvas,
        &small,
        i64::from(plan.left),
        i64::from(plan.top),
    );
    Ok(canvas)
}

/// The region at its new size, still as stored. Both passes could be one call, but that call goes down
/// before it goes across; Pillow goes across first, and rounding in between makes the order visible.
fn resize(
    picture: &RgbImage,
    plan: &Plan,
    orientation: Orientation,
    how: &Preprocessing,
) -> Result<RgbImage, String> {
    let (width, height) = if geometry::swaps_sides(orientation) {
        (plan.height, plan.width)
    } else {
        (plan.width, plan.height)
    };
    let region = plan.region;
    let Some(kernel) = how.filter.kernel() else {
        return pass(picture, region, (width, height), ResizeAlg::Nearest);
    };
    let rows = rows_in_reach(&region, picture.height(), height, kernel);
    let first = f64::from(rows.start);
    let reached = f64::from(rows.end - rows.start);
    let across = Region {
        top: first,
        height: reached,
        ..region
    };
    let size = (width, rows.end - rows.start);
    let narrow = pass(picture, across, size, ResizeAlg::Convolution(kernel))?;
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

/// The rows of the picture that take part in resizing the region to `height` rows.
fn rows_in_reach(region: &Region, picture: u32, height: u32, kernel: FilterType) -> Range<u32> {
    let scale = (region.height / f64::from(height)).max(1.0);
    let reach = radius(kernel) * scale;
    let first = (region.top - reach).floor().max(0.0);
    let end = (region.top + region.height + reach)
        .ceil()
        .min(f64::from(picture));
    // Both lie between 0 and the height of the picture.
    first as u32..end as u32
}

/// How far a kernel reaches, in pixels of the smaller picture.
fn radius(kernel: FilterType) -> f64 {
    match kernel {
        FilterType::Box => 0.5,
        FilterType::Bilinear | FilterType::Hamming => 1.0,
        FilterType::CatmullRom => 2.0,
        _ => 3.0,
    }
}

fn pass(
    picture: &RgbImage,
    region: Region,
    (width, height): (u32, u32),
    algorithm: ResizeAlg,
) -> Result<RgbImage, String> {
    let options = ResizeOptions::new()
        .resize_alg(algorithm)
        .crop(region.left, region.top, region.width, region.height)
        .use_alpha(false);
    // Typed views: the untyped ones compile every pixel type there is into this crate.
    let source = TypedImageRef::<U8x3>::from_buffer(picture.width(), picture.height(), picture)
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
mod tests {
    use super::*;
    use crate::preprocessing::tests::sample;
    use crate::preprocessing::{Filter, Resize};
    use image::Rgb;

    fn picture(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let wave = (f64::from(x) * 0.31).sin() * (f64::from(y) * 0.17).cos();
            Rgb([
                (wave * 120.0 + 128.0) as u8,
                (x * 255 / width) as u8,
                (y * 255 / height) as u8,
            ])
        })
    }

    fn how(resize: Resize, side: u32, filter: Filter) -> Preprocessing {
        Preprocessing {
            resize,
            filter,
            width: side,
            height: side,
            ..sample()
        }
    }

    fn largest_difference(left: &RgbImage, right: &RgbImage) -> u8 {
        assert_eq!(left.dimensions(), right.dimensions());
        left.iter()
            .zip(right.iter())
            .map(|(a, b)| a.abs_diff(*b))
            .max()
            .unwrap_or(0)
    }

    fn see(
        picture: &RgbImage,
        orientation: Orientation,
        how: &Preprocessing,
        view: &View,
    ) -> Result<RgbImage, String> {
        to_network_size(&Decoded::whole(picture.clone(), orientation), how, view)
    }

    #[test]
    fn resizing_the_surviving_part_equals_cropping_afterwards() {
        let source = picture(301, 457);
        for filter in [
            Filter::Bicubic,
            Filter::Bilinear,
            Filter::Lanczos,
            Filter::Box,
            Filter::Hamming,
        ] {
            let part = how(Resize::ShortestEdge(64), 48, filter);
            let part = see(&source, Orientation::NoTransforms, &part, &View::PLAIN);
            let whole = Preprocessing {
                resize: Resize::Exact {
                    width: 64,
                    height: 97,
                },
                filter,
                width: 64,
                height: 97,
                ..sample()
            };
            let whole = see(&source, Orientation::NoTransforms, &whole, &View::PLAIN);
            let whole = whole.expect("resized");
            let cropped = imageops::crop_imm(&whole, 8, 24, 48, 48).to_image();
            let part = part.expect("resized");
            assert!(largest_difference(&part, &cropped) <= 1, "{filter:?}");
        }
    }

    #[test]
    fn turning_before_or_after_resizing_is_the_same() {
        let source = picture(123, 211);
        let how = how(Resize::ShortestEdge(40), 33, Filter::Bicubic);
        for orientation in (1..=8).filter_map(Orientation::from_exif) {
            let after = see(&source, orientation, &how, &View::PLAIN).expect("resized");
            let mut turned = DynamicImage::ImageRgb8(source.clone());
            turned.apply_orientation(orientation);
            let before = see(
                &turned.into_rgb8(),
                Orientation::NoTransforms,
                &how,
                &View::PLAIN,
            );
            let before = before.expect("resized");
            // The two passes change places, and they round.
            assert!(largest_difference(&before, &after) <= 2, "{orientation:?}");
        }
    }

    #[test]
    fn padding_is_black_and_nearest_takes_pixels_as_they_are() {
        let white = RgbImage::from_pixel(2, 4, Rgb([255; 3]));
        let padded = how(Resize::Keep, 4, Filter::Nearest);
        let padded = see(&white, Orientation::NoTransforms, &padded, &View::PLAIN).expect("padded");
        assert_eq!(padded.get_pixel(0, 0).0, [0; 3]);
        assert_eq!(padded.get_pixel(1, 3).0, [255; 3]);
        assert_eq!(padded.get_pixel(3, 0).0, [0; 3]);
        let source = picture(8, 8);
        let nearest = how(
            Resize::Exact {
                width: 4,
                height: 4,
            },
            4,
            Filter::Nearest,
        );
        let small = see(&source, Orientation::NoTransforms, &nearest, &View::PLAIN);
        assert_eq!(
            small.expect("resized").get_pixel(1, 2),
            source.get_pixel(3, 5)
        );
    }

    #[test]
    fn a_flipped_view_is_the_mirror_image_and_a_crop_is_a_part() {
        let source = picture(120, 90);
        let how = how(Resize::ShortestEdge(60), 60, Filter::Bilinear);
        let seen = |view: &View| see(&source, Orientation::Rotate90, &how, view).expect("resized");
        let plain = seen(&View::PLAIN);
        assert_eq!(imageops::flip_horizontal(&plain), seen(&View::PLAIN.flip()));
        // A quarter of the region, upper left: twice as large, so it agrees with the plain one enlarged.
        let close = seen(&View::PLAIN.crop(0.5, -1.0, -1.0));
        let enlarged = imageops::resize(
            &imageops::crop_imm(&plain, 0, 0, 30, 30).to_image(),
            60,
            60,
            imageops::FilterType::Triangle,
        );
        let difference: f64 = close
            .iter()
            .zip(enlarged.iter())
            .map(|(a, b)| f64::from(a.abs_diff(*b)))
            .sum();
        assert!(difference / (60.0 * 60.0 * 3.0) < 6.0, "{difference}");
    }
}
