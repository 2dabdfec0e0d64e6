use image::metadata::Orientation;

use crate::augmentation::Augmentation;
use crate::crop::Crop;
use crate::preprocessing::{Filter, Preprocessing, REDUCED_JPEG_SINCE};
use crate::resize_plan;

/// Minimum number of pixels of a reduced decode for every pixel of the result, on each axis. The
/// filter that makes the result widens with the reduction and resolves nothing finer than half of
/// that, so what a reduced decode loses or blurs is beyond what the filter lets through.
const MIN_OVERSAMPLING: f64 = 2.5;

/// The scale at which an image is decoded, in eighths of its sides: 1, 2, 4 or 8. Only JPEG can be
/// decoded at less than 8; other formats ignore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DecodeScale(u32);

impl DecodeScale {
    /// All pixels.
    pub(crate) const WHOLE: DecodeScale = DecodeScale(8);

    /// Returns the smallest scale that keeps enough pixels for an image that is then made
    /// `reduction` times smaller.
    pub(crate) fn for_reduction(reduction: f64) -> DecodeScale {
        let keeps = |eighths: &u32| reduction * f64::from(*eighths) >= MIN_OVERSAMPLING * 8.0;
        let reduced = [1, 2, 4].into_iter().find(keeps);
        reduced.map_or(DecodeScale::WHOLE, DecodeScale)
    }

    /// Returns the smallest scale at which an image of this size, or a crop of it, can be decoded
    /// for the network. It holds for every orientation, which may not be known yet.
    pub(crate) fn for_network(
        width: u32,
        height: u32,
        preprocessing: &Preprocessing,
        augmentation: &Augmentation,
        crop: Option<&Crop>,
    ) -> DecodeScale {
        if preprocessing.code < REDUCED_JPEG_SINCE {
            return DecodeScale::WHOLE;
        }
        // Nearest neighbor uses single pixels directly.
        if preprocessing.filter == Filter::Nearest {
            return DecodeScale::WHOLE;
        }
        let reduction = [(width, height), (height, width)].map(|(width, height)| {
            // A crop outside of the image is refused later, when the orientation is known.
            let rect = crop.and_then(|crop| crop.rect(width, height).ok());
            let (width, height) = rect.map_or((width, height), |rect| (rect.width, rect.height));
            let upright = Orientation::NoTransforms;
            let plan = resize_plan::plan(width, height, upright, preprocessing, augmentation);
            let across = plan.region.width / f64::from(plan.width);
            across.min(plan.region.height / f64::from(plan.height))
        });
        DecodeScale::for_reduction(reduction[0].min(reduction[1]))
    }

    /// Returns the eighths of each side.
    pub(crate) fn eighths(self) -> u32 {
        self.0
    }

    /// Returns the factor for lengths, at most 1.
    pub(crate) fn factor(self) -> f64 {
        f64::from(self.0) / f64::from(Self::WHOLE.0)
    }
}
