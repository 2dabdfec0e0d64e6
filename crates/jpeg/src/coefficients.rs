use crate::block::Wanted;
use crate::error::Error;
use crate::frame::{Component, Frame};
use crate::scan::Scan;

/// Number of missing bits of a coefficient that no scan has sent yet.
pub(crate) const ALL_TO_COME: u8 = u8::MAX;

/// The coefficients of a component, as far as scans have sent them.
pub(crate) struct Coefficients {
    /// Columns of blocks, including those that only pad MCUs.
    pub(crate) columns: usize,
    /// For each block 64, in zigzag order. Zero until a scan sends them: memory pages without any
    /// are never touched.
    values: Vec<i16>,
    /// For each block, the coefficient after which all are zero.
    last: Vec<u8>,
    /// Number of low bits of each coefficient that are still missing.
    pub(crate) to_come: [u8; 64],
    /// Quantizer in zigzag order; `None` before the first scan.
    pub(crate) quantizer: Option<[f32; 64]>,
}

impl Coefficients {
    pub(crate) fn new(frame: &Frame, component: &Component) -> Coefficients {
        let (columns, rows) = frame.padded_blocks(component);
        Coefficients {
            columns,
            values: vec![0; 64 * columns * rows],
            last: vec![0; columns * rows],
            to_come: [ALL_TO_COME; 64],
            quantizer: None,
        }
    }

    /// Records what a scan sends, which no other scan may have sent.
    pub(crate) fn begin(&mut self, scan: &Scan) -> Result<(), Error> {
        let expected = match scan.high {
            0 => ALL_TO_COME,
            high => high,
        };
        if scan.start > 0 && self.to_come[0] == ALL_TO_COME {
            return Err(Error::corrupt("its scans are out of order"));
        }
        for left in &mut self.to_come[scan.start..=scan.end] {
            if *left != expected {
                return Err(Error::corrupt("its scans are out of order"));
            }
            *left = scan.low;
        }
        Ok(())
    }

    /// True if scans have sent every bit of every coefficient.
    pub(crate) fn is_complete(&self) -> bool {
        self.to_come == [0; 64]
    }

    /// Returns a block, and the coefficient after which all are zero.
    #[inline]
    pub(crate) fn block(&self, column: usize, row: usize) -> (&[i16; 64], usize) {
        let at = row * self.columns + column;
        (&self.values.as_chunks().0[at], usize::from(self.last[at]))
    }

    /// Counts the blocks in a row of MCUs, `down` rows of blocks, that have a strong coefficient
    /// that is not wanted.
    pub(crate) fn strong(&self, strip: usize, down: usize, wanted: &Wanted) -> usize {
        let from = strip * down * self.columns;
        let blocks = from..from + down * self.columns;
        let (values, _) = self.values.as_chunks();
        let blocks = values[blocks.clone()].iter().zip(&self.last[blocks]);
        let strong =
            blocks.map(|(stored, &last)| wanted.leaves_out_strong(stored, usize::from(last)));
        strong.filter(|&strong| strong).count()
    }

    /// Returns a block, and the coefficient after which all are zero, for changes.
    #[inline]
    pub(crate) fn block_mut(&mut self, column: usize, row: usize) -> (&mut [i16; 64], &mut u8) {
        let at = row * self.columns + column;
        (&mut self.values.as_chunks_mut().0[at], &mut self.last[at])
    }
}
