//! Cutting off margins: what shops and screenshots put around a product says nothing of it, and makes it
//! small in what the network sees.
//!
//! A margin is a stretch of lines, from one side inwards, whose pixels all have nearly the colour of the
//! outermost line: so white paper, black bars and each side's own colour are found alike, and JPEG's noise is
//! not in the way. Where a picture has transparent margins, these are what is cut off, whatever the colours.
//!
//! What is left is never only a speck; it keeps a little room on each side, and as much of the margins as
//! it takes for the network's own crop to leave the subject whole.

use image::RgbImage;

use crate::decode::Decoded;
use crate::frame::Frame;
use crate::geometry;
use crate::preprocessing::Preprocessing;

/// Steps of 256 by which a channel may differ from the margin's colour: JPEG's noise on a plain ground.
const NOISE: u8 = 16;
/// Steps by which no pixel of a margin differs: that is somebody's outline.
const OUTLINE: u8 = 48;
/// One pixel of a line in so many may differ by more than noise.
const STRAY: usize = 100;
/// Lines that are looked at together when they stand upright: pixels of a row that are near in memory.
const TOGETHER: u32 = 16;
/// Frames around frames, such as the bars of a screenshot around a sheet of paper, that are cut off.
const NESTED: usize = 3;

/// The least subject: its longer side as a share of the picture's, and in pixels.
const LEAST_SHARE: f64 = 1.0 / 12.0;
const LEAST_PIXELS: u32 = 32;
/// Room that is left on each side, as a share of the subject's longer side.
const ROOM: f64 = 0.05;
/// What is left when cutting is worth the while, at most, as a share of the picture.
const WORTH: f64 = 0.8;

/// The part of a picture that remains without its margins, as stored; `None` when that is all, or nothing
/// that could be a subject.
pub(crate) fn subject(decoded: &Decoded, how: &Preprocessing) -> Option<Frame> {
    let whole = Frame::whole(decoded.width, decoded.height);
    let inner = match decoded.visible {
        Some(visible) => visible,
        None => decoded.in_whole_pixels(&inside(&decoded.pixels)?),
    };
    let longer = inner.width.max(inner.height);
    let least = LEAST_SHARE * f64::from(whole.width.max(whole.height));
    if longer < LEAST_PIXELS || f64::from(longer) < least {
        return None;
    }
    let aspect = f64::from(how.width) / f64::from(how.height);
    let aspect = match geometry::swaps_sides(decoded.orientation) {
        true => 1.0 / aspect,
        false => aspect,
    };
    let room = (ROOM * f64::from(longer)).ceil() as u32;
    let around = |length: u32| f64::from(length.saturating_add(2 * room));
    let (width, height) = (around(inner.width), around(inner.height));
    let frame = Frame {
        width: width.max(height * aspect).ceil() as u32,
        height: height.max(width / aspect).ceil() as u32,
        ..inner
    };
    let (left, right) = placed(inner.left, inner.width, frame.width, whole.width);
    let (top, bottom) = placed(inner.top, inner.height, frame.height, whole.height);
    let frame = Frame::between(left, top, right, bottom);
    (frame.area() < WORTH * whole.area()).then_some(frame)
}

/// A stretch of `wanted` pixels with one of `length` in its middle, moved and cut where `side` ends.
fn placed(start: u32, length: u32, wanted: u32, side: u32) -> (u32, u32) {
    let wanted = wanted.min(side);
    let before = (wanted.max(length) - length) / 2;
    let first = start.saturating_sub(before).min(side - wanted);
    (first, first + wanted)
}

/// What lies inside of all margins; `None` when nothing does.
fn inside(picture: &RgbImage) -> Option<Frame> {
    let mut frame = Frame::whole(picture.width(), picture.height());
    let mut colours: [Option<Colour>; 4] = [None; 4];
    for _ in 0..NESTED {
        let before = frame;
        for (side, known) in [Side::Top, Side::Bottom, Side::Left, Side::Right]
            .into_iter()
            .zip(&mut colours)
        {
            let colour = median(picture, &frame, side);
            // A ground whose light falls off is no frame around a frame.
            if known.is_some_and(|known: Colour| !known.differs(colour, OUTLINE)) {
                continue;
            }
            let lines = margin(picture, &frame, side, colour);
            if lines == side.lines(&frame) {
                return None;
            }
            if lines > 0 {
                *known = Some(colour);
                frame = side.without(&frame, lines);
            }
        }
        if frame == before {
            break;
        }
    }
    Some(frame)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Top,
    Bottom,
    Left,
    Right,
}

