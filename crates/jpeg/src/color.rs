//! Conversion of components to red, green and blue.

use crate::frame::Component;

/// The meaning of an image's components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    Gray,
    /// As in JFIF: ITU-R BT.601, full range.
    YCbCr,
    Rgb,
    /// Inks as Adobe stores them, inverted: 255 is no ink. No other kind exists in practice,
    /// whatever the file states.
    Cmyk,
    /// Inks as Adobe stores them, the first three as YCbCr.
    Ycck,
}

/// The hints about colors in the segments before a frame.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ColorHints {
    /// True if there is a JFIF segment.
    pub(crate) jfif: bool,
    /// The transform in Adobe's segment.
    pub(crate) adobe: Option<u8>,
}

impl Color {
    /// Decides as libjpeg and so every browser does: JFIF is YCbCr; otherwise Adobe's segment
    /// decides, otherwise the components' identifiers.
    pub(crate) fn of(components: &[Component], hints: ColorHints) -> Color {
        let identifiers: Vec<u8> = components.iter().map(|c| c.identifier).collect();
        match (&identifiers[..], hints.adobe) {
            ([_], _) => Color::Gray,
            ([_, _, _], _) if hints.jfif => Color::YCbCr,
            ([_, _, _], Some(0)) => Color::Rgb,
            ([b'R', b'G', b'B'], None) => Color::Rgb,
            ([_, _, _], _) => Color::YCbCr,
            (_, None | Some(0)) => Color::Cmyk,
            _ => Color::Ycck,
        }
    }
}

/// Number of fractional bits in the factors below: the maximum for factors of 16 bits, which every
/// processor multiplies many at a time.
const BITS: u32 = 14;

/// Number of pixels whose colors are computed before they are combined.
const RUN: usize = 64;

/// Appends the pixels of a row, RGB, from a row of each component. All rows have the same length.
pub(crate) fn append(color: Color, rows: &[&[u8]], pixels: &mut Vec<u8>) {
    let start = pixels.len();
    pixels.resize(start + 3 * rows[0].len(), 0);
    let (targets, _) = pixels[start..].as_chunks_mut::<3>();
    match (color, rows) {
        (Color::YCbCr, [light, blue, red]) => {
            let runs = light.chunks(RUN).zip(blue.chunks(RUN)).zip(red.chunks(RUN));
            for (targets, ((light, blue), red)) in targets.chunks_mut(RUN).zip(runs) {
                let mut colors = [[0; RUN]; 3];
                convert(light, blue, red, &mut colors);
                for (i, target) in targets.iter_mut().enumerate() {
                    *target = [colors[0][i], colors[1][i], colors[2][i]];
                }
            }
        }
        (Color::Rgb, [red, green, blue]) => {
            let samples = red.iter().zip(*green).zip(*blue);
            for (target, ((&red, &green), &blue)) in targets.iter_mut().zip(samples) {
                *target = [red, green, blue];
            }
        }
        (Color::Cmyk, [cyan, magenta, yellow, black]) => {
            let samples = cyan.iter().zip(*magenta).zip(*yellow).zip(*black);
            for (target, (((&c, &m), &y), &k)) in targets.iter_mut().zip(samples) {
                *target = [c, m, y].map(|light| both(light, k));
            }
        }
        (Color::Ycck, [light, blue, red, black]) => {
            let runs = light.chunks(RUN).zip(blue.chunks(RUN)).zip(red.chunks(RUN));
            let runs = runs.zip(black.chunks(RUN));
            for (targets, (((light, blue), red), black)) in targets.chunks_mut(RUN).zip(runs) {
                let mut inks = [[0; RUN]; 3];
                convert(light, blue, red, &mut inks);
                for (i, (target, &k)) in targets.iter_mut().zip(black).enumerate() {
                    *target = [inks[0][i], inks[1][i], inks[2][i]].map(|ink| both(255 - ink, k));
                }
            }
        }
        _ => {
            for (target, &gray) in targets.iter_mut().zip(rows[0]) {
                *target = [gray; 3];
            }
        }
    }
}

