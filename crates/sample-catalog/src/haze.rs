//! A small, blurred copy of a product's silhouette, from which its shadow and its soft light are
//! made.

use tiny_skia::{FilterQuality, Pixmap, PixmapPaint, PixmapRef, Rect, Transform};

/// Distance that light and shade reach, in coarse pixels.
const RELIEF_REACH: i32 = 3;

/// Opacity of a silhouette, `[height * width]`, sharp and blurred, 0 to 255.
pub(super) struct Haze {
    width: u32,
    height: u32,
    sharp: Vec<u8>,
    blurred: Vec<u8>,
}

impl Haze {
    /// Makes the silhouette of a layer, `coarse` times smaller.
    pub(super) fn of(layer: PixmapRef<'_>, coarse: u32) -> Option<Haze> {
        let (width, height) = (layer.width() / coarse, layer.height() / coarse);
        let mut small = Pixmap::new(width, height)?;
        let paint = PixmapPaint {
            quality: FilterQuality::Bilinear,
            ..PixmapPaint::default()
        };
        let scale = 1.0 / coarse as f32;
        small.draw_pixmap(
            0,
            0,
            layer,
            &paint,
            Transform::from_scale(scale, scale),
            None,
        );
        let sharp: Vec<u8> = small.data().chunks_exact(4).map(|pixel| pixel[3]).collect();
        let mut blurred = sharp.clone();
        for _ in 0..2 {
            blurred = box_blur(&blurred, width as usize, 2);
            blurred = transposed(&blurred, width as usize);
            blurred = box_blur(&blurred, height as usize, 2);
            blurred = transposed(&blurred, height as usize);
        }
        Some(Haze {
            width,
            height,
            sharp,
            blurred,
        })
    }

    /// Returns the lowest row that the silhouette reaches, in coarse pixels.
    pub(super) fn foot(&self) -> f32 {
        let lowest = self
            .sharp
            .iter()
            .rposition(|&opacity| opacity > 128)
            .unwrap_or(0);
        (lowest / self.width as usize + 1) as f32
    }

    /// Returns the smallest box, in coarse pixels, around the silhouette; `None` if it is empty.
    pub(super) fn bounds(&self) -> Option<Rect> {
        let width = self.width as usize;
        let busy = |row: &[u8]| row.iter().any(|&opacity| opacity > 0);
        let mut rows = self.blurred.chunks_exact(width);
        let top = rows.position(busy)?;
        let bottom = self.blurred.chunks_exact(width).rposition(busy)?;
        let columns = transposed(&self.blurred, width);
        let mut columns = columns.chunks_exact(self.height as usize);
        let right = columns.clone().rposition(busy)?;
        let left = columns.position(busy)?;
        Rect::from_ltrb(
            left as f32,
            top as f32,
            right as f32 + 1.0,
            bottom as f32 + 1.0,
        )
    }

    /// Draws a soft black shadow in the silhouette's shape.
    pub(super) fn shadow(&self) -> Option<Pixmap> {
        self.image(|place| -i32::from(self.blurred[place]) * 90 / 255)
    }

    /// Draws white where the silhouette faces the light (from `light_x` = -1, left, or 1, right,
    /// and above), black where it faces away and along its edges.
    pub(super) fn relief(&self, light_x: i32) -> Option<Pixmap> {
        let (width, height) = (self.width as i32, self.height as i32);
        let at = |x: i32, y: i32| {
            i32::from(
                self.blurred[(y.clamp(0, height - 1) * width + x.clamp(0, width - 1)) as usize],
            )
        };
        self.image(|place| {
            if self.sharp[place] == 0 {
                return 0;
            }
            let (x, y) = (place as i32 % width, place as i32 / width);
            let reach = RELIEF_REACH * light_x;
            let slope = at(x - reach, y + RELIEF_REACH) - at(x + reach, y - RELIEF_REACH);
            let edge = 255 - at(x, y);
            slope * 56 / 255 - edge * 44 / 255
        })
    }

    /// Draws white or black pixels: light in `[-255, 255]` by position, premultiplied.
    fn image(&self, light: impl Fn(usize) -> i32) -> Option<Pixmap> {
        let mut image = Pixmap::new(self.width, self.height)?;
        for (place, pixel) in image.data_mut().chunks_exact_mut(4).enumerate() {
            let light = light(place).clamp(-255, 255);
            let tone = light.max(0) as u8;
            pixel.copy_from_slice(&[tone, tone, tone, light.unsigned_abs() as u8]);
        }
        Some(image)
    }
}

/// Averages each row over `2 * reach + 1` pixels.
fn box_blur(pixels: &[u8], width: usize, reach: usize) -> Vec<u8> {
    let mut blurred = Vec::with_capacity(pixels.len());
    let span = 2 * reach as u32 + 1;
    for row in pixels.chunks_exact(width) {
        let mut sum: u32 = row[..reach].iter().map(|&value| u32::from(value)).sum();
        for x in 0..width {
            if x + reach < width {
                sum += u32::from(row[x + reach]);
            }
            if x > reach {
                sum -= u32::from(row[x - reach - 1]);
            }
            blurred.push((sum / span) as u8);
        }
    }
    blurred
}

fn transposed(pixels: &[u8], width: usize) -> Vec<u8> {
    (0..width)
        .flat_map(|x| pixels.iter().skip(x).step_by(width).copied())
        .collect()
}
