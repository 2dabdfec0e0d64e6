use fast_image_resize::FilterType;
use sha2::{Digest, Sha256};

/// Version of the preprocessing code. It is raised when the same image becomes noticeably different
/// numbers: the fingerprint then changes, so that old and new vectors are never mixed in one index.
/// Earlier behavior is kept, see [`Preprocessing::reading_as`], because existing indexes must stay
/// searchable.
///
/// | version | what changed |
/// |---|---|
/// | 1 | |
/// | 2 | large JPEGs are decoded at a part of their size |
pub(crate) const CODE_VERSION: u32 = 2;

/// The first version that decodes large JPEGs at a part of their size.
pub(crate) const REDUCED_JPEG_SINCE: u32 = 2;

/// The steps between decoded pixels and the network, with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Preprocessing {
    pub(crate) resize: Resize,
    pub(crate) filter: Filter,
    /// Size of the network's input in pixels, after cropping.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Factor for channel values 0 to 255, before mean and deviation.
    pub(crate) rescale: f64,
    /// Mean of each channel, in the network's channel order.
    pub(crate) mean: [f64; 3],
    pub(crate) deviation: [f64; 3],
    pub(crate) channels: ChannelOrder,
    pub(crate) layout: Layout,
    /// True if uniform margins are trimmed first.
    pub(crate) trim: bool,
    /// The [`CODE_VERSION`] whose behavior is reproduced.
    pub(crate) code: u32,
}

/// The size of the image before cropping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resize {
    /// Keeps the size.
    Keep,
    /// Resizes to this size, ignoring the aspect ratio.
    Exact { width: u32, height: u32 },
    /// Resizes the shorter side to this length.
    ShortestEdge(u32),
}

/// Resampling filters, numbered as in Pillow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    Nearest = 0,
    Lanczos = 1,
    Bilinear = 2,
    Bicubic = 3,
    Box = 4,
    Hamming = 5,
}

impl Filter {
    /// Returns the convolution kernel; `None` for nearest neighbor, which has none.
    pub(crate) fn kernel(self) -> Option<FilterType> {
        match self {
            Filter::Nearest => None,
            Filter::Lanczos => Some(FilterType::Lanczos3),
            Filter::Bilinear => Some(FilterType::Bilinear),
            // Pillow's bicubic has a = -0.5, which is the Catmull-Rom spline.
            Filter::Bicubic => Some(FilterType::CatmullRom),
            Filter::Box => Some(FilterType::Box),
            Filter::Hamming => Some(FilterType::Hamming),
        }
    }
}

/// Order of the color channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChannelOrder {
    Rgb,
    Bgr,
}

/// Axis of the channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    ChannelsFirst,
    ChannelsLast,
}

impl Preprocessing {
    /// Returns the shape of the network's input.
    pub(crate) fn shape(&self) -> [usize; 4] {
        let (width, height) = (self.width as usize, self.height as usize);
        match self.layout {
            Layout::ChannelsFirst => [1, 3, height, width],
            Layout::ChannelsLast => [1, height, width, 3],
        }
    }

    /// Returns the preprocessing of the code version that had this fingerprint; `None` if no
    /// version did.
    pub(crate) fn reading_as(
        &self,
        fingerprint: [u8; 32],
        model_sha256: [u8; 32],
    ) -> Option<Preprocessing> {
        let versions = (1..=CODE_VERSION).rev();
        let mut all = versions.map(|code| Preprocessing {
            code,
            ..self.clone()
        });
        all.find(|version| version.fingerprint(model_sha256) == fingerprint)
    }

    /// Returns the SHA-256 over the model's SHA-256 and every value here, including the version of
    /// the code. Two files with the same meaning have the same fingerprint.
    pub(crate) fn fingerprint(&self, model_sha256: [u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"lookalike encoder");
        hash.update(self.code.to_le_bytes());
        hash.update(model_sha256);
        let (kind, width, height) = match self.resize {
            Resize::Keep => (0, 0, 0),
            Resize::Exact { width, height } => (1, width, height),
            Resize::ShortestEdge(edge) => (2, edge, 0),
        };
        let bgr = u32::from(self.channels == ChannelOrder::Bgr);
        let last = u32::from(self.layout == Layout::ChannelsLast);
        let filter = self.filter as u32;
        for number in [
            kind,
            width,
            height,
            filter,
            self.width,
            self.height,
            bgr,
            last,
        ] {
            hash.update(number.to_le_bytes());
        }
        for number in [self.rescale]
            .iter()
            .chain(&self.mean)
            .chain(&self.deviation)
        {
            hash.update(number.to_le_bytes());
        }
        // Encoders that keep margins have the fingerprint from before trimming existed, so that old
        // indexes match.
        if self.trim {
            hash.update(b"trimmed");
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
pub(crate) mod tests;
