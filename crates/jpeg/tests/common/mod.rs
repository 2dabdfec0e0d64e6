//! JPEG files for tests: written by an encoder, split into segments and put together differently.
#![allow(clippy::unwrap_used, dead_code)]

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use lookalike_jpeg::{Error, Header, Image, Scale};

pub(crate) const SAMPLINGS: [SamplingFactor; 6] = [
    SamplingFactor::F_1_1,
    SamplingFactor::F_2_1,
    SamplingFactor::F_1_2,
    SamplingFactor::F_2_2,
    SamplingFactor::F_4_1,
    SamplingFactor::F_4_2,
];

pub(crate) const SCALES: [Scale; 4] = [Scale::Eighth, Scale::Quarter, Scale::Half, Scale::Whole];

/// The way a file is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) size: (usize, usize),
    pub(crate) color: ColorType,
    pub(crate) sampling: SamplingFactor,
    pub(crate) restart: u16,
    pub(crate) progressive: bool,
    pub(crate) optimized: bool,
}

pub(crate) const PLAIN: Kind = Kind {
    size: (64, 48),
    color: ColorType::Rgb,
    sampling: SamplingFactor::F_2_2,
    restart: 0,
    progressive: false,
    optimized: false,
};

impl Kind {
    /// Draws waves, softer or finer, and encodes them.
    pub(crate) fn file(self) -> Vec<u8> {
        self.file_of(wave)
    }

    pub(crate) fn file_of(self, sample: impl Fn(usize, usize, usize) -> u8) -> Vec<u8> {
        let channels = match self.color {
            ColorType::Luma => 1,
            ColorType::Cmyk | ColorType::Ycck | ColorType::CmykAsYcck => 4,
            _ => 3,
        };
        let (width, height) = self.size;
        let samples = (0..width * height * channels).map(|place| {
            let (x, y) = (place / channels % width, place / channels / width);
            sample(x, y, place % channels)
        });
        let samples: Vec<u8> = samples.collect();
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 92);
        encoder.set_sampling_factor(self.sampling);
        encoder.set_progressive(self.progressive);
        encoder.set_optimized_huffman_tables(self.optimized);
        if self.restart > 0 {
            encoder.set_restart_interval(self.restart);
        }
        encoder
            .encode(&samples, width as u16, height as u16, self.color)
            .unwrap();
        file
    }
}

pub(crate) fn wave(x: usize, y: usize, channel: usize) -> u8 {
    let (x, y) = (x as f64, y as f64);
    let value = (x * 0.21 + channel as f64).sin() * (y * 0.13).cos() + (x * y * 0.003).sin() / 3.0;
    (128.0 + 30.0 * value) as u8
}

pub(crate) fn decode(file: &[u8], scale: Scale) -> Result<Image, Error> {
    Header::read(file)?.decode(scale)
}

pub(crate) fn whole(file: &[u8]) -> Image {
    decode(file, Scale::Whole).unwrap()
}

/// Returns the error of a file as text.
pub(crate) fn refusal(file: &[u8]) -> String {
    decode(file, Scale::Whole).unwrap_err().to_string()
}

/// Returns markers with their segments; the data of scans follows their segment.
pub(crate) fn segments(file: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    let mut at = 2;
    while at + 3 < file.len() {
        let marker = file[at + 1];
        if marker == 0xD9 {
            break;
        }
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        let mut end = at + 2 + length;
        if marker == 0xDA {
            while end + 1 < file.len()
                && (file[end] != 0xFF || matches!(file[end + 1], 0 | 0xD0..=0xD7))
            {
                end += 1;
            }
        }
        found.push((marker, file[at + 4..end].to_vec()));
        at = end;
    }
    found
}

/// Makes a file of markers with their segments. The length of a scan's header follows from its
/// number of components.
pub(crate) fn assembled(parts: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8];
    for (marker, content) in parts {
        let length = match marker {
            0xDA => 4 + 2 * usize::from(content[0]),
            _ => content.len(),
        };
        file.extend([0xFF, *marker]);
        file.extend(((length + 2) as u16).to_be_bytes());
        file.extend(content);
    }
    file.extend([0xFF, 0xD9]);
    file
}
