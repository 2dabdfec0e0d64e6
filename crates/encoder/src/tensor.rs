use image::RgbImage;

use crate::augmentation::Augmentation;
use crate::decoded::Decoded;
use crate::error::ImageError;
use crate::preprocessing::{ChannelOrder, Layout, Preprocessing};
use crate::resize;

/// Computes the network's input for an augmentation of a decoded image.
pub(crate) fn pixels(
    decoded: &Decoded,
    preprocessing: &Preprocessing,
    augmentation: &Augmentation,
) -> Result<Vec<f32>, ImageError> {
    let small = resize::to_network_size(decoded, preprocessing, augmentation)
        .map_err(ImageError::Inference)?;
    Ok(from_pixels(&small, preprocessing, augmentation))
}

/// Converts pixels to the network's input: in the augmentation's light, rescaled, normalized, in
/// the network's channel order and layout. The image has the network's size; the length is that of
/// [`Preprocessing::shape`].
pub(crate) fn from_pixels(
    image: &RgbImage,
    preprocessing: &Preprocessing,
    augmentation: &Augmentation,
) -> Vec<f32> {
    let tables = [0, 1, 2].map(|channel| table(channel, preprocessing, augmentation.light));
    let sources = match preprocessing.channels {
        ChannelOrder::Rgb => [0, 1, 2],
        ChannelOrder::Bgr => [2, 1, 0],
    };
    let (pixels, _) = image.as_raw().as_chunks::<3>();
    let mut values = Vec::with_capacity(3 * pixels.len());
    match preprocessing.layout {
        Layout::ChannelsFirst => {
            for (table, source) in tables.iter().zip(sources) {
                values.extend(pixels.iter().map(|pixel| table[usize::from(pixel[source])]));
            }
        }
        Layout::ChannelsLast => {
            for pixel in pixels {
                let channels = tables.iter().zip(sources);
                values.extend(channels.map(|(table, source)| table[usize::from(pixel[source])]));
            }
        }
    }
    values
}

/// Returns the network's input for each of the 256 values of a channel: a look-up is cheaper than
/// the arithmetic.
fn table(channel: usize, preprocessing: &Preprocessing, light: f64) -> [f32; 256] {
    std::array::from_fn(|value| {
        let scaled = (value as f64 * light).min(255.0) * preprocessing.rescale;
        ((scaled - preprocessing.mean[channel]) / preprocessing.deviation[channel]) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocessing::tests::sample;

    #[test]
    fn order_and_layout_put_every_value_in_its_place() {
        let image = RgbImage::from_raw(2, 1, vec![1, 2, 3, 4, 5, 6]).expect("two pixels");
        let preprocessing = Preprocessing {
            mean: [1.0, 2.0, 3.0],
            deviation: [1.0, 2.0, 4.0],
            ..sample()
        };
        assert_eq!(
            from_pixels(&image, &preprocessing, &Augmentation::NONE),
            [0.0, 3.0, 0.0, 1.5, 0.0, 0.75]
        );
        let preprocessing = Preprocessing {
            layout: Layout::ChannelsLast,
            ..preprocessing
        };
        assert_eq!(
            from_pixels(&image, &preprocessing, &Augmentation::NONE),
            [0.0, 0.0, 0.0, 3.0, 1.5, 0.75]
        );
        let preprocessing = Preprocessing {
            channels: ChannelOrder::Bgr,
            ..preprocessing
        };
        assert_eq!(
            from_pixels(&image, &preprocessing, &Augmentation::NONE),
            [2.0, 0.0, -0.5, 5.0, 1.5, 0.25]
        );
        let bright = Augmentation::NONE.light(1.5);
        assert_eq!(
            from_pixels(&image, &preprocessing, &bright),
            [3.5, 0.5, -0.375, 8.0, 2.75, 0.75]
        );
    }
}
