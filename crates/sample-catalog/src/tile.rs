//! A pattern in its colors, as a small image that repeats.

use tiny_skia::{
    FillRule, FilterQuality, LineCap, Paint, PathBuilder, Pixmap, Shader, SpreadMode, Stroke,
    Transform,
};

use super::dice::Dice;
use super::outline::Outline;
use super::palette::Rgb;
use super::pattern::Pattern;

/// A pattern in its colors.
pub(super) struct Tile {
    image: Pixmap,
    units_per_pixel: f32,
}

impl Tile {
    /// Draws a tile; `None` for the plain pattern, which needs no image.
    pub(super) fn new(
        pattern: Pattern,
        main: Rgb,
        accent: Rgb,
        scale: f32,
        dice: &mut Dice,
    ) -> Option<Tile> {
        let repeat = pattern.repeat() * scale;
        // Slightly finer than the image in which it will be visible.
        let side = (repeat * 4.0).clamp(16.0, 160.0) as u32;
        let mut weaver = Weaver {
            image: Pixmap::new(side, side)?,
            side: side as f32,
        };
        weaver.image.fill(main.with_alpha(1.0));
        match pattern {
            Pattern::Plain => return None,
            Pattern::Striped => weaver.band(0.2, 0.62, accent, 1.0),
            Pattern::Pinstriped => weaver.upright(0.4, 0.58, accent, 0.85),
            Pattern::Checked => weaver.checks(accent, dice.chance(0.5)),
            Pattern::Dotted => weaver.dots(accent, dice.between(0.13, 0.2)),
            Pattern::Floral => weaver.flowers(main, accent, dice),
            Pattern::Zigzag => weaver.zigzag(accent),
            Pattern::Dappled => weaver.blotches(main, accent, dice),
        }
        Some(Tile {
            image: weaver.image,
            units_per_pixel: repeat / side as f32,
        })
    }

    /// Returns the tile repeated over the plane, rotated by some degrees.
    pub(super) fn shader(&self, turn: f32) -> Shader<'_> {
        let placed =
            Transform::from_rotate(turn).pre_scale(self.units_per_pixel, self.units_per_pixel);
        tiny_skia::Pattern::new(
            self.image.as_ref(),
            SpreadMode::Repeat,
            FilterQuality::Bilinear,
            1.0,
            placed,
        )
    }
}

/// Draws on a tile, in shares of its side.
struct Weaver {
    image: Pixmap,
    side: f32,
}

impl Weaver {
    fn fill(&mut self, outline: Outline, color: Rgb, alpha: f32) {
        let Some(path) = outline.finish() else { return };
        let mut paint = Paint::default();
        paint.set_color(color.with_alpha(alpha));
        let scale = Transform::from_scale(self.side, self.side);
        self.image
            .fill_path(&path, &paint, FillRule::Winding, scale, None);
    }

    /// Fills like `fill`, and again where the shape crosses the tile's edges.
    fn fill_around(&mut self, outline: impl Fn(f32, f32) -> Outline, color: Rgb) {
        for shift_y in [-1.0, 0.0, 1.0] {
            for shift_x in [-1.0, 0.0, 1.0] {
                self.fill(outline(shift_x, shift_y), color, 1.0);
            }
        }
    }

    fn band(&mut self, top: f32, bottom: f32, color: Rgb, alpha: f32) {
        self.fill(
            Outline::polygon(&[(0.0, top), (1.0, top), (1.0, bottom), (0.0, bottom)]),
            color,
            alpha,
        );
    }

    fn upright(&mut self, left: f32, right: f32, color: Rgb, alpha: f32) {
        self.fill(
            Outline::polygon(&[(left, 0.0), (right, 0.0), (right, 1.0), (left, 1.0)]),
            color,
            alpha,
        );
    }

    /// Draws gingham, or tartan with thin lines between broad ones.
    fn checks(&mut self, color: Rgb, tartan: bool) {
        let broad = if tartan { 0.36 } else { 0.5 };
        self.band(0.0, broad, color, 0.55);
        self.upright(0.0, broad, color, 0.55);
        if tartan {
            self.band(0.64, 0.72, color, 0.7);
            self.upright(0.64, 0.72, color, 0.7);
        }
    }

