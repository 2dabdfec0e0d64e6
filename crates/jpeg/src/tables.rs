//! The tables that segments define: quantizers, Huffman codes, the restart interval.

use crate::error::Error;
use crate::huffman::Huffman;
use crate::marker::{DHT, DQT, DRI, Segment, be16};

/// Tables as they are defined at some point of a file. Defining one costs no more than reading it;
/// the look-up tables for decoding are built when a scan uses it.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    /// Quantizers in zigzag order.
    quantizers: [Option<[f32; 64]>; 4],
    dc: [Option<Code>; 4],
    ac: [Option<Code>; 4],
    /// Number of MCUs between two restart markers; 0 if there are none.
    pub(crate) restart_interval: usize,
}

/// A Huffman code as a segment defines it.
#[derive(Clone)]
struct Code {
    /// Number of codes of length 1 to 16.
    counts: [u8; 16],
    symbols: Vec<u8>,
}

impl Tables {
    /// Applies the definitions of a segment; other segments are skipped.
    pub(crate) fn read(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        let read = match segment.marker {
            DHT => self.huffman(segment.content),
            DQT => self.quantizers(segment.content),
            DRI => be16(segment.content).map(|interval| self.restart_interval = interval),
            _ => Some(()),
        };
        read.ok_or_else(|| {
            Error::corrupt(match segment.marker {
                DHT => "a Huffman table is malformed",
                DQT => "a quantization table is malformed",
                _ => "the restart interval is malformed",
            })
        })
    }

    fn huffman(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&kind, behind)) = segment.split_first() {
            let (&counts, symbols) = behind.split_first_chunk::<16>()?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, behind) = symbols.split_at_checked(total)?;
            let tables = match kind >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            let symbols = symbols.get(..total.min(256))?.to_vec();
            *tables.get_mut(usize::from(kind & 15))? = Some(Code { counts, symbols });
            segment = behind;
        }
        Some(())
    }

    fn quantizers(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&kind, behind)) = segment.split_first() {
            let table = self.quantizers.get_mut(usize::from(kind & 15))?;
            let (factors, behind) = match kind >> 4 {
                0 => {
                    let (factors, behind) = behind.split_first_chunk::<64>()?;
                    (factors.map(f32::from), behind)
                }
                1 => {
                    let (factors, behind) = behind.split_first_chunk::<128>()?;
                    let (pairs, _) = factors.as_chunks::<2>();
                    let wide = |place: usize| f32::from(u16::from_be_bytes(pairs[place]));
                    (std::array::from_fn(wide), behind)
                }
                _ => return None,
            };
            *table = Some(factors);
            segment = behind;
        }
        Some(())
    }

    /// Returns a quantizer in zigzag order.
    pub(crate) fn quantizer(&self, number: usize) -> Result<[f32; 64], Error> {
        let table = self.quantizers.get(number).copied().flatten();
        table.ok_or_else(|| Error::corrupt("a quantization table is missing"))
    }

    /// Builds the code of DC coefficients.
    pub(crate) fn dc(&self, number: usize) -> Result<Huffman, Error> {
        built(&self.dc, number, false)
    }

    /// Builds the code of AC coefficients; with `skims`, also the table for skipping them.
    pub(crate) fn ac(&self, number: usize, skims: bool) -> Result<Huffman, Error> {
        built(&self.ac, number, skims)
    }

    /// Defines the example tables of ITU-T T.81, annex K.3, if there are none: frames of Motion
    /// JPEG leave them out, and every decoder knows them.
    pub(crate) fn add_standard_codes(&mut self) {
        let dc = |counts| Code {
            counts,
            symbols: (0..12).collect(),
        };
        self.dc[0].get_or_insert_with(|| dc(DC_LUMINANCE));
        self.dc[1].get_or_insert_with(|| dc(DC_CHROMINANCE));
        self.ac[0].get_or_insert_with(|| ac(AC_LUMINANCE, AC_LUMINANCE_FIRST));
        self.ac[1].get_or_insert_with(|| ac(AC_CHROMINANCE, AC_CHROMINANCE_FIRST));
    }
}

fn built(codes: &[Option<Code>; 4], number: usize, skims: bool) -> Result<Huffman, Error> {
    let Some(code) = codes.get(number).and_then(Option::as_ref) else {
        return Err(Error::corrupt("a Huffman table is missing"));
    };
    Huffman::new(&code.counts, &code.symbols, skims)
        .ok_or_else(|| Error::corrupt("a Huffman table is not a code"))
}

const DC_LUMINANCE: [u8; 16] = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const DC_CHROMINANCE: [u8; 16] = [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0];
const AC_LUMINANCE: [u8; 16] = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125];
const AC_CHROMINANCE: [u8; 16] = [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119];

/// The symbols with the shorter codes; the others follow in ascending order.
#[rustfmt::skip]
const AC_LUMINANCE_FIRST: &[u8] = &[
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22,
    0x71, 0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33,
    0x62, 0x72, 0x82,
];
#[rustfmt::skip]
const AC_CHROMINANCE_FIRST: &[u8] = &[
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13,
    0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62,
    0x72, 0xD1, 0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1,
];

fn ac(counts: [u8; 16], first: &[u8]) -> Code {
    let mut symbols = first.to_vec();
    for run in 0..16 {
        let sizes = (1..=10).map(|size| run << 4 | size);
        symbols.extend(sizes.filter(|symbol| !first.contains(symbol)));
    }
    Code { counts, symbols }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jpeg_encoder::{ColorType, Encoder};

    use super::*;
    use crate::marker;

    #[test]
    fn the_standard_codes_are_those_that_encoders_write() {
        let mut file = Vec::new();
        let encoder = Encoder::new(&mut file, 80);
        encoder.encode(&[7; 192], 8, 8, ColorType::Ycbcr).unwrap();
        let mut written = Tables::default();
        let mut rest = &file[..];
        while let Some(segment) = marker::next(&mut rest).unwrap() {
            written.read(&segment).unwrap();
        }
        let mut standard = Tables::default();
        standard.add_standard_codes();
        for number in 0..2 {
            for (ours, theirs) in [
                (&standard.dc[number], &written.dc[number]),
                (&standard.ac[number], &written.ac[number]),
            ] {
                let (ours, theirs) = (ours.as_ref().unwrap(), theirs.as_ref().unwrap());
                assert_eq!(ours.counts, theirs.counts);
                assert_eq!(ours.symbols, theirs.symbols);
            }
        }
    }
}
