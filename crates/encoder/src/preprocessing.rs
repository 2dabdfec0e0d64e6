use fast_image_resize::FilterType;
use sha2::{Digest, Sha256};

/// Raised whenever the code turns the same picture into other numbers, by whatever amount matters: the
/// fingerprint then changes, and an index made before is not mixed with vectors made after. What the code
/// did before stays possible, see [`Preprocessing::reading_as`], or such an index could not be searched.
///
/// | version | what changed |
/// |---|---|
/// | 1 | |
/// | 2 | large JPEGs are decoded at a part of their size |
pub(crate) const CODE_VERSION: u32 = 2;

/// Since when large JPEGs are decoded at a part of their size.
pub(crate) const REDUCED_JPEG_SINCE: u32 = 2;

/// What happens between decoded pixels and the network, with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Preprocessing {
    pub(crate) resize: Resize,
    pub(crate) filter: Filter,
    /// Size of the network's input in pixels, after cropping.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Factor for channel values 0 to 255, before mean and deviation.
    pub(crate) rescale: f64,
    /// Per channel, in the network's channel order.
    pub(crate) mean: [f64; 3],
    pub(crate) deviation: [f64; 3],
    pub(crate) channels: ChannelOrder,
    pub(crate) layout: Layout,
    /// Whether uniform margins are cut off before anything else.
    pub(crate) trim: bool,
    /// Which [`CODE_VERSION`] pictures are read as.
    pub(crate) code: u32,
}

/// How large the picture becomes before cropping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resize {
    /// As it is.
    Keep,
    /// To this size, the aspect ratio given up.
    Exact { width: u32, height: u32 },
    /// Until the shorter side has this length.
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
    /// The convolution kernel; `None` for nearest neighbour, which has none.
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

/// Which colour comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChannelOrder {
    Rgb,
    Bgr,
}

/// Which axis the channels are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    ChannelsFirst,
    ChannelsLast,
}

impl Preprocessing {
    /// Shape of the network's input.
    pub(crate) fn shape(&self) -> [usize; 4] {
        let (width, height) = (self.width as usize, self.height as usize);
        match self.layout {
            Layout::ChannelsFirst => [1, 3, height, width],
            Layout::ChannelsLast => [1, height, width, 3],
        }
    }

    /// The same, done as the code did it that gave this fingerprint; `None` when none did.
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

    /// SHA-256 over the model's SHA-256, every value here, the version of the code among them. Two files that
    /// say the same in other words have one fingerprint.
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
        // Encoders that leave margins alone have the fingerprint that they had before there was a choice.
        if self.trim {
            hash.update(b"trimmed");
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample() -> Preprocessing {
        Preprocessing {
            resize: Resize::ShortestEdge(256),
            filter: Filter::Bicubic,
            width: 224,
            height: 224,
            rescale: 1.0,
            mean: [127.0; 3],
            deviation: [128.0; 3],
            channels: ChannelOrder::Rgb,
            layout: Layout::ChannelsFirst,
            trim: false,
            code: CODE_VERSION,
        }
    }

    #[test]
    fn every_value_and_the_model_change_the_fingerprint() {
        let base = sample();
        let mut prints = vec![base.fingerprint([0; 32]), base.fingerprint([1; 32])];
        for other in [
            Preprocessing {
                code: 1,
                ..base.clone()
            },
            Preprocessing {
                resize: Resize::Keep,
                ..base.clone()
            },
            Preprocessing {
                resize: Resize::ShortestEdge(255),
                ..base.clone()
            },
            Preprocessing {
                resize: Resize::Exact {
                    width: 256,
                    height: 0,
                },
                ..base.clone()
            },
            Preprocessing {
                filter: Filter::Bilinear,
                ..base.clone()
            },
            Preprocessing {
                width: 225,
                ..base.clone()
            },
            Preprocessing {
                height: 225,
                ..base.clone()
            },
            Preprocessing {
                rescale: 0.5,
                ..base.clone()
            },
            Preprocessing {
                mean: [127.0, 127.0, 126.0],
                ..base.clone()
            },
            Preprocessing {
                deviation: [127.0, 128.0, 128.0],
                ..base.clone()
            },
            Preprocessing {
                channels: ChannelOrder::Bgr,
                ..base.clone()
            },
            Preprocessing {
                layout: Layout::ChannelsLast,
                ..base.clone()
            },
            Preprocessing {
                trim: true,
                ..base.clone()
            },
        ] {
            prints.push(other.fingerprint([0; 32]));
        }
        let different: std::collections::HashSet<_> = prints.iter().collect();
        assert_eq!(different.len(), prints.len());
        assert_eq!(prints[0], sample().fingerprint([0; 32]));
    }
}
