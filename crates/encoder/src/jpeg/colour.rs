/// Bits behind the point in the factors below.
const BITS: u32 = 20;

/// Appends the pixels of a row, RGB: one component is grey, three are YCbCr as in JFIF (ITU-R BT.601,
/// full range). All rows are of one length.
pub(super) fn append<'a>(mut rows: impl Iterator<Item = &'a [u8]>, pixels: &mut Vec<u8>) {
    let light = rows.next().unwrap_or_default();
    let start = pixels.len();
    pixels.resize(start + 3 * light.len(), 0);
    let (targets, _) = pixels[start..].as_chunks_mut::<3>();
    match (rows.next(), rows.next()) {
        (Some(blue), Some(red)) => {
            for (((target, &y), &cb), &cr) in targets.iter_mut().zip(light).zip(blue).zip(red) {
                *target = rgb(y, cb, cr);
            }
        }
        _ => {
            for (target, &grey) in targets.iter_mut().zip(light) {
                *target = [grey; 3];
            }
        }
    }
}

fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let factor = |factor: f64| (factor * f64::from(1 << BITS)).round() as i32;
    let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
    let y = (i32::from(y) << BITS) + (1 << (BITS - 1));
    let red = y + factor(1.402) * cr;
    let green = y - factor(0.344_14) * cb - factor(0.714_14) * cr;
    let blue = y + factor(1.772) * cb;
    [red, green, blue].map(|value| (value >> BITS).clamp(0, 255) as u8)
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
