use std::fmt;
use std::str::FromStr;

use crate::error::ImageError;
use crate::pixel_rect::PixelRect;

/// Maximum distance by which a box may extend beyond its image, in pixels: a box drawn on a smaller
/// copy is rounded.
const ROUNDING: f64 = 1.0;

/// The unit of a [`Crop`]'s numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CropUnit {
    /// Pixels of the upright image.
    Pixels,
    /// Shares of its sides, 0 to 1.
    Shares,
}

/// A box in the upright image, after its EXIF orientation was applied: `x` and `y` of its upper
/// left corner, width and height, all finite. It is checked against the image when it is used.
///
/// Its text is `x,y,w,h`: shares if all four have a `%`, or if all four are 0 to 1 and one is
/// written with a decimal point; pixels otherwise.
///
/// ```
/// use lookalike_encoder::{Crop, CropUnit};
/// let middle: Crop = "25%,25%,50%,50%".parse()?;
/// assert_eq!(middle, "0.25,0.25,0.5,0.5".parse()?);
/// assert_eq!("0,0,1,1".parse::<Crop>()?.unit(), CropUnit::Pixels);
/// # Ok::<(), lookalike_encoder::BadCrop>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) w: f64,
    pub(crate) h: f64,
    pub(crate) unit: CropUnit,
}

/// The reason why a text or numbers are not a box.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCrop {
    /// The text is not four numbers.
    #[error(
        "expected four numbers x,y,w,h: pixels such as 10,20,300,400, or shares such as 0.1,0.2,0.5,0.5 or \
         10%,20%,50%,50%"
    )]
    NotFourNumbers,
    /// Some numbers are shares and others pixels.
    #[error("expected a % after all four numbers x,y,w,h or after none")]
    MixedUnits,
    /// A number is infinite or not a number.
    #[error("expected finite numbers x, y, w and h")]
    NotFinite,
}

impl Crop {
    /// Makes a box from finite numbers.
    ///
    /// # Errors
    /// [`BadCrop::NotFinite`].
    pub fn new([x, y, w, h]: [f64; 4], unit: CropUnit) -> Result<Self, BadCrop> {
        match [x, y, w, h].iter().all(|number| number.is_finite()) {
            true => Ok(Self { x, y, w, h, unit }),
            false => Err(BadCrop::NotFinite),
        }
    }

    /// Returns the unit of the numbers.
    pub fn unit(&self) -> CropUnit {
        self.unit
    }

    /// Returns the pixels of the box in an upright image of this size.
    ///
    /// # Errors
    /// [`ImageError::Crop`] if the box is empty or not inside the image.
    pub(crate) fn rect(&self, width: u32, height: u32) -> Result<PixelRect, ImageError> {
        let refused = |fault: &'static str| ImageError::Crop {
            crop: self.to_string(),
            fault,
            width,
            height,
        };
        let (across, down) = match self.unit {
            CropUnit::Pixels => (1.0, 1.0),
            CropUnit::Shares => (f64::from(width), f64::from(height)),
        };
        if self.w <= 0.0 || self.h <= 0.0 {
            return Err(refused("is empty in the image"));
        }
        let along = |start: f64, length: f64, side: u32| {
            let (whole, end) = (f64::from(side), start + length);
            let inside = start >= -ROUNDING && end <= whole + ROUNDING;
            let first = start.round().clamp(0.0, whole - 1.0);
            let last = end.round().clamp(first + 1.0, whole);
            inside.then_some((first as u32, last as u32))
        };
        let sides = (
            along(self.x * across, self.w * across, width),
            along(self.y * down, self.h * down, height),
        );
        match sides {
            (Some((left, right)), Some((top, bottom))) => {
                Ok(PixelRect::between(left, top, right, bottom))
            }
            _ => Err(refused("reaches beyond the image")),
        }
    }
}

impl FromStr for Crop {
    type Err = BadCrop;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let texts: Vec<&str> = text.split(',').map(str::trim).collect();
        let texts: [&str; 4] = texts.try_into().map_err(|_| BadCrop::NotFourNumbers)?;
        let percents = texts.iter().filter(|text| text.ends_with('%')).count();
        let mut numbers = [0.0; 4];
        for (number, text) in numbers.iter_mut().zip(&texts) {
            let digits = text.strip_suffix('%').unwrap_or(text);
            let parsed = digits.trim_end().parse::<f64>();
            *number = parsed.map_err(|_| BadCrop::NotFourNumbers)?;
        }
        match percents {
            4 => Self::new(numbers.map(|percent| percent / 100.0), CropUnit::Shares),
            0 => {
                let small = numbers.iter().all(|number| (0.0..=1.0).contains(number));
                let shares = small && texts.iter().any(|text| text.contains('.'));
                Self::new(
                    numbers,
                    if shares {
                        CropUnit::Shares
                    } else {
                        CropUnit::Pixels
                    },
                )
            }
            _ => Err(BadCrop::MixedUnits),
        }
    }
}

/// Prints `x,y,w,h` with their unit, for people.
impl fmt::Display for Crop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { x, y, w, h, unit } = self;
        match unit {
            CropUnit::Pixels => write!(f, "{x},{y},{w},{h}"),
            CropUnit::Shares => {
                let [x, y, w, h] = [x, y, w, h].map(|share| share * 100.0);
                write!(f, "{x}%,{y}%,{w}%,{h}%")
            }
        }
    }
}

#[cfg(test)]
mod tests;
