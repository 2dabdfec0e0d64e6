//! The colors of products, with the names that a shop would use.

use tiny_skia::Color;

use super::dice::Dice;

/// An sRGB color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rgb(pub(super) u8, pub(super) u8, pub(super) u8);

pub(super) const WHITE: Rgb = Rgb(250, 250, 248);
pub(super) const BLACK: Rgb = Rgb(22, 22, 24);
pub(super) const STEEL: Rgb = Rgb(186, 190, 196);
pub(super) const BRASS: Rgb = Rgb(206, 168, 92);
pub(super) const TAN: Rgb = Rgb(196, 148, 98);

impl Rgb {
    /// Mixes this color with a `share` in `[0, 1]` of another.
    pub(super) fn mix(self, other: Rgb, share: f32) -> Rgb {
        let blend =
            |from: u8, to: u8| (f32::from(from) * (1.0 - share) + f32::from(to) * share) as u8;
        Rgb(
            blend(self.0, other.0),
            blend(self.1, other.1),
            blend(self.2, other.2),
        )
    }

    pub(super) fn darker(self, share: f32) -> Rgb {
        self.mix(Rgb(0, 0, 0), share)
    }

    pub(super) fn lighter(self, share: f32) -> Rgb {
        self.mix(Rgb(255, 255, 255), share)
    }

    /// Returns the perceived brightness in `[0, 1]`.
    pub(super) fn brightness(self) -> f32 {
        (0.299 * f32::from(self.0) + 0.587 * f32::from(self.1) + 0.114 * f32::from(self.2)) / 255.0
    }

    /// Returns the rasterizer's color, `alpha` in `[0, 1]`.
    pub(super) fn with_alpha(self, alpha: f32) -> Color {
        Color::from_rgba8(
            self.0,
            self.1,
            self.2,
            (alpha.clamp(0.0, 1.0) * 255.0) as u8,
        )
    }
}

/// A color with a name for customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NamedColor {
    pub(super) name: &'static str,
    pub(super) rgb: Rgb,
}

const fn named(name: &'static str, r: u8, g: u8, b: u8) -> NamedColor {
    NamedColor {
        name,
        rgb: Rgb(r, g, b),
    }
}

/// Colors of cloth.
pub(super) const DYES: [NamedColor; 18] = [
    named("black", 34, 34, 38),
    named("charcoal", 78, 80, 86),
    named("grey", 158, 161, 166),
    named("white", 246, 246, 243),
    named("cream", 240, 228, 202),
    named("beige", 212, 188, 152),
    named("brown", 118, 76, 46),
    named("navy", 32, 44, 92),
    named("blue", 42, 96, 190),
    named("sky blue", 132, 186, 228),
    named("teal", 18, 128, 132),
    named("green", 44, 138, 74),
    named("olive", 116, 120, 58),
    named("yellow", 242, 200, 52),
    named("orange", 232, 122, 42),
    named("red", 204, 38, 44),
    named("burgundy", 122, 24, 48),
    named("pink", 242, 152, 182),
];

/// Colors of leather.
pub(super) const LEATHERS: [NamedColor; 12] = [
    named("black", 36, 34, 36),
    named("chestnut", 136, 72, 40),
    named("tan", 196, 140, 84),
    named("dark brown", 80, 50, 36),
    named("cream", 236, 224, 200),
    named("burgundy", 118, 28, 46),
    named("navy", 36, 46, 88),
    named("red", 192, 40, 44),
    named("forest green", 38, 84, 60),
    named("grey", 142, 142, 146),
    named("mustard", 214, 164, 48),
    named("dusty pink", 222, 164, 166),
];

/// Colors of pots, shades and frames, glazed or painted.
pub(super) const GLAZES: [NamedColor; 14] = [
    named("black", 40, 40, 44),
    named("white", 244, 244, 240),
    named("cream", 238, 226, 200),
    named("grey", 150, 154, 160),
    named("terracotta", 196, 98, 64),
    named("red", 202, 42, 46),
    named("yellow", 240, 198, 60),
    named("sage", 154, 176, 142),
    named("green", 46, 128, 82),
    named("teal", 24, 122, 130),
    named("blue", 44, 92, 180),
    named("navy", 36, 48, 94),
    named("pink", 238, 160, 182),
    named("lilac", 182, 160, 214),
];

/// Returns a second color that contrasts with the first.
pub(super) fn partner(main: Rgb, dice: &mut Dice) -> Rgb {
    if main.brightness() < 0.5 {
        dice.pick([
            WHITE,
            WHITE,
            Rgb(240, 228, 202),
            Rgb(242, 200, 52),
            Rgb(242, 160, 182),
            Rgb(150, 200, 232),
        ])
    } else {
        dice.pick([
            BLACK,
            Rgb(32, 44, 92),
            Rgb(32, 44, 92),
            Rgb(178, 34, 44),
            Rgb(24, 92, 72),
            Rgb(110, 60, 34),
        ])
    }
}
