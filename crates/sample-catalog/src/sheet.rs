//! The transparent sheet that a product is drawn on, part by part.

use tiny_skia::{
    BlendMode, Color, FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Paint, Path,
    Pixmap, Point, Rect, Shader, SpreadMode, Stroke, Transform,
};

use super::outline::Outline;
use super::palette::Rgb;
use super::surface::{Finish, Surface};

pub(super) struct Sheet {
    layer: Pixmap,
    view: Transform,
    lit_from_left: bool,
}

impl Sheet {
    /// Makes a clear sheet. `view` converts product units to pixels; `lit_from_left` refers to
    /// product units, so a mirrored view swaps it.
    pub(super) fn new(layer: Pixmap, view: Transform, lit_from_left: bool) -> Sheet {
        Sheet {
            layer,
            view,
            lit_from_left,
        }
    }

    pub(super) fn into_layer(self) -> Pixmap {
        self.layer
    }

    /// Draws a part of the product, with light and a thin edge.
    pub(super) fn part(&mut self, outline: Outline, surface: Surface<'_>) {
        let Some(path) = outline.finish() else { return };
        let mut paint = Paint::default();
        match surface.tile {
            Some(tile) => paint.shader = tile.shader(surface.turn),
            None => paint.set_color(surface.color.with_alpha(surface.alpha)),
        }
        self.layer
            .fill_path(&path, &paint, FillRule::Winding, self.view, None);
        if let Some(shader) = self.sheen(surface.finish, path.bounds()) {
            let paint = Paint {
                shader,
                ..Paint::default()
            };
            self.layer
                .fill_path(&path, &paint, FillRule::Winding, self.view, None);
        }
        let edge = surface.color.darker(0.5).with_alpha(0.55 * surface.alpha);
        self.stroke(&path, edge, 0.45, BlendMode::SourceOver);
    }

    /// Draws a band of color along an outline: a strap, a wire, a seam.
    pub(super) fn line(&mut self, outline: Outline, color: Rgb, width: f32) {
        if let Some(path) = outline.finish() {
            self.stroke(&path, color.with_alpha(1.0), width, BlendMode::SourceOver);
        }
    }

    /// Draws a round bar along an outline: darker at its edges, lighter in its middle.
    pub(super) fn rod(&mut self, outline: Outline, color: Rgb, width: f32) {
        let Some(path) = outline.finish() else { return };
        for (share, tone) in [
            (1.0, color.darker(0.35)),
            (0.74, color),
            (0.26, color.lighter(0.25)),
        ] {
            self.stroke(
                &path,
                tone.with_alpha(1.0),
                width * share,
                BlendMode::SourceOver,
            );
        }
    }

    /// Draws a soft dark line on the parts so far: a fold, a crease, the shade under an edge.
    pub(super) fn fold(&mut self, outline: Outline, width: f32, strength: f32) {
        let Some(path) = outline.finish() else { return };
        let steps = 4;
        for step in 1..=steps {
            let color = Rgb(0, 0, 0).with_alpha(strength / steps as f32);
            self.stroke(
                &path,
                color,
                width * step as f32 / steps as f32,
                BlendMode::SourceAtop,
            );
        }
    }

    /// Draws dashes along an outline: stitching, perforations, links.
    pub(super) fn dashes(&mut self, outline: Outline, color: Rgb, width: f32, dash: f32) {
        let Some(path) = outline
            .finish()
            .and_then(|path| path.dash(&tiny_skia::StrokeDash::new(vec![dash, dash], 0.0)?, 4.0))
        else {
            return;
        };
        self.stroke(&path, color.with_alpha(1.0), width, BlendMode::SourceOver);
    }

    /// Draws color that fades out downwards (or upwards, if `top` is below `bottom`), on the parts
    /// so far and inside the outline.
    pub(super) fn fade(&mut self, outline: Outline, color: Rgb, alpha: f32, top: f32, bottom: f32) {
        let Some(path) = outline.finish() else { return };
        let stops = vec![
            GradientStop::new(0.0, color.with_alpha(alpha)),
            GradientStop::new(1.0, color.with_alpha(0.0)),
        ];
        let (from, to) = (Point::from_xy(0.0, top), Point::from_xy(0.0, bottom));
        let Some(shader) =
            LinearGradient::new(from, to, stops, SpreadMode::Pad, Transform::identity())
        else {
            return;
        };
        let paint = Paint {
            shader,
            blend_mode: BlendMode::SourceAtop,
            ..Paint::default()
        };
        self.layer
            .fill_path(&path, &paint, FillRule::Winding, self.view, None);
    }

    fn stroke(&mut self, path: &Path, color: Color, width: f32, blend_mode: BlendMode) {
        let mut paint = Paint {
            blend_mode,
            ..Paint::default()
        };
        paint.set_color(color);
        let stroke = Stroke {
            width,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        self.layer
            .stroke_path(path, &paint, &stroke, self.view, None);
    }

    fn sheen(&self, finish: Finish, bounds: Rect) -> Option<Shader<'static>> {
        let stops: Vec<GradientStop> = finish
            .sheen()
            .iter()
            .map(|&(place, light)| {
                let tone = if light < 0.0 {
                    Rgb(0, 0, 0)
                } else {
                    Rgb(255, 255, 255)
                };
                GradientStop::new(place, tone.with_alpha(light.abs()))
            })
            .collect();
        let (mut from, mut to) = (
            Point::from_xy(bounds.left(), 0.0),
            Point::from_xy(bounds.right(), 0.0),
        );
        if !self.lit_from_left {
            std::mem::swap(&mut from, &mut to);
        }
        if stops.is_empty() {
            return None;
        }
        LinearGradient::new(from, to, stops, SpreadMode::Pad, Transform::identity())
    }
}
