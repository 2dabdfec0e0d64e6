//! Progressive images: all coefficients are kept until the last scan (ITU-T T.81, annex G).

use crate::bits::BitReader;
use crate::block::{Amount, Block, Wanted};
use crate::codes::Codes;
use crate::coefficients::Coefficients;
use crate::data::{Data, Flaw};
use crate::error::Error;
use crate::frame::{Component, Frame};
use crate::header::Header;
use crate::huffman::{Huffman, value};
use crate::plane::{Plane, Shape, is_patterned, streams};
use crate::rows::Rows;
use crate::scan::Scan;

/// Maximum number of scans that are decoded. Encoders write about ten; every scan visits the whole
/// image, so a small file of many almost empty scans would keep a decoder busy.
const MAX_SCANS: usize = 100;
/// Number of scans that are decoded whatever the size.
const USUAL_SCANS: usize = 16;
/// Maximum number of pixels that all scans visit: beyond the usual scans, large images may have
/// fewer than small ones.
const MAX_VISITS: usize = 640_000_000;

/// Decodes the image at `eighths` of its size.
pub(crate) fn decode(mut header: Header<'_>, eighths: usize) -> Result<Rows, Error> {
    let frame = header.frame.clone();
    let components = frame.components.iter();
    let mut images: Vec<Coefficients> = components.map(|c| Coefficients::new(&frame, c)).collect();
    let max_scans = (MAX_VISITS / (frame.width * frame.height)).clamp(USUAL_SCANS, MAX_SCANS);
    let mut scan = header.scan.clone();
    for number in 1.. {
        if number > max_scans {
            return Err(Error::corrupt(format!(
                "it has more than {max_scans} scans"
            )));
        }
        for of_scan in &scan.components {
            let image = &mut images[of_scan.component];
            image.begin(&scan)?;
            let quantizer = frame.components[of_scan.component].quantizer;
            image.quantizer = Some(match image.quantizer {
                // The table that is valid when the component begins.
                Some(known) => known,
                None => header.tables.quantizer(quantizer)?,
            });
        }
        read_scan(&mut header, &scan, &mut images, number)?;
        // Anything may follow a complete image.
        if images.iter().all(Coefficients::is_complete) {
            break;
        }
        scan = header.next_scan()?.ok_or_else(|| unfinished(&images))?;
    }
    draw(&frame, &header, &images, eighths)
}

/// Describes what is missing if no scan follows. The standard leaves the number of scans to
/// encoders; but all of them write all bits of all frequencies, and nothing else shows that a file
/// was cut after a scan.
fn unfinished(images: &[Coefficients]) -> Error {
    let coefficients = images.iter().flat_map(|image| &image.to_come);
    let missing = coefficients.filter(|&&left| left > 0).count();
    let percent = 100 - 100 * missing / (64 * images.len());
    Error::corrupt(format!(
        "the file ends after {percent} % of its frequencies"
    ))
}

fn draw(
    frame: &Frame,
    header: &Header<'_>,
    images: &[Coefficients],
    eighths: usize,
) -> Result<Rows, Error> {
    let shapes = frame.components.iter();
    let shapes: Vec<Shape> = shapes.map(|c| Shape::new(frame, c, eighths)).collect();
    let streams = streams(&shapes, eighths);
    let (_, strips) = frame.mcus();
    let kept = if streams { 1 } else { strips };
    let mut planes = Vec::with_capacity(images.len());
    let mut wanted = Vec::with_capacity(images.len());
    for ((component, image), &shape) in frame.components.iter().zip(images).zip(&shapes) {
        planes.push(Plane::new(frame, component, shape, kept)?);
        let quantizer = image.quantizer.unwrap_or([0.0; 64]);
        wanted.push(Wanted::new(quantizer, shape.block));
    }
    let mut rows = Rows::new(frame, header.color, eighths);
    for strip in 0..strips {
        let mut parts = frame.components.iter().zip(images).zip(&wanted);
        let patterned = parts.any(|((component, image), wanted)| {
            let blocks = component.down * image.columns;
            wanted.is_part() && is_patterned(image.strong(strip, component.down, wanted), blocks)
        });
        for (((component, image), wanted), plane) in frame
            .components
            .iter()
            .zip(images)
            .zip(&wanted)
            .zip(&mut planes)
        {
            let row_kept = if streams { 0 } else { strip };
            draw_strip(
                component,
                image,
                wanted,
                (plane, row_kept),
                strip,
                patterned,
            );
        }
        if streams {
            rows.append_strip(&planes, strip);
        }
    }
    if !streams {
        rows.append_all(&planes);
    }
    Ok(rows)
}

