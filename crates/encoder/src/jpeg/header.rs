use super::huffman::Huffman;

const START_OF_SCAN: u8 = 0xDA;

/// How many Huffman tables a file may define: each of the eight places twice. One takes 100 us to set up, and
/// a hostile file of a few megabytes could define hundreds of thousands.
const MOST_TABLES: u32 = 16;

/// Largest sampling factor that the standard knows.
const MOST_SAMPLING: usize = 4;

/// What precedes the compressed data of a JPEG with one scan.
#[derive(Default)]
pub(super) struct Header {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) components: Vec<Component>,
    /// MCUs between two restart markers; 0: there are none.
    pub(super) restart_interval: usize,
    passes_over: bool,
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    /// How many of them were defined, over others included.
    defined: u32,
    /// In storage order.
    quantisers: [Option<[f32; 64]>; 4],
    jfif: bool,
    /// The colour transform that Adobe's segment names.
    adobe: Option<u8>,
}

pub(super) struct Component {
    identifier: u8,
    /// Blocks of this component in an MCU, across and down.
    pub(super) across: usize,
    pub(super) down: usize,
    quantiser: usize,
    dc: usize,
    ac: usize,
}

impl Header {
    /// Reads all segments up to the compressed data, where `rest` is left. `None` unless it is of the
    /// one kind that is read here: eight bits, Huffman codes, sequential, one scan of grey or YCbCr.
    ///
    /// `passes_over`: whether coefficients will be passed over, for which tables are set up.
    pub(super) fn read(rest: &mut &[u8], passes_over: bool) -> Option<Header> {
        let mut header = Header {
            passes_over,
            ..Header::default()
        };
        *rest = rest.strip_prefix(&[0xFF, 0xD8])?;
        loop {
            let [0xFF, marker, high, low, ..] = **rest else {
                return None;
            };
            let length = usize::from(u16::from_be_bytes([high, low]));
            let segment = rest.get(4..length + 2)?;
            *rest = &rest[length + 2..];
            match marker {
                0xC0 | 0xC1 => header.frame(segment)?,
                0xC4 => header.huffman(segment)?,
                0xDB => header.quantisers(segment)?,
                0xDD => header.restart_interval = be(segment)?,
                0xE0 => header.jfif |= segment.starts_with(b"JFIF\0"),
                0xEE => {
                    if let Some(adobe) = segment.strip_prefix(b"Adobe") {
                        header.adobe = Some(*adobe.get(6)?);
                    }
                }
                START_OF_SCAN => {
                    header.scan(segment)?;
                    return header.is_grey_or_ycbcr().then_some(header);
                }
                // What tells the orientation is not looked for behind the frame.
                0xE1 if !header.components.is_empty() => return None,
                0xE1..=0xEF | 0xFE => {}
                _ => return None,
            }
        }
    }

    fn frame(&mut self, segment: &[u8]) -> Option<()> {
        let (&[bits, ..], rest) = (segment, segment.get(6..)?) else {
            return None;
        };
        let (components, remainder) = rest.as_chunks::<3>();
        let counted = usize::from(segment[5]) == components.len() && remainder.is_empty();
        if bits != 8 || !counted || !self.components.is_empty() {
            return None;
        }
        (self.height, self.width) = (be(&segment[1..])?, be(&segment[3..])?);
        for &[identifier, sampling, quantiser] in components {
            self.components.push(Component {
                identifier,
                across: usize::from(sampling >> 4),
                down: usize::from(sampling & 15),
                quantiser: usize::from(quantiser),
                dc: 0,
                ac: 0,
            });
        }
        if let [only] = &mut self.components[..] {
            // A single component is stored block by block, whatever its sampling.
            (only.across, only.down) = (1, 1);
        }
        let sane = |side: usize| (1..=MOST_SAMPLING).contains(&side);
        let components = &self.components;
        let sampled = components.iter().all(|c| sane(c.across) && sane(c.down));
        (sampled && self.width > 0 && self.height > 0).then_some(())
    }

    fn huffman(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&kind, behind)) = segment.split_first() {
            let (counts, symbols) = behind.split_first_chunk::<16>()?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, behind) = symbols.split_at_checked(total)?;
            let tables = match kind >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            self.defined += 1;
            if self.defined > MOST_TABLES {
                return None;
            }
            *tables.get_mut(usize::from(kind & 15))? =
                Some(Huffman::new(counts, symbols, self.passes_over)?);
            segment = behind;
        }
        Some(())
    }

    fn quantisers(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&kind, behind)) = segment.split_first() {
            // Sixteen-bit factors have no place in a baseline file.
            let (factors, behind) = behind.split_first_chunk::<64>()?;
            *self.quantisers.get_mut(usize::from(kind))? = Some(factors.map(f32::from));
            segment = behind;
        }
        Some(())
    }

    fn scan(&mut self, segment: &[u8]) -> Option<()> {
        let count = self.components.len();
        let (&announced, rest) = segment.split_first()?;
        let (tables, selection) = rest.split_at_checked(2 * count)?;
        if count == 0 || usize::from(announced) != count || selection != [0, 63, 0] {
            return None;
        }
        let (tables, _) = tables.as_chunks::<2>();
        for (component, &[identifier, table]) in self.components.iter_mut().zip(tables) {
            if component.identifier != identifier {
                return None;
            }
            component.dc = usize::from(table >> 4);
            component.ac = usize::from(table & 15);
        }
        Some(())
    }

    /// How the colours are told is a convention; what it says of other files is left to others.
    fn is_grey_or_ycbcr(&self) -> bool {
        let identifiers: Vec<u8> = self.components.iter().map(|c| c.identifier).collect();
        match identifiers[..] {
            [_] | [1, 2, 3] => true,
            [1, 34, 35] | [82, 71, 66] | [114, 103, 98] => false,
            [_, _, _] => self.jfif || self.adobe.is_none_or(|transform| transform == 1),
            _ => false,
        }
    }

    /// Blocks in an MCU of the component that has most, across and down.
    pub(super) fn most_blocks(&self) -> (usize, usize) {
        let most = |side: fn(&Component) -> usize| self.components.iter().map(side).max();
        (
            most(|c| c.across).unwrap_or(0),
            most(|c| c.down).unwrap_or(0),
        )
    }

    /// The tables of a component: DC, AC, and the quantiser in storage order.
    pub(super) fn tables(&self, component: &Component) -> Option<(&Huffman, &Huffman, &[f32; 64])> {
        let dc = self.dc.get(component.dc)?.as_ref()?;
        let ac = self.ac.get(component.ac)?.as_ref()?;
        let quantiser = self.quantisers.get(component.quantiser)?.as_ref()?;
        Some((dc, ac, quantiser))
    }
}

fn be(bytes: &[u8]) -> Option<usize> {
    let number = bytes.first_chunk::<2>()?;
    Some(usize::from(u16::from_be_bytes(*number)))
}
