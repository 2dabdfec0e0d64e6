/// What is zero in a block is the middle of the range.
const MIDDLE: f32 = 128.0;

/// Appends the pixels of a row, RGB: one component is grey, three are YCbCr as in JFIF (ITU-R BT.601,
/// full range). Samples are without the 128 that stands for zero; rows are of one length.
pub(super) fn append<'a>(mut rows: impl Iterator<Item = &'a [f32]>, pixels: &mut Vec<u8>) {
    let light = rows.next().unwrap_or_default();
    match (rows.next(), rows.next()) {
        (Some(blue), Some(red)) => {
            let start = pixels.len();
            pixels.resize(start + 3 * light.len(), 0);
            let (targets, _) = pixels[start..].as_chunks_mut::<3>();
            for (((target, y), cb), cr) in targets.iter_mut().zip(light).zip(blue).zip(red) {
                let green = 0.344_136_3 * cb + 0.714_136_3 * cr;
                *target = [y + 1.402 * cr, y - green, y + 1.772 * cb].map(byte);
            }
        }
        _ => pixels.extend(light.iter().flat_map(|&y| [byte(y); 3])),
    }
}

/// Rounded to nearest; what is out of range becomes the nearest that is in it.
fn byte(sample: f32) -> u8 {
    (sample + (MIDDLE + 0.5)) as u8
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn grey_is_repeated_and_colours_are_those_of_jfif() {
        let mut pixels = Vec::new();
        append([&[0.0, -128.0, 900.0][..]].into_iter(), &mut pixels);
        assert_eq!(pixels, [128, 128, 128, 0, 0, 0, 255, 255, 255]);
        // Pure red has Y 76.245, Cb 84.97, Cr 255.5.
        let red = [&[76.245 - 128.0][..], &[84.972 - 128.0], &[127.5]];
        append(red.into_iter(), &mut pixels);
        assert_eq!(pixels[9..], [255, 0, 0]);
    }
}
