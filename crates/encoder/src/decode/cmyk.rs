/// Converts two layers of ink, from 0 to 255, to the light that passes through them, rounded to
/// nearest. Without a color profile the inks count as ideal: each lets through the share that it
/// does not cover.
pub(crate) fn light(ink: u8, black: u8) -> u8 {
    let product = u32::from(255 - ink) * u32::from(255 - black);
    // At most 255, because the product is at most 255 * 255.
    ((product + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::light;

    #[test]
    fn no_ink_is_white_and_full_black_is_black() {
        assert_eq!([light(0, 0), light(0, 255), light(255, 0)], [255, 0, 0]);
        assert_eq!([light(100, 128), light(0, 128)], [77, 127]);
    }
}
