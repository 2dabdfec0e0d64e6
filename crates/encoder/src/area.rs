use crate::crop::Crop;

/// The part of an image that is embedded. The default is what the encoder uses of every image.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Area {
    /// The box to embed; all of the image if `None`.
    pub crop: Option<Crop>,
    /// True to trim uniform or transparent margins, as long as something is left to see; false to
    /// keep them; `None` to follow the encoder's preprocessing.
    pub trim: Option<bool>,
}

impl Area {
    /// The whole image, untrimmed.
    pub const WHOLE: Area = Area {
        crop: None,
        trim: Some(false),
    };
}
