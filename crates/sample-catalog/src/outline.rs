//! Outlines in product units: the image is about 112 wide and 140 high, (0, 0) is its middle, y
//! grows downwards.

use tiny_skia::{Path, PathBuilder, Rect};

/// An outline being drawn, point by point.
pub(super) struct Outline {
    builder: PathBuilder,
}

impl Outline {
    pub(super) fn at(x: f32, y: f32) -> Outline {
        let mut builder = PathBuilder::new();
        builder.move_to(x, y);
        Outline { builder }
    }

    pub(super) fn line(mut self, x: f32, y: f32) -> Outline {
        self.builder.line_to(x, y);
        self
    }

    /// Adds a curve to (x, y) with one control point.
    pub(super) fn quad(mut self, cx: f32, cy: f32, x: f32, y: f32) -> Outline {
        self.builder.quad_to(cx, cy, x, y);
        self
    }

    /// Adds a curve to `end` that leaves towards `first` and arrives from `second`.
    pub(super) fn cubic(
        mut self,
        first: (f32, f32),
        second: (f32, f32),
        end: (f32, f32),
    ) -> Outline {
        self.builder
            .cubic_to(first.0, first.1, second.0, second.1, end.0, end.1);
        self
    }

    pub(super) fn close(mut self) -> Outline {
        self.builder.close();
        self
    }

    /// Returns the path; `None` if it encloses nothing and there is nothing to draw.
    pub(super) fn finish(self) -> Option<Path> {
        self.builder.finish()
    }

    pub(super) fn ellipse(x: f32, y: f32, rx: f32, ry: f32) -> Outline {
        let mut builder = PathBuilder::new();
        if let Some(bounds) = Rect::from_ltrb(x - rx, y - ry, x + rx, y + ry) {
            builder.push_oval(bounds);
        }
        Outline { builder }
    }

    pub(super) fn polygon(points: &[(f32, f32)]) -> Outline {
        let mut builder = PathBuilder::new();
        for (number, &(x, y)) in points.iter().enumerate() {
            if number == 0 {
                builder.move_to(x, y);
            } else {
                builder.line_to(x, y);
            }
        }
        builder.close();
        Outline { builder }
    }

    /// Makes a box from its corners, rounded by `radius`.
    pub(super) fn rounded(left: f32, top: f32, right: f32, bottom: f32, radius: f32) -> Outline {
        let r = radius
            .min((right - left) / 2.0)
            .min((bottom - top) / 2.0)
            .max(0.0);
        Outline::at(left + r, top)
            .line(right - r, top)
            .quad(right, top, right, top + r)
            .line(right, bottom - r)
            .quad(right, bottom, right - r, bottom)
            .line(left + r, bottom)
            .quad(left, bottom, left, bottom - r)
            .line(left, top + r)
            .quad(left, top, left + r, top)
            .close()
    }

    /// Makes a smooth closed curve through points (Catmull-Rom).
    pub(super) fn through(points: &[(f32, f32)]) -> Outline {
        let count = points.len();
        let mut builder = PathBuilder::new();
        for here in 0..count {
            let (before, from) = (points[(here + count - 1) % count], points[here]);
            let (to, after) = (points[(here + 1) % count], points[(here + 2) % count]);
            if here == 0 {
                builder.move_to(from.0, from.1);
            }
            builder.cubic_to(
                from.0 + (to.0 - before.0) / 6.0,
                from.1 + (to.1 - before.1) / 6.0,
                to.0 - (after.0 - from.0) / 6.0,
                to.1 - (after.1 - from.1) / 6.0,
                to.0,
                to.1,
            );
        }
        builder.close();
        Outline { builder }
    }
}

/// The right half of something symmetrical, from its top to its bottom.
pub(super) struct Half {
    start: (f32, f32),
    strokes: Vec<[(f32, f32); 3]>,
}

impl Half {
    pub(super) fn at(x: f32, y: f32) -> Half {
        Half {
            start: (x, y),
            strokes: Vec::new(),
        }
    }

    fn end(&self) -> (f32, f32) {
        self.strokes.last().map_or(self.start, |stroke| stroke[2])
    }

    pub(super) fn line(mut self, x: f32, y: f32) -> Half {
        let from = self.end();
        self.strokes.push([from, (x, y), (x, y)]);
        self
    }

    pub(super) fn quad(mut self, cx: f32, cy: f32, x: f32, y: f32) -> Half {
        let from = self.end();
        let towards = |end: f32, control: f32| end + (control - end) * 2.0 / 3.0;
        self.strokes.push([
            (towards(from.0, cx), towards(from.1, cy)),
            (towards(x, cx), towards(y, cy)),
            (x, y),
        ]);
        self
    }

    /// Returns both halves as one closed outline.
    pub(super) fn mirrored(self) -> Outline {
        let mut outline = Outline::at(self.start.0, self.start.1);
        for &[first, second, end] in &self.strokes {
            outline = outline.cubic(first, second, end);
        }
        let flip = |(x, y): (f32, f32)| (-x, y);
        let last = flip(self.end());
        outline = outline.line(last.0, last.1);
        for (number, &[first, second, _]) in self.strokes.iter().enumerate().rev() {
            let end = if number == 0 {
                self.start
            } else {
                self.strokes[number - 1][2]
            };
            outline = outline.cubic(flip(second), flip(first), flip(end));
        }
        outline.close()
    }
}
