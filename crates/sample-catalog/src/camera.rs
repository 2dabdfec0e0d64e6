//! The view of an image: position, distance and light.

use tiny_skia::{Pixmap, Transform};

use super::canvas::{BACKDROPS, HEIGHT, WIDTH};
use super::dice::Dice;
use super::sheet::Sheet;

/// Pixels per product unit at normal distance.
const PIXELS_PER_UNIT: f32 = 3.43;

/// The position of a product: lying or hanging in front of the backdrop, or standing on the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pose {
    Lying,
    Standing,
}

/// The position of a product on its sheet, so that the camera can be pointed at it; product units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Framing {
    center: (f32, f32),
    /// Magnification at which the product fills the image.
    fit: f32,
}

impl Framing {
    /// Measures the drawing of `product`, to the unit.
    pub(super) fn of(product: impl FnOnce(&mut Sheet)) -> Option<Framing> {
        let side = 160;
        let middle = side as f32 / 2.0;
        let mut sheet = Sheet::new(
            Pixmap::new(side, side)?,
            Transform::from_translate(middle, middle),
            true,
        );
        product(&mut sheet);
        let layer = sheet.into_layer();
        let (mut low, mut high) = ((side, side), (0, 0));
        for (place, pixel) in (0_u32..).zip(layer.data().chunks_exact(4)) {
            if pixel[3] > 64 {
                let (x, y) = (place % side, place / side);
                low = (low.0.min(x), low.1.min(y));
                high = (high.0.max(x + 1), high.1.max(y + 1));
            }
        }
        let span = |low: u32, high: u32| (high as f32 - low as f32).max(1.0);
        let (across, down) = (span(low.0, high.0), span(low.1, high.1));
        Some(Framing {
            center: (
                low.0 as f32 + across / 2.0 - middle,
                low.1 as f32 + down / 2.0 - middle,
            ),
            fit: (94.0 / across).min(114.0 / down).clamp(0.7, 1.5),
        })
    }
}

/// One view of a product.
pub(super) struct View {
    pub(super) pose: Pose,
    framing: Framing,
    pub(super) backdrop: usize,
    turn: f32,
    scale: f32,
    squeeze: f32,
    pub(super) mirrored: bool,
    pub(super) lit_from_left: bool,
    shift: (f32, f32),
}

impl View {
    /// Returns the view of the main image: straight on, centered.
    pub(super) fn main(pose: Pose, framing: Framing, dice: &mut Dice) -> View {
        View {
            pose,
            framing,
            backdrop: dice.below(BACKDROPS.len()),
            turn: if pose == Pose::Lying {
                dice.between(-2.0, 2.0)
            } else {
                0.0
            },
            scale: dice.between(0.88, 0.98),
            squeeze: 1.0,
            mirrored: false,
            lit_from_left: dice.chance(0.7),
            shift: (dice.between(-2.0, 2.0), dice.between(-1.0, 2.0)),
        }
    }

    /// Returns the view of another image of the same product: rotated, from further away, in front
    /// of another backdrop and in different light.
    pub(super) fn further(main: &View, dice: &mut Dice) -> View {
        let tilt = if main.pose == Pose::Lying {
            dice.between(6.0, 13.0)
        } else {
            dice.between(1.0, 3.0)
        };
        View {
            pose: main.pose,
            framing: main.framing,
            backdrop: (main.backdrop + 1 + dice.below(BACKDROPS.len() - 1)) % BACKDROPS.len(),
            turn: if dice.chance(0.5) { tilt } else { -tilt },
            scale: main.scale * dice.between(0.8, 0.95),
            squeeze: dice.between(0.84, 0.95),
            mirrored: dice.chance(0.5),
            lit_from_left: !main.lit_from_left,
            shift: (dice.between(-5.0, 5.0), dice.between(-3.0, 4.0)),
        }
    }

    /// Returns the transform from product units to pixels.
    pub(super) fn transform(&self) -> Transform {
        let scale = PIXELS_PER_UNIT * self.scale * self.framing.fit;
        let center = self.framing.center;
        let across = scale * self.squeeze * if self.mirrored { -1.0 } else { 1.0 };
        let (x, y) = (WIDTH as f32 / 2.0, HEIGHT as f32 / 2.0);
        Transform::from_translate(
            x + self.shift.0 * PIXELS_PER_UNIT,
            y + self.shift.1 * PIXELS_PER_UNIT,
        )
        .pre_rotate(self.turn)
        .pre_scale(across, scale)
        .pre_translate(-center.0, -center.1)
    }
}
