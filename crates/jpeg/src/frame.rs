//! The frame header: size, coding process and components of an image.

use crate::error::Error;
use crate::marker::be16;

/// Maximum sampling factor in the standard.
const MAX_SAMPLING: usize = 4;

/// The coding of the coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// Each block at once: baseline and extended sequential.
    Sequential,
    /// Each block in several scans, by frequency and by bit.
    Progressive,
}

/// The frame header.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) process: Process,
    /// Size in pixels.
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) components: Vec<Component>,
    /// The largest sampling factors, across and down.
    pub(crate) sampling: (usize, usize),
}

/// A component of an image: brightness, a color difference, an ink.
#[derive(Debug, Clone)]
pub(crate) struct Component {
    pub(crate) identifier: u8,
    /// Number of blocks of this component in an MCU, across and down.
    pub(crate) across: usize,
    pub(crate) down: usize,
    pub(crate) quantizer: usize,
}

impl Frame {
    /// Reads the segment of a frame marker.
    pub(crate) fn read(process: Process, segment: &[u8]) -> Result<Frame, Error> {
        let malformed = || Error::corrupt("the frame header is malformed");
        let (&[bits, _, _, _, _, count], rest) =
            segment.split_first_chunk::<6>().ok_or_else(malformed)?;
        let height = be16(&segment[1..]).unwrap_or(0);
        let width = be16(&segment[3..]).unwrap_or(0);
        let (listed, _) = rest.as_chunks::<3>();
        let listed = listed.get(..usize::from(count)).ok_or_else(malformed)?;
        match bits {
            8 => {}
            12 => return Err(Error::unsupported("12-bit JPEG")),
            _ => return Err(malformed()),
        }
        if width == 0 {
            return Err(Error::corrupt("the header claims a width of 0 pixels"));
        }
        if height == 0 {
            // The size would follow after the first scan, in a DNL segment.
            return Err(Error::unsupported("a JPEG whose header gives no height"));
        }
        if !matches!(count, 1 | 3 | 4) {
            let kind = format!("a JPEG with {count} color components");
            return Err(Error::unsupported(kind));
        }
        let mut components: Vec<Component> = listed.iter().map(Component::from).collect();
        if let [only] = &mut components[..] {
            // A single component is stored block by block, whatever its sampling.
            (only.across, only.down) = (1, 1);
        }
        let sane = |side: usize| (1..=MAX_SAMPLING).contains(&side);
        if !components.iter().all(|c| sane(c.across) && sane(c.down)) {
            return Err(Error::corrupt("a sampling factor is not 1 to 4"));
        }
        let largest = |side: fn(&Component) -> usize| components.iter().map(side).max();
        let sampling = (
            largest(|c| c.across).unwrap_or(1),
            largest(|c| c.down).unwrap_or(1),
        );
        let whole = |c: &Component| {
            sampling.0.is_multiple_of(c.across) && sampling.1.is_multiple_of(c.down)
        };
        if !components.iter().all(whole) {
            let kind = "a JPEG whose components differ in size by fractions";
            return Err(Error::unsupported(kind));
        }
        Ok(Frame {
            process,
            width,
            height,
            components,
            sampling,
        })
    }

    /// Returns the columns and rows of MCUs in a scan of all components.
    pub(crate) fn mcus(&self) -> (usize, usize) {
        (
            self.width.div_ceil(8 * self.sampling.0),
            self.height.div_ceil(8 * self.sampling.1),
        )
    }

    /// Returns the columns and rows of a component's blocks that show a part of the image.
    pub(crate) fn blocks(&self, component: &Component) -> (usize, usize) {
        let side = |length: usize, own: usize, largest: usize| {
            (length * own).div_ceil(largest).div_ceil(8)
        };
        (
            side(self.width, component.across, self.sampling.0),
            side(self.height, component.down, self.sampling.1),
        )
    }

    /// Returns the columns and rows of a component's blocks, including those that only pad MCUs.
    pub(crate) fn padded_blocks(&self, component: &Component) -> (usize, usize) {
        let (columns, rows) = self.mcus();
        (columns * component.across, rows * component.down)
    }

    /// Returns the minimum bytes of compressed data of an image of this size: a bit for each block
    /// of a progressive one, two for each of a sequential one, which also mark the end of the
    /// block.
    pub(crate) fn min_bytes(&self) -> usize {
        let blocks = self.components.iter().map(|component| {
            let (columns, rows) = self.blocks(component);
            columns * rows
        });
        let bits = match self.process {
            Process::Sequential => 2,
            Process::Progressive => 1,
        };
        blocks.sum::<usize>() * bits / 8
    }
}

impl From<&[u8; 3]> for Component {
    fn from(&[identifier, sampling, quantizer]: &[u8; 3]) -> Component {
        Component {
            identifier,
            across: usize::from(sampling >> 4),
            down: usize::from(sampling & 15),
            quantizer: usize::from(quantizer),
        }
    }
}

/// Returns the name of an unsupported process by its frame marker.
pub(crate) fn unsupported_process(marker: u8) -> Option<&'static str> {
    match marker {
        0xC3 => Some("lossless JPEG"),
        0xC5..=0xC7 | 0xCD..=0xCF | 0xDE => Some("hierarchical JPEG"),
        0xC9 | 0xCA => Some("JPEG with arithmetic coding"),
        0xCB => Some("lossless JPEG with arithmetic coding"),
        0xF7 => Some("JPEG-LS"),
        _ => None,
    }
}
