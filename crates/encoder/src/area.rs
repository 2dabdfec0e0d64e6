//! Which part of a picture is looked at: a box that somebody drew, and what is left without margins.

use std::fmt;
use std::str::FromStr;

/// The part of a picture that is embedded. The default is what the encoder looks at of every picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Area {
    /// Only this box.
    pub crop: Option<Crop>,
    /// Without uniform or transparent margins, as far as that leaves something to see, or with them; as the
    /// encoder's preprocessing says where that is left open.
    pub trim: Option<bool>,
}

impl Area {
    /// All of the picture.
    pub const WHOLE: Area = Area {
        crop: None,
        trim: Some(false),
    };
}

/// What the numbers of a [`Crop`] count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CropUnit {
    /// Pixels of the upright picture.
    Pixels,
    /// Shares of its sides, 0 to 1.
    Shares,
}

/// A box in the upright picture, that is after its EXIF orientation was honoured: `x` and `y` of its upper
/// left corner, width and height, all finite. Whether it lies in a picture, only the picture can tell.
///
/// As text, `x,y,w,h`: shares when all four have a `%`, or all four are 0 to 1 and one is written with a
/// decimal point; pixels otherwise.
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

/// A text or numbers that are no box.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCrop {
    /// Not four numbers.
    #[error(
        "expected four numbers x,y,w,h: pixels such as 10,20,300,400, or shares such as 0.1,0.2,0.5,0.5 or \
         10%,20%,50%,50%"
    )]
    NotFourNumbers,
    /// Some numbers are shares and others pixels.
    #[error("expected a % after all four numbers x,y,w,h or after none")]
    MixedUnits,
    /// A number is infinite or none at all.
    #[error("expected finite numbers x, y, w and h")]
    NotFinite,
}

impl Crop {
    /// A box of finite numbers.
    ///
    /// # Errors
    /// [`BadCrop::NotFinite`].
    pub fn new([x, y, w, h]: [f64; 4], unit: CropUnit) -> Result<Self, BadCrop> {
        match [x, y, w, h].iter().all(|number| number.is_finite()) {
            true => Ok(Self { x, y, w, h, unit }),
            false => Err(BadCrop::NotFinite),
        }
    }

    /// What its numbers count.
    pub fn unit(&self) -> CropUnit {
        self.unit
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

/// `x,y,w,h` with their unit, for people.
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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn crop(numbers: [f64; 4], unit: CropUnit) -> Crop {
        Crop::new(numbers, unit).unwrap()
    }

    #[test]
    fn texts_say_their_unit() {
        for (text, numbers, unit) in [
            (
                "10,20,300,400",
                [10.0, 20.0, 300.0, 400.0],
                CropUnit::Pixels,
            ),
            (
                " 10 , 20,300 ,400.5 ",
                [10.0, 20.0, 300.0, 400.5],
                CropUnit::Pixels,
            ),
            ("0,0,1,1", [0.0, 0.0, 1.0, 1.0], CropUnit::Pixels),
            ("0.0,0,1,1", [0.0, 0.0, 1.0, 1.0], CropUnit::Shares),
            ("0,.5,1,.5", [0.0, 0.5, 1.0, 0.5], CropUnit::Shares),
            ("0.5,0.5,1.5,0.5", [0.5, 0.5, 1.5, 0.5], CropUnit::Pixels),
            ("0%,25%,100%,75 %", [0.0, 0.25, 1.0, 0.75], CropUnit::Shares),
            ("-5,0,10,10", [-5.0, 0.0, 10.0, 10.0], CropUnit::Pixels),
        ] {
            assert_eq!(text.parse(), Ok(crop(numbers, unit)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "1,2,3",
            "1,2,3,4,5",
            "a,b,c,d",
            "1;2;3;4",
            "1,2,3,",
            "1,2,3,4px",
        ] {
            assert_eq!(text.parse::<Crop>(), Err(BadCrop::NotFourNumbers), "{text}");
        }
        assert_eq!("1%,2,3,4".parse::<Crop>(), Err(BadCrop::MixedUnits));
        for text in ["NaN,0,1,1", "0,inf,1,1", "0,0,-inf,1", "0,0,1e999,1"] {
            assert_eq!(text.parse::<Crop>(), Err(BadCrop::NotFinite), "{text}");
        }
    }
}
