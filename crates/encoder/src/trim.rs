//! Cutting off margins: what shops and screenshots put around a product says nothing of it, and makes it
//! small in what the network sees.
//!
//! A margin is a stretch of lines, from one side inwards, whose pixels all have nearly the colour of the
//! outermost line: so white paper, black bars and each side's own colour are found alike, and JPEG's noise is
//! not in the way. Where a picture has transparent margins, these are what is cut off, whatever the colours.
//!
//! What is left is never only a speck, and it keeps as much of the margins as it takes for the network's own
//! crop to leave the subject whole. Narrow margins stay: there is little to be won, and where they lie is moved
//! by every new compression.

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
/// The least such frame inside of another, as a share of the side: a few even lines are the edge of a subject.
const LEAST_NESTED: u32 = 32;

/// The least subject: its longer side as a share of the picture's, and in pixels.
const LEAST_SHARE: f64 = 1.0 / 12.0;
const LEAST_PIXELS: u32 = 32;
/// What is left when margins are cut off, at most, as a share of the picture: those of a tenth of its sides
/// stay.
const WORTH: f64 = 0.65;

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
    let (width, height) = (f64::from(inner.width), f64::from(inner.height));
    let wanted = (
        width.max(height * aspect).ceil() as u32,
        height.max(width / aspect).ceil() as u32,
    );
    let (left, right) = placed(inner.left, inner.width, wanted.0, whole.width);
    let (top, bottom) = placed(inner.top, inner.height, wanted.1, whole.height);
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
    for round in 0..NESTED {
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
            let is_frame = round == 0 || lines >= side.lines(&frame) / LEAST_NESTED;
            if lines > 0 && is_frame {
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
        let outermost = match side {
            Side::Right => together as usize - 1,
            _ => 0,
        };
        for y in strip.top..strip.bottom() {
            for (line, pixel) in lines.iter_mut().zip(row(picture, &strip, y)) {
                line.add(std::slice::from_ref(pixel), colour);
            }
            // Most photos have no margins, and the first pixels tell.
            if !lines[outermost].is_margin(frame.height) {
                return done;
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

#[cfg(test)]
mod tests {
    use image::metadata::Orientation;
    use image::{Rgb, imageops};

    use super::*;
    use crate::preprocessing::tests::sample;

    /// A subject with a loud pattern on a sheet.
    fn sheet(size: (u32, u32), subject: Frame, colour: [u8; 3]) -> RgbImage {
        let mut sheet = RgbImage::from_pixel(size.0, size.1, Rgb(colour));
        let pattern = RgbImage::from_fn(subject.width, subject.height, |x, y| {
            Rgb([
                (x * 37 % 256) as u8,
                (y * 59 % 256) as u8,
                ((x + y) * 11 % 256) as u8,
            ])
        });
        imageops::replace(
            &mut sheet,
            &pattern,
            subject.left.into(),
            subject.top.into(),
        );
        sheet
    }

    fn found(picture: RgbImage) -> Option<Frame> {
        subject(
            &Decoded::whole(picture, Orientation::NoTransforms),
            &sample(),
        )
    }

    #[test]
    fn a_square_subject_is_left_exactly() {
        let square = Frame::between(500, 400, 800, 700);
        for colour in [[255; 3], [0; 3], [246, 243, 238]] {
            assert_eq!(found(sheet((1300, 1300), square, colour)), Some(square));
        }
    }

    #[test]
    fn a_long_subject_is_left_with_as_much_as_makes_it_square() {
        let long = Frame::between(200, 100, 500, 200);
        let expected = Frame::between(200, 0, 500, 300);
        assert_eq!(found(sheet((1000, 1000), long, [255; 3])), Some(expected));
        // Where the picture ends, there is no more.
        let high = Frame::between(0, 0, 100, 600);
        let expected = Frame::between(0, 0, 600, 600);
        assert_eq!(found(sheet((1200, 900), high, [255; 3])), Some(expected));
    }

    #[test]
    fn narrow_margins_and_specks_are_left() {
        let most = Frame::between(100, 100, 920, 920);
        assert_eq!(found(sheet((1000, 1000), most, [255; 3])), None);
        let speck = Frame::between(500, 500, 520, 520);
        assert_eq!(found(sheet((1000, 1000), speck, [255; 3])), None);
        assert_eq!(found(RgbImage::from_pixel(400, 300, Rgb([9, 9, 9]))), None);
    }
}