/// Returns the light that passes through two layers of ink, rounded to nearest; each lets through a
/// share of 255. Without a color profile the inks count as ideal.
fn both(one: u8, other: u8) -> u8 {
    let product = u32::from(one) * u32::from(other);
    // At most 255, because the product is at most 255 * 255.
    ((product + 127) / 255) as u8
}

/// Converts YCbCr to red, green and blue, each separately.
fn convert(light: &[u8], blue: &[u8], red: &[u8], colors: &mut [[u8; RUN]; 3]) {
    let [reds, greens, blues] = colors;
    let samples = light.iter().zip(blue).zip(red);
    let targets = reds.iter_mut().zip(greens).zip(blues);
    for (((&y, &cb), &cr), ((r, g), b)) in samples.zip(targets) {
        let (cb, cr) = (i16::from(cb) - 128, i16::from(cr) - 128);
        let y = (i32::from(y) << BITS) + (1 << (BITS - 1));
        *r = clamped(y + times(1.402, cr));
        *g = clamped(y - times(0.344_14, cb) - times(0.714_14, cr));
        *b = clamped(y + times(1.772, cb));
    }
}

/// Multiplies a sample by a factor below 2.
#[inline(always)]
fn times(factor: f64, sample: i16) -> i32 {
    let factor = (factor * f64::from(1 << BITS)).round() as i16;
    i32::from(factor) * i32::from(sample)
}

#[inline(always)]
fn clamped(value: i32) -> u8 {
    (value >> BITS).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(color: Color, rows: &[&[u8]]) -> Vec<u8> {
        let mut pixels = Vec::new();
        append(color, rows, &mut pixels);
        pixels
    }

    #[test]
    fn every_kind_becomes_red_green_and_blue() {
        let gray = pixels(Color::Gray, &[&[128, 0, 255]]);
        assert_eq!(gray, [128, 128, 128, 0, 0, 0, 255, 255, 255]);
        // Pure red, green and blue, which rounding has moved by one here and there.
        let rows: [&[u8]; 3] = [&[76, 150, 29], &[85, 44, 255], &[255, 21, 107]];
        let colors = pixels(Color::YCbCr, &rows);
        assert_eq!(colors, [254, 0, 0, 0, 255, 1, 0, 0, 254]);
        assert_eq!(pixels(Color::Rgb, &[&[1], &[2], &[3]]), [1, 2, 3]);
    }

    #[test]
    fn no_ink_is_white_full_black_is_black_and_inks_take_their_light() {
        let inks: [&[u8]; 4] = [
            &[255, 255, 0, 155],
            &[255, 255, 255, 255],
            &[255, 255, 255, 255],
            &[255, 0, 255, 127],
        ];
        let found = pixels(Color::Cmyk, &inks);
        assert_eq!(found[..9], [255, 255, 255, 0, 0, 0, 0, 255, 255]);
        assert_eq!(found[9..], [77, 127, 127]);
    }

    #[test]
    fn colors_are_determined_like_in_libjpeg() {
        let of = |identifiers: &[u8], jfif, adobe| {
            let component = |&identifier: &u8| Component {
                identifier,
                across: 1,
                down: 1,
                quantizer: 0,
            };
            let components: Vec<Component> = identifiers.iter().map(component).collect();
            Color::of(&components, ColorHints { jfif, adobe })
        };
        assert_eq!(of(&[1, 2, 3], false, None), Color::YCbCr);
        assert_eq!(of(&[1, 2, 3], false, Some(0)), Color::Rgb);
        assert_eq!(of(&[1, 2, 3], true, Some(0)), Color::YCbCr);
        assert_eq!(of(b"RGB", false, None), Color::Rgb);
        assert_eq!(of(b"RGB", true, None), Color::YCbCr);
        assert_eq!(of(b"RGB", false, Some(1)), Color::YCbCr);
        assert_eq!(of(&[0, 0, 0], false, None), Color::YCbCr);
        assert_eq!(of(&[9], false, Some(0)), Color::Gray);
        assert_eq!(of(&[1, 2, 3, 4], false, None), Color::Cmyk);
        assert_eq!(of(&[1, 2, 3, 4], true, Some(0)), Color::Cmyk);
        assert_eq!(of(&[1, 2, 3, 4], false, Some(2)), Color::Ycck);
    }
}
