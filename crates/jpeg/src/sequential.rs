//! Baseline and extended sequential images: every block stands in one scan, most often all in the same.

use crate::block::{Block, Coding, Wanted};
use crate::codes::Codes;
use crate::data::{Data, Flaw};
use crate::header::Header;
use crate::plane::{Plane, Shape};
use crate::rows::Rows;
use crate::scan::Scan;
use crate::Error;

/// The image at `eighths` of its size.
pub(crate) fn decode(mut header: Header<'_>, eighths: usize) -> Result<Rows, Error> {
    let frame = header.frame.clone();
    header.tables.add_standard_codes();
    let shapes = frame.components.iter();
    let shapes: Vec<Shape> = shapes.map(|c| Shape::new(&frame, c, eighths)).collect();
    let mut scan = header.scan.clone();
    let together = scan.components.len() == frame.components.len();
    let streams = together && !shapes.iter().any(Shape::mixes_rows);
    let strips = if streams { 1 } else { frame.mcus().1 };
    let planes = frame.components.iter().zip(&shapes);
    let planes = planes.map(|(component, &shape)| Plane::new(&frame, component, shape, strips));
    let mut planes = planes.collect::<Result<Vec<_>, _>>()?;
    let mut rows = Rows::new(&frame, header.color, eighths);
    if streams {
        read_scan(&mut header, &scan, &mut planes, |planes, strip| {
            rows.append_strip(planes, strip);
            0
        })?;
        return Ok(rows);
    }
    let mut done = vec![false; planes.len()];
    loop {
        for of_scan in &scan.components {
            if std::mem::replace(&mut done[of_scan.component], true) {
                return Err(Error::corrupt("a color component is there twice"));
            }
        }
        read_scan(&mut header, &scan, &mut planes, |_, strip| strip + 1)?;
        if done.iter().all(|&done| done) {
            break;
        }
        scan = header.next_scan()?.ok_or_else(|| {
            let missing = done.iter().filter(|&&done| !done).count();
            let of = done.len();
            Error::corrupt(format!("{missing} of its {of} color components are missing"))
        })?;
    }
    rows.append_all(&planes);
    Ok(rows)
}

/// A component of the scan that is read.
struct Reader<'a> {
    coding: Coding<'a>,
    plane: usize,
    /// Blocks in an MCU.
    across: usize,
    down: usize,
    /// First coefficient of the block before, from which the next one differs.
    previous: i32,
    block: Block,
}

/// Reads a scan. Behind each row of MCUs, `kept` is told its number, and says at which the planes keep the next.
fn read_scan(
    header: &mut Header<'_>,
    scan: &Scan,
    planes: &mut [Plane],
    mut kept: impl FnMut(&[Plane], usize) -> usize,
) -> Result<(), Error> {
    let frame = &header.frame;
    let wanted = scan.components.iter().map(|of_scan| {
        let component = &frame.components[of_scan.component];
        let quantizer = header.tables.quantizer(component.quantizer)?;
        Ok(Wanted::new(quantizer, planes[of_scan.component].shape.block))
    });
    let wanted: Vec<Wanted> = wanted.collect::<Result<_, Error>>()?;
    let skims = wanted.iter().any(Wanted::is_part);
    let codes = Codes::new(&header.tables, scan, (true, true), skims)?;
    let mut readers = Vec::with_capacity(wanted.len());
    for (of_scan, wanted) in scan.components.iter().zip(&wanted) {
        let (across, down) = scan.blocks_of_mcu(frame, of_scan.component);
        readers.push(Reader {
            coding: Coding {
                dc: codes.dc(of_scan.dc)?,
                ac: codes.ac(of_scan.ac)?,
                wanted,
            },
            plane: of_scan.component,
            across,
            down,
            previous: 0,
            block: Block::EMPTY,
        });
    }
    let (columns, rows) = scan.mcus(frame);
    let mut data = Data::new(header.rest, header.tables.restart_interval);
    let mut row_kept = 0;
    for row in 0..rows {
        for column in 0..columns {
            let mcu = row * columns + column;
            read_mcu(&mut data, &mut readers, planes, mcu, (column, row_kept))
                .map_err(|flaw| flaw.after(mcu, rows * columns, "the image"))?;
        }
        let after = |flaw: Flaw| flaw.after(row * columns, rows * columns, "the image");
        data.check().map_err(after)?;
        row_kept = kept(planes, row);
    }
    header.rest = data.rest();
    Ok(())
}

/// Reads an MCU into the planes at this column and row.
#[inline]
fn read_mcu(
    data: &mut Data<'_>,
    readers: &mut [Reader<'_>],
    planes: &mut [Plane],
    mcu: usize,
    (column, row): (usize, usize),
) -> Result<(), Flaw> {
    if data.restarts(mcu)? {
        readers.iter_mut().for_each(|reader| reader.previous = 0);
    }
    for reader in readers {
        let plane = &mut planes[reader.plane];
        for down in 0..reader.down {
            for across in 0..reader.across {
                let (coding, previous) = (&reader.coding, &mut reader.previous);
                if reader.block.read(&mut data.bits, coding, previous).is_none() {
                    return Err(data.flaw());
                }
                let (left, top) = (column * reader.across + across, row * reader.down + down);
                plane.draw(&reader.block, left, top);
            }
        }
    }
    Ok(())
}
