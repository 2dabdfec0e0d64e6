/// The reason why there is no image to decode.
#[derive(Debug)]
pub(super) enum NoImage {
    /// The file is damaged.
    Broken(&'static str),
    /// The file has a kind with this name, which is not supported.
    Unsupported(&'static str),
}

pub(super) const CUT: NoImage = NoImage::Broken("its directory is damaged or cut off");
pub(super) const TOO_MANY: NoImage = NoImage::Broken("its directory has too many entries");
