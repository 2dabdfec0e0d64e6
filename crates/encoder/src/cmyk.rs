use image::RgbImage;

/// RGB of four-channel pixels, ink from 0 to 255. Without a colour profile the inks are taken for ideal:
/// each lets through what it does not cover, and black covers all alike.
pub(crate) fn to_rgb(width: u32, height: u32, inks: &[u8]) -> RgbImage {
    let mut picture = RgbImage::new(width, height);
    let (inks, _) = inks.as_chunks::<4>();
    let (pixels, _) = picture.as_flat_samples_mut().samples.as_chunks_mut::<3>();
    for (pixel, &[cyan, magenta, yellow, black]) in pixels.iter_mut().zip(inks) {
        *pixel = [cyan, magenta, yellow].map(|ink| light(ink, black));
    }
    picture
}

/// What two layers of ink leave of white, rounded to nearest.
pub(crate) fn light(ink: u8, black: u8) -> u8 {
    let product = u32::from(255 - ink) * u32::from(255 - black);
    // At most 255, because the product is at most 255 * 255.
    ((product + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::to_rgb;

    #[test]
    fn no_ink_is_white_full_black_is_black_and_inks_take_their_light() {
        let inks = [
            0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255, 255, 0, 100, 0, 0, 128,
        ];
        let pixels = to_rgb(5, 1, &inks).into_raw();
        assert_eq!(
            pixels[..12],
            [255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 0, 0]
        );
        assert_eq!(pixels[12..], [77, 127, 127]);
    }
}
