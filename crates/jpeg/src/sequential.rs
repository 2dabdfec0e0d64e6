//! Baseline and extended sequential images: every block is in one scan, usually all in the same.

use crate::bits::BitReader;
use crate::block::{Amount, Block, Coding, Wanted};
use crate::codes::Codes;
use crate::data::{Data, Flaw};
use crate::error::Error;
use crate::header::Header;
use crate::plane::{Plane, Shape, is_patterned, streams};
use crate::rows::Rows;
use crate::scan::Scan;

/// Decodes the image at `eighths` of its size.
pub(crate) fn decode(mut header: Header<'_>, eighths: usize) -> Result<Rows, Error> {
    let frame = header.frame.clone();
    header.tables.add_standard_codes();
    let shapes = frame.components.iter();
    let shapes: Vec<Shape> = shapes.map(|c| Shape::new(&frame, c, eighths)).collect();
    let mut scan = header.scan.clone();
    let together = scan.components.len() == frame.components.len();
    let streams = together && streams(&shapes, eighths);
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
                return Err(Error::corrupt("a color component occurs twice"));
            }
        }
        read_scan(&mut header, &scan, &mut planes, |_, strip| strip + 1)?;
        if done.iter().all(|&done| done) {
            break;
        }
        scan = header.next_scan()?.ok_or_else(|| {
            let missing = done.iter().filter(|&&done| !done).count();
            let of = done.len();
            Error::corrupt(format!(
                "{missing} of its {of} color components are missing"
            ))
        })?;
    }
    rows.append_all(&planes);
    Ok(rows)
}

/// A component of the current scan.
struct Reader<'a> {
    coding: Coding<'a>,
    plane: usize,
    /// Number of blocks in an MCU.
    across: usize,
    down: usize,
    /// First coefficient of the previous block, from which the next one differs.
    previous: i32,
    block: Block,
    /// Number of blocks of this row of MCUs with a strong coefficient that is not wanted.
    strong: usize,
}

/// Reads a scan. After each row of MCUs, `kept` is called with its number, and returns the position
/// of the next one in the planes.
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
        Ok(Wanted::new(
            quantizer,
            planes[of_scan.component].shape.block,
        ))
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
            strong: 0,
        });
    }
    let mut strips = Strips {
        data: Data::new(header.rest, header.tables.restart_interval),
        readers,
        size: scan.mcus(frame),
        patterned: false,
    };
    let mut row_kept = 0;
    for row in 0..strips.size.1 {
        strips.read(planes, row, row_kept)?;
        row_kept = kept(planes, row);
    }
    let blocks = strips.size.0 * strips.size.1;
    let end = strips.data.end();
    end.map_err(|flaw| flaw.after(blocks, blocks, "the image"))?;
    header.rest = strips.data.rest();
    Ok(())
}

/// A scan, one row of MCUs after the other.
struct Strips<'a, 'b> {
    data: Data<'a>,
    readers: Vec<Reader<'b>>,
    /// Columns and rows of MCUs.
    size: (usize, usize),
    /// True if the previous row had patterns: then this one usually has them too.
    patterned: bool,
}

impl Strips<'_, '_> {
    /// Reads a row of MCUs, which the planes keep at `kept`. If that drops patterns, it is read
    /// again and averaged.
    fn read(&mut self, planes: &mut [Plane], row: usize, kept: usize) -> Result<(), Error> {
        let before = self.data.place();
        let previous: Vec<i32> = self.readers.iter().map(|reader| reader.previous).collect();
        if !self.patterned {
            self.read_as(planes, row, kept, Amount::Wanted)?;
            self.patterned = self.leaves_out_patterns();
            if !self.patterned {
                return Ok(());
            }
            self.data.rewind(&before);
            for (reader, previous) in self.readers.iter_mut().zip(previous) {
                reader.previous = previous;
            }
        }
        for reader in &self.readers {
            let blocks = (self.size.0 * reader.across, reader.down);
            planes[reader.plane].begin_average(row, blocks);
        }
        self.read_as(planes, row, kept, Amount::All)?;
        for reader in &self.readers {
            planes[reader.plane].finish_average();
        }
        self.patterned = self.leaves_out_patterns();
        Ok(())
    }

    fn leaves_out_patterns(&self) -> bool {
        let mut readers = self.readers.iter();
        readers.any(|reader| {
            let blocks = self.size.0 * reader.across * reader.down;
            reader.coding.wanted.is_part() && is_patterned(reader.strong, blocks)
        })
    }

    fn read_as(
        &mut self,
        planes: &mut [Plane],
        row: usize,
        kept: usize,
        amount: Amount,
    ) -> Result<(), Error> {
        let (columns, rows) = self.size;
        let after = |flaw: Flaw, mcu: usize| flaw.after(mcu, rows * columns, "the image");
        for reader in &mut self.readers {
            reader.strong = 0;
        }
        let data = &mut self.data;
        let mut bits = data.bits.reader();
        for column in 0..columns {
            let mcu = row * columns + column;
            if data.is_restart(mcu) {
                let cursor = bits.cursor;
                data.bits.rewind(cursor);
                data.restart(mcu).map_err(|flaw| after(flaw, mcu))?;
                bits = data.bits.reader();
                for reader in &mut self.readers {
                    reader.previous = 0;
                }
            }
            for reader in &mut self.readers {
                let plane = &mut planes[reader.plane];
                if reader
                    .read(&mut bits, plane, (column, kept), amount)
                    .is_none()
                {
                    let cursor = bits.cursor;
                    data.bits.rewind(cursor);
                    return Err(after(data.flaw(), mcu));
                }
            }
        }
        let cursor = bits.cursor;
        data.bits.rewind(cursor);
        data.check().map_err(|flaw| after(flaw, row * columns))
    }
}

impl Reader<'_> {
    /// Reads the component's blocks of an MCU into the plane, at this column and row of MCUs.
    /// `None` if no encoder would have written the data.
    #[inline(always)]
    fn read(
        &mut self,
        bits: &mut BitReader<'_>,
        plane: &mut Plane,
        (column, row): (usize, usize),
        amount: Amount,
    ) -> Option<()> {
        for down in 0..self.down {
            for across in 0..self.across {
                self.block
                    .read(bits, &self.coding, &mut self.previous, amount)?;
                self.strong += usize::from(self.block.strong);
                let left = column * self.across + across;
                match amount {
                    Amount::Wanted => plane.draw(&self.block, left, row * self.down + down),
                    Amount::All => plane.add(&self.block, left, down),
                }
            }
        }
        Some(())
    }
}
