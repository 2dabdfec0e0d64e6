//! The materials of a product's parts.

use super::palette::Rgb;
use super::tile::Tile;

/// The way a surface reflects light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    /// Hanging cloth: a little darker away from the light.
    Cloth,
    /// Upright and round, such as a mug or a sleeve of leather.
    Round,
    /// Round and glazed, with a bright streak.
    Gloss,
    Metal,
    /// Flat, facing the camera.
    Flat,
}

impl Finish {
    /// Returns white (positive) or black (negative) to draw over the surface, by the share of its
    /// width from the lit side.
    pub(super) fn sheen(self) -> &'static [(f32, f32)] {
        match self {
            Finish::Cloth => &[(0.0, 0.1), (0.45, 0.0), (1.0, -0.18)],
            Finish::Round => &[(0.0, -0.16), (0.28, 0.16), (0.55, -0.04), (1.0, -0.4)],
            Finish::Gloss => &[
                (0.0, -0.2),
                (0.16, 0.1),
                (0.22, 0.5),
                (0.3, 0.1),
                (0.6, -0.05),
                (1.0, -0.42),
            ],
            Finish::Metal => &[
                (0.0, -0.3),
                (0.2, 0.55),
                (0.4, -0.1),
                (0.62, 0.3),
                (0.8, -0.3),
                (1.0, -0.05),
            ],
            Finish::Flat => &[],
        }
    }
}

/// The material of a part.
#[derive(Clone, Copy)]
pub(super) struct Surface<'a> {
    pub(super) color: Rgb,
    pub(super) tile: Option<&'a Tile>,
    /// Rotation of the pattern in degrees, as on a sleeve.
    pub(super) turn: f32,
    pub(super) finish: Finish,
    /// 1 is opaque; less is glass.
    pub(super) alpha: f32,
}

impl<'a> Surface<'a> {
    pub(super) fn plain(color: Rgb, finish: Finish) -> Surface<'a> {
        Surface {
            color,
            tile: None,
            turn: 0.0,
            finish,
            alpha: 1.0,
        }
    }

    pub(super) fn turned(self, turn: f32) -> Surface<'a> {
        Surface { turn, ..self }
    }

    pub(super) fn glass(color: Rgb, alpha: f32) -> Surface<'a> {
        Surface {
            color,
            tile: None,
            turn: 0.0,
            finish: Finish::Flat,
            alpha,
        }
    }
}

/// The colors and pattern of one product, in which every shape is drawn.
pub(super) struct Look {
    pub(super) main: Rgb,
    pub(super) accent: Rgb,
    pub(super) tile: Option<Tile>,
}

impl Look {
    /// Returns the main color with the product's pattern.
    pub(super) fn patterned(&self, finish: Finish) -> Surface<'_> {
        Surface {
            tile: self.tile.as_ref(),
            ..Surface::plain(self.main, finish)
        }
    }

    /// Returns the main color alone.
    pub(super) fn plain(&self, finish: Finish) -> Surface<'_> {
        Surface::plain(self.main, finish)
    }
}
