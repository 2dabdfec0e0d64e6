use re_rav1d::dav1d::pixel::{MatrixCoefficients, YUVRange};
use re_rav1d::dav1d::{Picture, PixelLayout, PlanarImageComponent, Plane};

/// Samples of a decoded image and their conversion to RGB.
pub(super) struct Samples {
    planes: [Option<Plane>; 3],
    /// Bytes of a row of each plane.
    strides: [usize; 3],
    /// Number of pixels of a color sample across and down, as powers of two.
    shift: (u32, u32),
    bits: u32,
    full: bool,
    matrix: Matrix,
}

/// Weights of red and blue in brightness, or no brightness at all: green, blue and red directly.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Matrix {
    Shares(f32, f32),
    Identity,
}

impl Samples {
    /// Wraps a decoded image. `stated` is the matrix and range in the file, which override those in
    /// the image.
    pub(super) fn new(image: &Picture, stated: Option<(u16, bool)>) -> Samples {
        let components = [
            PlanarImageComponent::Y,
            PlanarImageComponent::U,
            PlanarImageComponent::V,
        ];
        let (count, shift) = match image.pixel_layout() {
            PixelLayout::I400 => (1, (0, 0)),
            PixelLayout::I420 => (3, (1, 1)),
            PixelLayout::I422 => (3, (1, 0)),
            PixelLayout::I444 => (3, (0, 0)),
        };
        let plane = |place: usize| (place < count).then(|| image.plane(components[place]));
        let own = (
            image.matrix_coefficients(),
            image.color_range() == YUVRange::Full,
        );
        Samples {
            planes: [plane(0), plane(1), plane(2)],
            strides: components.map(|component| image.stride(component) as usize),
            shift,
            bits: image.bit_depth() as u32,
            full: stated.map_or(own.1, |(_, full)| full),
            matrix: match stated {
                Some((0, _)) => Matrix::Identity,
                Some((1, _)) => Matrix::Shares(0.2126, 0.0722),
                Some((9, _)) => Matrix::Shares(0.2627, 0.0593),
                Some((2, _)) | None => of_image(own.0),
                Some(_) => Matrix::Shares(0.299, 0.114),
            },
        }
    }

    /// Computes the eight-bit brightness of a row.
    pub(super) fn gray(&self, y: usize, width: usize, row: &mut Vec<u8>) {
        row.clear();
        row.extend((0..width).map(|x| to_byte(self.light(self.sample(0, x, y)))));
    }

    /// Computes the eight-bit RGB of a row. Color samples are taken from the nearest position: the
    /// network sees less than half of the pixels anyway.
    pub(super) fn rgb(&self, y: usize, width: usize, row: &mut Vec<u8>) {
        if self.planes[1].is_none() {
            row.clear();
            for x in 0..width {
                row.extend([to_byte(self.light(self.sample(0, x, y))); 3]);
            }
            return;
        }
        row.clear();
        for x in 0..width {
            let (across, down) = (x >> self.shift.0, y >> self.shift.1);
            let luma = self.sample(0, x, y);
            let (u, v) = (self.sample(1, across, down), self.sample(2, across, down));
            row.extend(self.to_rgb(luma, u, v));
        }
    }

    fn to_rgb(&self, y: f32, u: f32, v: f32) -> [u8; 3] {
        let Matrix::Shares(red, blue) = self.matrix else {
            return [v, y, u].map(|sample| to_byte(self.light(sample)));
        };
        let y = self.light(y);
        let (u, v) = (self.tint(u), self.tint(v));
        let r = y + 2.0 * (1.0 - red) * v;
        let b = y + 2.0 * (1.0 - blue) * u;
        let g = (y - red * r - blue * b) / (1.0 - red - blue);
        [r, g, b].map(to_byte)
    }

    /// Returns a sample of a plane, scaled to eight bits.
    fn sample(&self, plane: usize, x: usize, y: usize) -> f32 {
        let samples = self.planes[plane].as_deref().unwrap_or_default();
        let row = samples.get(y * self.strides[plane]..).unwrap_or_default();
        if self.bits == 8 {
            return row.get(x).copied().unwrap_or_default().into();
        }
        let sample = row.get(2 * x..).and_then(<[u8]>::first_chunk::<2>);
        let sample = sample.map_or(0, |&sample| u16::from_ne_bytes(sample));
        self.scaled(sample)
    }

    /// Scales a sample of more than eight bits to eight. The highest number of full range is 255 in
    /// both.
    fn scaled(&self, sample: u16) -> f32 {
        match self.full {
            true => f32::from(sample) * 255.0 / ((1u32 << self.bits) - 1) as f32,
            false => f32::from(sample) / (1u32 << (self.bits - 8)) as f32,
        }
    }

    /// Returns the brightness, 0 to 1.
    fn light(&self, sample: f32) -> f32 {
        match self.full {
            true => sample / 255.0,
            false => (sample - 16.0) / 219.0,
        }
    }

    /// Returns the color, -0.5 to 0.5. The sample without color is half of the range of the bits,
    /// which is not exactly 128 if full range of more bits is scaled to eight.
    fn tint(&self, sample: f32) -> f32 {
        match self.full {
            true => (sample - self.scaled(1 << (self.bits - 1))) / 255.0,
            false => (sample - 128.0) / 224.0,
        }
    }
}

fn of_image(matrix: MatrixCoefficients) -> Matrix {
    match matrix {
        MatrixCoefficients::Identity => Matrix::Identity,
        MatrixCoefficients::BT709 => Matrix::Shares(0.2126, 0.0722),
        MatrixCoefficients::BT2020NonConstantLuminance
        | MatrixCoefficients::BT2020ConstantLuminance => Matrix::Shares(0.2627, 0.0593),
        _ => Matrix::Shares(0.299, 0.114),
    }
}

/// Rounds to nearest; values out of range are clamped.
fn to_byte(value: f32) -> u8 {
    (value * 255.0 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_is_gray_whatever_the_bits() {
        for (bits, full) in [8, 10, 12]
            .into_iter()
            .flat_map(|bits| [(bits, true), (bits, false)])
        {
            let samples = Samples {
                planes: [None, None, None],
                strides: [0; 3],
                shift: (0, 0),
                bits,
                full,
                matrix: Matrix::Shares(0.299, 0.114),
            };
            let neutral = samples.scaled(1 << (bits - 1));
            assert_eq!(
                samples.tint(neutral),
                0.0,
                "{bits} bits, full range: {full}"
            );
            let light = samples.scaled(((1u32 << bits) - 1) as u16 / 3);
            let [red, green, blue] = samples.to_rgb(light, neutral, neutral);
            assert_eq!((red, blue), (green, green));
        }
    }
}