/// Draws the blocks of a component that are in row `strip` of MCUs.
fn draw_strip(
    component: &Component,
    image: &Coefficients,
    wanted: &Wanted,
    (plane, row_kept): (&mut Plane, usize),
    strip: usize,
    patterned: bool,
) {
    let mut block = Block::EMPTY;
    if patterned {
        plane.begin_average(strip, (image.columns, component.down));
    }
    for row in 0..component.down {
        for column in 0..image.columns {
            let (stored, last) = image.block(column, strip * component.down + row);
            if patterned {
                block.load(stored, last, wanted, Amount::All);
                plane.add(&block, column, row);
            } else {
                block.load(stored, last, wanted, Amount::Wanted);
                plane.draw(&block, column, row_kept * component.down + row);
            }
        }
    }
    if patterned {
        plane.finish_average();
    }
}

/// Reads a scan into the coefficients.
fn read_scan(
    header: &mut Header<'_>,
    scan: &Scan,
    images: &mut [Coefficients],
    number: usize,
) -> Result<(), Error> {
    let is_refinement = scan.high > 0;
    let is_first = scan.start == 0;
    let used = (is_first && !is_refinement, !is_first);
    let codes = Codes::new(&header.tables, scan, used, false)?;
    let (columns, rows) = scan.mcus(&header.frame);
    let mut data = Data::new(header.rest, header.tables.restart_interval);
    let read = if is_first {
        first_coefficients(&mut data, header, scan, &codes, images)
    } else {
        let of_scan = &scan.components[0];
        let band = Band {
            code: codes.ac(of_scan.ac)?,
            start: scan.start,
            end: scan.end,
            low: scan.low,
            run: 0,
        };
        let image = &mut images[of_scan.component];
        other_coefficients(&mut data, (columns, rows), band, is_refinement, image)
    };
    let part = format!("scan {number}");
    read.map_err(|(flaw, mcu)| flaw.after(mcu, columns * rows, &part))?;
    header.rest = data.rest();
    Ok(())
}

/// Reads a scan of first coefficients. The error has the number of the MCU.
fn first_coefficients(
    data: &mut Data<'_>,
    header: &Header<'_>,
    scan: &Scan,
    codes: &Codes,
    images: &mut [Coefficients],
) -> Result<(), (Flaw, usize)> {
    let (columns, rows) = scan.mcus(&header.frame);
    let mut previous = [0_i32; 4];
    for row in 0..rows {
        for column in 0..columns {
            let mcu = row * columns + column;
            if data.restarts(mcu).map_err(|flaw| (flaw, mcu))? {
                previous = [0; 4];
            }
            for (of_scan, previous) in scan.components.iter().zip(&mut previous) {
                let code = codes.dc(of_scan.dc).ok().filter(|_| scan.high == 0);
                let (across, down) = scan.blocks_of_mcu(&header.frame, of_scan.component);
                let image = &mut images[of_scan.component];
                for block in 0..across * down {
                    let (x, y) = (block % across, block / across);
                    let (block, _) = image.block_mut(column * across + x, row * down + y);
                    let mut bits = data.bits.reader();
                    let read = match code {
                        Some(code) => first_coefficient(&mut bits, code, scan.low, previous, block),
                        None => {
                            block[0] |= i16::from(bits.bit()) << scan.low;
                            Some(())
                        }
                    };
                    let cursor = bits.cursor;
                    data.bits.rewind(cursor);
                    read.ok_or_else(|| (data.flaw(), mcu))?;
                }
            }
        }
        data.check().map_err(|flaw| (flaw, row * columns))?;
    }
    data.end().map_err(|flaw| (flaw, rows * columns))
}

#[inline]
fn first_coefficient(
    bits: &mut BitReader<'_>,
    code: &Huffman,
    low: u8,
    previous: &mut i32,
    block: &mut [i16; 64],
) -> Option<()> {
    bits.refill();
    let size = u32::from(code.symbol(bits)?);
    if size > 15 {
        return None;
    }
    if size > 0 {
        *previous = previous.wrapping_add(value(bits, size));
    }
    block[0] = stored(*previous, low)?;
    Some(())
}

/// Returns a coefficient without its low bits, as it is stored. `None` if it has more bits than any
/// coefficient, so that the missing ones would not fit.
#[inline]
fn stored(value: i32, low: u8) -> Option<i16> {
    let stored = i16::try_from(value.checked_mul(1 << low)?).ok()?;
    (stored > i16::MIN).then_some(stored)
}

