//! The categories of the drawn catalog, and their designs.

mod boot;
mod chair;
mod dress;
mod handbag;
mod hat;
mod lamp;
mod mug;
mod skirt;
mod sneaker;
mod sunglasses;
mod t_shirt;
mod trousers;
mod umbrella;
mod watch;

use super::camera::Pose;
use super::dice::Dice;
use super::palette::{DYES, GLAZES, LEATHERS, NamedColor};
use super::pattern::{PRINTS, Pattern};
use super::sheet::Sheet;
use super::surface::Look;

/// One design, independent of colors and pattern.
pub(super) trait Shape: Send + Sync {
    /// Returns the words that distinguish the design, used before the category's name; may be
    /// empty.
    fn style(&self) -> &'static str;

    fn draw(&self, sheet: &mut Sheet, look: &Look);
}

/// Takes turns, family by family, between the main differences of a category's designs, so that
/// even a short shelf has some of each.
fn in_turn<T: Copy, const N: usize>(family: usize, choices: [T; N]) -> T {
    const { assert!(N > 0, "there must be at least one choice") };
    choices[family % N]
}

/// A kind of product.
pub(super) struct Category {
    /// Folder name, and the word in a product's name.
    pub(super) name: &'static str,
    pub(super) pose: Pose,
    pub(super) colors: &'static [NamedColor],
    pub(super) patterns: &'static [Pattern],
    /// Size of a pattern relative to one on a garment.
    pub(super) pattern_scale: f32,
    /// Lowest and highest usual price.
    pub(super) prices: (f32, f32),
    /// Makes the design of a family, by the family's number.
    pub(super) design: fn(usize, &mut Dice) -> Box<dyn Shape>,
}

const PLAIN: &[Pattern] = &[Pattern::Plain];
const WOVEN: &[Pattern] = &[
    Pattern::Plain,
    Pattern::Striped,
    Pattern::Checked,
    Pattern::Pinstriped,
];
const LEATHER_GOODS: &[Pattern] = &[
    Pattern::Plain,
    Pattern::Checked,
    Pattern::Zigzag,
    Pattern::Dappled,
];
const CERAMIC: &[Pattern] = &[
    Pattern::Plain,
    Pattern::Striped,
    Pattern::Dotted,
    Pattern::Floral,
    Pattern::Zigzag,
];
const UPHOLSTERY: &[Pattern] = &[
    Pattern::Plain,
    Pattern::Striped,
    Pattern::Checked,
    Pattern::Floral,
];
const CANVAS: &[Pattern] = &[
    Pattern::Plain,
    Pattern::Checked,
    Pattern::Dotted,
    Pattern::Floral,
];
const ACETATE: &[Pattern] = &[Pattern::Plain, Pattern::Dappled];

pub(super) const CATEGORIES: [Category; 14] = [
    Category {
        name: "t-shirt",
        pose: Pose::Lying,
        colors: &DYES,
        patterns: &PRINTS,
        pattern_scale: 1.0,
        prices: (12.0, 45.0),
        design: t_shirt::design,
    },
    Category {
        name: "dress",
        pose: Pose::Lying,
        colors: &DYES,
        patterns: &PRINTS,
        pattern_scale: 0.9,
        prices: (39.0, 160.0),
        design: dress::design,
    },
    Category {
        name: "trousers",
        pose: Pose::Lying,
        colors: &DYES,
        patterns: WOVEN,
        pattern_scale: 0.7,
        prices: (35.0, 120.0),
        design: trousers::design,
    },
    Category {
        name: "skirt",
        pose: Pose::Lying,
        colors: &DYES,
        patterns: &PRINTS,
        pattern_scale: 0.9,
        prices: (25.0, 90.0),
        design: skirt::design,
    },
    Category {
        name: "sneaker",
        pose: Pose::Standing,
        colors: &DYES,
        patterns: CANVAS,
        pattern_scale: 0.6,
        prices: (45.0, 150.0),
        design: sneaker::design,
    },
    Category {
        name: "boot",
        pose: Pose::Standing,
        colors: &LEATHERS,
        patterns: PLAIN,
        pattern_scale: 1.0,
        prices: (80.0, 260.0),
        design: boot::design,
    },
    Category {
        name: "hat",
        pose: Pose::Lying,
        colors: &DYES,
        patterns: WOVEN,
        pattern_scale: 0.7,
        prices: (15.0, 70.0),
        design: hat::design,
    },
    Category {
        name: "handbag",
        pose: Pose::Standing,
        colors: &LEATHERS,
        patterns: LEATHER_GOODS,
        pattern_scale: 0.8,
        prices: (60.0, 340.0),
        design: handbag::design,
    },
    Category {
        name: "mug",
        pose: Pose::Standing,
        colors: &GLAZES,
        patterns: CERAMIC,
        pattern_scale: 1.0,
        prices: (8.0, 28.0),
        design: mug::design,
    },
    Category {
        name: "chair",
        pose: Pose::Standing,
        colors: &GLAZES,
        patterns: UPHOLSTERY,
        pattern_scale: 0.6,
        prices: (70.0, 420.0),
        design: chair::design,
    },
    Category {
        name: "lamp",
        pose: Pose::Standing,
        colors: &GLAZES,
        patterns: UPHOLSTERY,
        pattern_scale: 0.8,
        prices: (35.0, 220.0),
        design: lamp::design,
    },
    Category {
        name: "watch",
        pose: Pose::Lying,
        colors: &LEATHERS,
        patterns: PLAIN,
        pattern_scale: 1.0,
        prices: (60.0, 480.0),
        design: watch::design,
    },
    Category {
        name: "sunglasses",
        pose: Pose::Lying,
        colors: &GLAZES,
        patterns: ACETATE,
        pattern_scale: 0.5,
        prices: (20.0, 180.0),
        design: sunglasses::design,
    },
    Category {
        name: "umbrella",
        pose: Pose::Lying,
        colors: &DYES,
        patterns: &PRINTS,
        pattern_scale: 1.1,
        prices: (15.0, 65.0),
        design: umbrella::design,
    },
];
