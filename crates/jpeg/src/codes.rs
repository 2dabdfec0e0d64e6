//! The Huffman codes of a scan, each built once.

use crate::error::Error;
use crate::huffman::Huffman;
use crate::scan::Scan;
use crate::tables::Tables;

/// The codes of a scan, by number.
#[derive(Default)]
pub(crate) struct Codes {
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
}

impl Codes {
    /// Builds the codes with which `scan` reads first coefficients (`dc`), and others (`ac`).
    /// `skims` is true if others are skipped.
    pub(crate) fn new(
        tables: &Tables,
        scan: &Scan,
        (dc, ac): (bool, bool),
        skims: bool,
    ) -> Result<Codes, Error> {
        let mut codes = Codes::default();
        for component in &scan.components {
            if let Some(code @ None) = codes.dc.get_mut(component.dc).filter(|_| dc) {
                *code = Some(tables.dc(component.dc)?);
            }
            if let Some(code @ None) = codes.ac.get_mut(component.ac).filter(|_| ac) {
                let built = tables.ac(component.ac, skims)?;
                // Only scans of whole blocks look up whole coefficients.
                *code = Some(if dc { built.with_coefficients() } else { built });
            }
        }
        Ok(codes)
    }

    pub(crate) fn dc(&self, number: usize) -> Result<&Huffman, Error> {
        there(&self.dc, number)
    }

    pub(crate) fn ac(&self, number: usize) -> Result<&Huffman, Error> {
        there(&self.ac, number)
    }
}

fn there(codes: &[Option<Huffman>; 4], number: usize) -> Result<&Huffman, Error> {
    let code = codes.get(number).and_then(Option::as_ref);
    code.ok_or_else(|| Error::corrupt("a Huffman table is missing"))
}