impl Side {
    /// How many lines of a frame lie parallel to it.
    fn lines(self, frame: &Frame) -> u32 {
        match self {
            Side::Top | Side::Bottom => frame.height,
            Side::Left | Side::Right => frame.width,
        }
    }

    /// A frame without so many lines on this side.
    fn without(self, frame: &Frame, lines: u32) -> Frame {
        let (left, top) = (frame.left, frame.top);
        let (right, bottom) = (frame.right(), frame.bottom());
        match self {
            Side::Top => Frame::between(left, top + lines, right, bottom),
            Side::Bottom => Frame::between(left, top, right, bottom - lines),
            Side::Left => Frame::between(left + lines, top, right, bottom),
            Side::Right => Frame::between(left, top, right - lines, bottom),
        }
    }

    /// So many lines of a frame on this side.
    fn only(self, frame: &Frame, lines: u32) -> Frame {
        let (left, top) = (frame.left, frame.top);
        let (right, bottom) = (frame.right(), frame.bottom());
        match self {
            Side::Top => Frame::between(left, top, right, top + lines),
            Side::Bottom => Frame::between(left, bottom - lines, right, bottom),
            Side::Left => Frame::between(left, top, left + lines, bottom),
            Side::Right => Frame::between(right - lines, top, right, bottom),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Colour([u8; 3]);

impl Colour {
    fn differs(self, other: Colour, steps: u8) -> bool {
        self.distance(&other.0) > steps
    }

    /// The largest difference in any channel.
    fn distance(self, pixel: &[u8; 3]) -> u8 {
        let [red, green, blue] = self.0;
        let [r, g, b] = *pixel;
        red.abs_diff(r).max(green.abs_diff(g)).max(blue.abs_diff(b))
    }
}

/// The pixels of a row of a frame.
fn row<'a>(picture: &'a RgbImage, frame: &Frame, y: u32) -> &'a [[u8; 3]] {
    let (pixels, _) = picture.as_raw().as_chunks::<3>();
    let start = y as usize * picture.width() as usize;
    &pixels[start + frame.left as usize..start + frame.right() as usize]
}

/// The median colour of the outermost line.
fn median(picture: &RgbImage, frame: &Frame, side: Side) -> Colour {
    let line = side.only(frame, 1);
    let mut counts = [[0_u32; 256]; 3];
    for y in line.top..line.bottom() {
        for pixel in row(picture, &line, y) {
            for (counts, &value) in counts.iter_mut().zip(pixel) {
                counts[usize::from(value)] += 1;
            }
        }
    }
    let half = line.width * line.height / 2;
    Colour(counts.map(|counts| {
        let mut below = 0;
        let middle = counts.iter().position(|count| {
            below += count;
            below > half
        });
        middle.unwrap_or(0) as u8
    }))
}

/// How many lines on this side have the colour.
fn margin(picture: &RgbImage, frame: &Frame, side: Side, colour: Colour) -> u32 {
    match side {
        Side::Top | Side::Bottom => {
            let mut rows = frame.top..frame.bottom();
            let is_margin = |&y: &u32| {
                let mut line = Line::default();
                line.add(row(picture, frame, y), colour);
                line.is_margin(frame.width)
            };
            match side {
                Side::Top => rows.take_while(is_margin).count() as u32,
                _ => std::iter::from_fn(|| rows.next_back())
                    .take_while(is_margin)
                    .count() as u32,
            }
        }
        Side::Left | Side::Right => columns(picture, frame, side, colour),
    }
}

/// The same for lines that stand upright: several at once, as they lie side by side in memory.
fn columns(picture: &RgbImage, frame: &Frame, side: Side, colour: Colour) -> u32 {
    let mut done = 0;
    while done < frame.width {
        let together = TOGETHER.min(frame.width - done);
        let strip = side.only(&side.without(frame, done), together);
        let mut lines = [Line::default(); TOGETHER as usize];
        for y in strip.top..strip.bottom() {
            for (line, pixel) in lines.iter_mut().zip(row(picture, &strip, y)) {
                line.add(std::slice::from_ref(pixel), colour);
            }
        }
        let lines = &lines[..together as usize];
        let is_margin = |line: &&Line| line.is_margin(frame.height);
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

/// What was seen of a line.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    /// Pixels that differ by more than noise.
    stray: u32,
    /// The largest difference.
    most: u8,
}

impl Line {
    fn add(&mut self, pixels: &[[u8; 3]], colour: Colour) {
        for pixel in pixels {
            let distance = colour.distance(pixel);
            self.stray += u32::from(distance > NOISE);
            self.most = self.most.max(distance);
        }
    }

    fn is_margin(&self, pixels: u32) -> bool {
        self.most <= OUTLINE && self.stray as usize <= pixels as usize / STRAY
    }
}