/// A band of frequencies of one component.
struct Band<'a> {
    code: &'a Huffman,
    start: usize,
    end: usize,
    low: u8,
    /// Number of following blocks that have nothing new in this band.
    run: usize,
}

/// Reads a scan of a band. The error has the number of the block.
fn other_coefficients(
    data: &mut Data<'_>,
    (columns, rows): (usize, usize),
    mut band: Band<'_>,
    is_refinement: bool,
    image: &mut Coefficients,
) -> Result<(), (Flaw, usize)> {
    for row in 0..rows {
        for column in 0..columns {
            let mcu = row * columns + column;
            if data.restarts(mcu).map_err(|flaw| (flaw, mcu))? && band.run > 0 {
                return Err((Flaw::Damaged, mcu));
            }
            if band.run > 0 && !is_refinement {
                band.run -= 1;
                continue;
            }
            let (block, last) = image.block_mut(column, row);
            let mut bits = data.bits.reader();
            let read = match is_refinement {
                false => band.read(&mut bits, block, last),
                true => band.refine(&mut bits, block, last),
            };
            let cursor = bits.cursor;
            data.bits.rewind(cursor);
            read.ok_or_else(|| (data.flaw(), mcu))?;
        }
        data.check().map_err(|flaw| (flaw, row * columns))?;
    }
    // A run ends with the last block that it counts.
    match band.run {
        0 => data.end().map_err(|flaw| (flaw, rows * columns)),
        _ => Err((Flaw::Damaged, rows * columns)),
    }
}

impl Band<'_> {
    /// Reads the length of a run of blocks without anything new, including the current one.
    #[inline]
    fn run_of(bits: &mut BitReader<'_>, exponent: u32) -> usize {
        match exponent {
            0 => 1,
            _ => (1 << exponent) + bits.take(exponent) as usize,
        }
    }

    /// Reads the coefficients of a block for the first time (T.81, G.1.2.2).
    #[inline]
    fn read(
        &mut self,
        bits: &mut BitReader<'_>,
        block: &mut [i16; 64],
        last: &mut u8,
    ) -> Option<()> {
        let mut next = self.start;
        while next <= self.end {
            bits.refill();
            let symbol = self.code.symbol(bits)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if run != 15 {
                    self.run = Band::run_of(bits, run as u32) - 1;
                    return Some(());
                }
                next += 16;
                continue;
            }
            next += run;
            if next > self.end {
                return None;
            }
            block[next] = stored(value(bits, size), self.low)?;
            *last = (*last).max(next as u8);
            next += 1;
        }
        // A run of sixteen zeros may extend beyond the band; other runs may not.
        Some(())
    }

    /// Reads one more bit of each coefficient of a block (T.81, G.1.2.3).
    #[inline]
    fn refine(
        &mut self,
        bits: &mut BitReader<'_>,
        block: &mut [i16; 64],
        last: &mut u8,
    ) -> Option<()> {
        let one = 1_i16 << self.low;
        let mut next = self.start;
        while self.run == 0 && next <= self.end {
            bits.refill();
            let symbol = self.code.symbol(bits)?;
            let (mut zeros, size) = (usize::from(symbol >> 4), symbol & 15);
            let new = match size {
                0 if zeros == 15 => None,
                0 => {
                    self.run = Band::run_of(bits, zeros as u32);
                    break;
                }
                1 if bits.take(1) == 1 => Some(one),
                1 => Some(-one),
                _ => return None,
            };
            // Skips this many zeros, and all others, each of which has a bit.
            while next <= self.end {
                if next > usize::from(*last) {
                    next += zeros;
                    break;
                }
                if block[next] != 0 {
                    correct(bits, &mut block[next], one);
                } else if zeros > 0 {
                    zeros -= 1;
                } else {
                    break;
                }
                next += 1;
            }
            if let Some(new) = new {
                if next > self.end {
                    return None;
                }
                block[next] = new;
                *last = (*last).max(next as u8);
            }
            next += 1;
        }
        if self.run > 0 {
            let end = self.end.min(usize::from(*last));
            for coefficient in block.get_mut(next..=end).unwrap_or_default() {
                if *coefficient != 0 {
                    correct(bits, coefficient, one);
                }
            }
            self.run -= 1;
        }
        Some(())
    }
}

/// Reads the next lower bit of a coefficient that is known not to be zero.
#[inline]
fn correct(bits: &mut BitReader<'_>, coefficient: &mut i16, one: i16) {
    if bits.bit() && *coefficient & one == 0 {
        *coefficient += if *coefficient > 0 { one } else { -one };
    }
}
