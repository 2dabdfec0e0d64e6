//! Finds the plain margins of an image.

use image::RgbImage;

use crate::pixel_rect::PixelRect;

/// Number of steps, of 256, by which a channel may differ from the margin's color: JPEG's noise on
/// a plain ground.
const NOISE: u8 = 16;
/// Number of steps by which no pixel of a margin may differ: such a pixel belongs to an outline.
const OUTLINE: u8 = 48;
/// One pixel in this many of a line may differ by more than noise.
const STRAY: usize = 100;
/// Number of vertical lines that are measured together, because their pixels are adjacent in
/// memory.
const TOGETHER: u32 = 16;
/// Maximum number of nested margins that are trimmed, such as a sheet of paper inside the bars of a
/// screenshot.
const NESTED: usize = 3;
/// Minimum width of an inner margin, as one part in this many of the side: a few even lines are a
/// subject's edge.
const MIN_NESTED: u32 = 32;

/// Returns the part inside all margins; `None` if the image is one margin.
pub(super) fn inside(image: &RgbImage) -> Option<PixelRect> {
    let mut rect = PixelRect::whole(image.width(), image.height());
    let mut colors: [Option<Color>; 4] = [None; 4];
    for round in 0..NESTED {
        let before = rect;
        for (side, known) in [Side::Top, Side::Bottom, Side::Left, Side::Right]
            .into_iter()
            .zip(&mut colors)
        {
            let color = median(image, &rect, side);
            // A background that slowly gets darker is one margin, not several nested ones.
            if known.is_some_and(|known: Color| !known.differs(color, OUTLINE)) {
                continue;
            }
            let lines = margin(image, &rect, side, color);
            if lines == side.lines(&rect) {
                return None;
            }
            let is_rect = round == 0 || lines >= side.lines(&rect) / MIN_NESTED;
            if lines > 0 && is_rect {
                *known = Some(color);
                rect = side.without(&rect, lines);
            }
        }
        if rect == before {
            break;
        }
    }
    Some(rect)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Top,
    Bottom,
    Left,
    Right,
}

impl Side {
    /// Returns the number of lines of a rectangle that are parallel to this side.
    fn lines(self, rect: &PixelRect) -> u32 {
        match self {
            Side::Top | Side::Bottom => rect.height,
            Side::Left | Side::Right => rect.width,
        }
    }

    /// Returns a rectangle without its outermost `lines` on this side.
    fn without(self, rect: &PixelRect, lines: u32) -> PixelRect {
        let (left, top) = (rect.left, rect.top);
        let (right, bottom) = (rect.right(), rect.bottom());
        match self {
            Side::Top => PixelRect::between(left, top + lines, right, bottom),
            Side::Bottom => PixelRect::between(left, top, right, bottom - lines),
            Side::Left => PixelRect::between(left + lines, top, right, bottom),
            Side::Right => PixelRect::between(left, top, right - lines, bottom),
        }
    }

    /// Returns the outermost `lines` of a rectangle on this side.
    fn only(self, rect: &PixelRect, lines: u32) -> PixelRect {
        let (left, top) = (rect.left, rect.top);
        let (right, bottom) = (rect.right(), rect.bottom());
        match self {
            Side::Top => PixelRect::between(left, top, right, top + lines),
            Side::Bottom => PixelRect::between(left, bottom - lines, right, bottom),
            Side::Left => PixelRect::between(left, top, left + lines, bottom),
            Side::Right => PixelRect::between(right - lines, top, right, bottom),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Color([u8; 3]);

impl Color {
    fn differs(self, other: Color, steps: u8) -> bool {
        self.distance(&other.0) > steps
    }

    /// Returns the largest difference in any channel.
    fn distance(self, pixel: &[u8; 3]) -> u8 {
        let [red, green, blue] = self.0;
        let [r, g, b] = *pixel;
        red.abs_diff(r).max(green.abs_diff(g)).max(blue.abs_diff(b))
    }
}

/// Returns the pixels of a row of a rectangle.
fn row<'a>(image: &'a RgbImage, rect: &PixelRect, y: u32) -> &'a [[u8; 3]] {
    let (pixels, _) = image.as_raw().as_chunks::<3>();
    let start = y as usize * image.width() as usize;
    &pixels[start + rect.left as usize..start + rect.right() as usize]
}

/// Returns the median color of the outermost line.
fn median(image: &RgbImage, rect: &PixelRect, side: Side) -> Color {
    let line = side.only(rect, 1);
    let mut counts = [[0_u32; 256]; 3];
    for y in line.top..line.bottom() {
        for pixel in row(image, &line, y) {
            for (counts, &value) in counts.iter_mut().zip(pixel) {
                counts[usize::from(value)] += 1;
            }
        }
    }
    let half = line.width * line.height / 2;
    Color(counts.map(|counts| {
        let mut below = 0;
        let middle = counts.iter().position(|count| {
            below += count;
            below > half
        });
        middle.unwrap_or(0) as u8
    }))
}

/// Counts the lines on this side, from outside, that have the color.
fn margin(image: &RgbImage, rect: &PixelRect, side: Side, color: Color) -> u32 {
    match side {
        Side::Top | Side::Bottom => {
            let mut rows = rect.top..rect.bottom();
            let is_margin = |&y: &u32| {
                let mut line = Line::default();
                line.add(row(image, rect, y), color);
                line.is_margin(rect.width)
            };
            match side {
                Side::Top => rows.take_while(is_margin).count() as u32,
                _ => std::iter::from_fn(|| rows.next_back())
                    .take_while(is_margin)
                    .count() as u32,
            }
        }
        Side::Left | Side::Right => columns(image, rect, side, color),
    }
}

/// Counts vertical lines, several at once, because their pixels are adjacent in memory.
fn columns(image: &RgbImage, rect: &PixelRect, side: Side, color: Color) -> u32 {
    let mut done = 0;
    while done < rect.width {
        let together = TOGETHER.min(rect.width - done);
        let strip = side.only(&side.without(rect, done), together);
        let mut lines = [Line::default(); TOGETHER as usize];
        let outermost = match side {
            Side::Right => together as usize - 1,
            _ => 0,
        };
        for y in strip.top..strip.bottom() {
            for (line, pixel) in lines.iter_mut().zip(row(image, &strip, y)) {
                line.add(std::slice::from_ref(pixel), color);
            }
            // Most photos have no margins, as the first pixels show: stop early.
            if !lines[outermost].is_margin(rect.height) {
                return done;
            }
        }
        let lines = &lines[..together as usize];
        let is_margin = |line: &&Line| line.is_margin(rect.height);
        let found = match side {
            Side::Right => lines.iter().rev().take_while(is_margin).count(),
            _ => lines.iter().take_while(is_margin).count(),
        } as u32;
        done += found;
        if found < together {
            break;
        }
    }
    done
}

/// The pixels of a line compared with the margin's color.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    /// Pixels that differ by more than noise.
    stray: u32,
    /// The largest difference.
    most: u8,
}

impl Line {
    fn add(&mut self, pixels: &[[u8; 3]], color: Color) {
        for pixel in pixels {
            let distance = color.distance(pixel);
            self.stray += u32::from(distance > NOISE);
            self.most = self.most.max(distance);
        }
    }

    fn is_margin(&self, pixels: u32) -> bool {
        self.most <= OUTLINE && self.stray as usize <= pixels as usize / STRAY
    }
}