    fn dots(&mut self, color: Rgb, radius: f32) {
        self.fill(Outline::ellipse(0.25, 0.25, radius, radius), color, 1.0);
        self.fill(Outline::ellipse(0.75, 0.75, radius, radius), color, 1.0);
    }

    fn flowers(&mut self, main: Rgb, accent: Rgb, dice: &mut Dice) {
        let leaf = if main.brightness() < 0.5 {
            Rgb(126, 178, 116)
        } else {
            Rgb(52, 112, 66)
        };
        let second = dice.pick([
            Rgb(232, 92, 110),
            Rgb(240, 168, 60),
            Rgb(220, 130, 190),
            Rgb(110, 150, 220),
        ]);
        for (number, (x, y)) in [
            (0.22, 0.24),
            (0.72, 0.16),
            (0.5, 0.56),
            (0.08, 0.74),
            (0.8, 0.78),
        ]
        .into_iter()
        .enumerate()
        {
            let (x, y) = (x + dice.between(-0.05, 0.05), y + dice.between(-0.05, 0.05));
            let reach = dice.between(0.075, 0.115);
            let turn = dice.between(0.0, std::f32::consts::TAU);
            let petals = if number % 2 == 0 { accent } else { second };
            for side in [-1.0_f32, 1.0] {
                let angle = turn + side * 0.7;
                let (far_x, far_y) = (x + angle.cos() * reach * 2.2, y + angle.sin() * reach * 2.2);
                let (bow_x, bow_y) = (-angle.sin() * reach * 0.8, angle.cos() * reach * 0.8);
                self.fill_around(
                    |dx, dy| {
                        let middle = ((x + far_x) / 2.0 + dx, (y + far_y) / 2.0 + dy);
                        Outline::at(x + dx, y + dy)
                            .quad(middle.0 + bow_x, middle.1 + bow_y, far_x + dx, far_y + dy)
                            .quad(middle.0 - bow_x, middle.1 - bow_y, x + dx, y + dy)
                    },
                    leaf,
                );
            }
            for petal in 0..5 {
                let angle = turn + petal as f32 / 5.0 * std::f32::consts::TAU;
                let (px, py) = (
                    x + angle.cos() * reach * 0.75,
                    y + angle.sin() * reach * 0.75,
                );
                self.fill_around(
                    |dx, dy| Outline::ellipse(px + dx, py + dy, reach * 0.55, reach * 0.55),
                    petals,
                );
            }
            self.fill_around(
                |dx, dy| Outline::ellipse(x + dx, y + dy, reach * 0.4, reach * 0.4),
                Rgb(248, 206, 84),
            );
        }
    }

    fn zigzag(&mut self, color: Rgb) {
        let mut builder = PathBuilder::new();
        builder.move_to(-0.5, 0.75);
        builder.line_to(0.0, 0.25);
        builder.line_to(0.5, 0.75);
        builder.line_to(1.0, 0.25);
        builder.line_to(1.5, 0.75);
        let Some(path) = builder.finish() else { return };
        let mut paint = Paint::default();
        paint.set_color(color.with_alpha(1.0));
        let stroke = Stroke {
            width: 0.26,
            line_cap: LineCap::Butt,
            ..Stroke::default()
        };
        for shift in [-1.0, 0.0, 1.0] {
            let placed = Transform::from_scale(self.side, self.side).pre_translate(0.0, shift);
            self.image.stroke_path(&path, &paint, &stroke, placed, None);
        }
    }

    /// Draws tortoiseshell.
    fn blotches(&mut self, main: Rgb, accent: Rgb, dice: &mut Dice) {
        for number in 0..16 {
            let (x, y) = (dice.unit(), dice.unit());
            let (rx, ry) = (dice.between(0.05, 0.13), dice.between(0.03, 0.08));
            let color = if number % 3 == 0 {
                accent
            } else {
                main.mix(accent, 0.5)
            };
            self.fill_around(
                |dx, dy| {
                    let (x, y) = (x + dx, y + dy);
                    Outline::through(&[
                        (x - rx, y),
                        (x - rx * 0.3, y - ry),
                        (x + rx * 0.6, y - ry * 0.5),
                        (x + rx, y + ry * 0.4),
                        (x + rx * 0.1, y + ry),
                    ])
                },
                color,
            );
        }
    }
}
