/// Bits behind the point in the factors below: as many as leave them in 16 bits, which every processor
/// multiplies many at a time.
const BITS: u32 = 14;

/// Pixels whose colours are computed before they are put together.
const RUN: usize = 64;

/// Appends the pixels of a row, RGB: one component is grey, three are YCbCr as in JFIF (ITU-R BT.601,
/// full range). All rows are of one length.
pub(super) fn append<'a>(mut rows: impl Iterator<Item = &'a [u8]>, pixels: &mut Vec<u8>) {
    let light = rows.next().unwrap_or_default();
    let start = pixels.len();
    pixels.resize(start + 3 * light.len(), 0);
    let (targets, _) = pixels[start..].as_chunks_mut::<3>();
    match (rows.next(), rows.next()) {
        (Some(blue), Some(red)) => {
            let runs = light.chunks(RUN).zip(blue.chunks(RUN)).zip(red.chunks(RUN));
            for (targets, ((light, blue), red)) in targets.chunks_mut(RUN).zip(runs) {
                let mut colours = [[0; RUN]; 3];
                convert(light, blue, red, &mut colours);
                for (i, target) in targets.iter_mut().enumerate() {
                    *target = [colours[0][i], colours[1][i], colours[2][i]];
                }
            }
        }
        _ => {
            for (target, &grey) in targets.iter_mut().zip(light) {
                *target = [grey; 3];
            }
        }
    }
}

/// YCbCr to red, green and blue, each for itself.
fn convert(light: &[u8], blue: &[u8], red: &[u8], colours: &mut [[u8; RUN]; 3]) {
    let [reds, greens, blues] = colours;
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

/// A factor below 2 times a sample.
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
    use super::append;

    #[test]
    fn grey_is_repeated_and_colours_are_those_of_jfif() {
        let mut pixels = Vec::new();
        append([&[128, 0, 255][..]].into_iter(), &mut pixels);
        assert_eq!(pixels, [128, 128, 128, 0, 0, 0, 255, 255, 255]);
        pixels.clear();
        // Pure red, green and blue, which rounding has moved by one here and there.
        let rows: [&[u8]; 3] = [&[76, 150, 29], &[85, 44, 255], &[255, 21, 107]];
        append(rows.into_iter(), &mut pixels);
        assert_eq!(pixels, [254, 0, 0, 0, 255, 1, 0, 0, 254]);
    }
}
