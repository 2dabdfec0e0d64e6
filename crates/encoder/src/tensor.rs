use image::RgbImage;

use crate::View;
use crate::preprocessing::{ChannelOrder, Layout, Preprocessing};

/// Pixels as the network takes them: in the view's light, rescaled, normalised, in its channel order and
/// layout. The picture has the network's size; the length is that of [`Preprocessing::shape`].
pub(crate) fn from_pixels(picture: &RgbImage, how: &Preprocessing, view: &View) -> Vec<f32> {
    let tables = [0, 1, 2].map(|channel| table(channel, how, view.light));
    let sources = match how.channels {
        ChannelOrder::Rgb => [0, 1, 2],
        ChannelOrder::Bgr => [2, 1, 0],
    };
    let (pixels, _) = picture.as_raw().as_chunks::<3>();
    let mut values = Vec::with_capacity(3 * pixels.len());
    match how.layout {
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

/// What each of the 256 values of a channel becomes; a look-up is cheaper than the arithmetic.
fn table(channel: usize, how: &Preprocessing, light: f64) -> [f32; 256] {
    std::array::from_fn(|value| {
        let scaled = (value as f64 * light).min(255.0) * how.rescale;
        ((scaled - how.mean[channel]) / how.deviation[channel]) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocessing::tests::sample;

    #[test]
    fn order_and_layout_put_every_value_in_its_place() {
        let picture = RgbImage::from_raw(2, 1, vec![1, 2, 3, 4, 5, 6]).expect("two pixels");
        let how = Preprocessing {
            mean: [1.0, 2.0, 3.0],
            deviation: [1.0, 2.0, 4.0],
            ..sample()
        };
        assert_eq!(
            from_pixels(&picture, &how, &View::PLAIN),
            [0.0, 3.0, 0.0, 1.5, 0.0, 0.75]
        );
        let how = Preprocessing {
            layout: Layout::ChannelsLast,
            ..how
        };
        assert_eq!(
            from_pixels(&picture, &how, &View::PLAIN),
            [0.0, 0.0, 0.0, 3.0, 1.5, 0.75]
        );
        let how = Preprocessing {
            channels: ChannelOrder::Bgr,
            ..how
        };
        assert_eq!(
            from_pixels(&picture, &how, &View::PLAIN),
            [2.0, 0.0, -0.5, 5.0, 1.5, 0.25]
        );
        let bright = View::PLAIN.light(1.5);
        assert_eq!(
            from_pixels(&picture, &how, &bright),
            [3.5, 0.5, -0.375, 8.0, 2.75, 0.75]
        );
    }
}
