use crate::crop::Crop;

/// The part of an image that is embedded. The default is what the encoder looks at of every image.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Area {
    /// Only this box.
    pub crop: Option<Crop>,
    /// Without uniform or transparent margins, as far as that leaves something to see, or with them; as the
    /// encoder's preprocessing says where that is left open.
    pub trim: Option<bool>,
}

impl Area {
    /// All of the image.
    pub const WHOLE: Area = Area {
        crop: None,
        trim: Some(false),
    };
}
