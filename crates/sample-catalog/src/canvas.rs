//! The size and the backdrops of images.

use super::palette::Rgb;

/// Width of every image in pixels.
pub(super) const WIDTH: u32 = 384;
/// Height of every image in pixels.
pub(super) const HEIGHT: u32 = 480;

/// Backdrops: color at the top and at the bottom.
pub(super) const BACKDROPS: [(Rgb, Rgb); 9] = [
    (Rgb(252, 252, 252), Rgb(236, 236, 238)),
    (Rgb(250, 250, 250), Rgb(242, 241, 239)),
    (Rgb(238, 240, 243), Rgb(214, 218, 224)),
    (Rgb(246, 241, 233), Rgb(226, 217, 203)),
    (Rgb(226, 233, 240), Rgb(202, 213, 225)),
    (Rgb(246, 232, 230), Rgb(230, 210, 208)),
    (Rgb(228, 236, 226), Rgb(206, 218, 204)),
    (Rgb(212, 212, 214), Rgb(182, 183, 188)),
    (Rgb(240, 234, 222), Rgb(200, 180, 156)),
];
