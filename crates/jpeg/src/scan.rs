//! The scan header: the components in the data after it, and which of their coefficients.

use crate::error::Error;
use crate::frame::{Frame, Process};

/// The scan header.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub(crate) components: Vec<ScanComponent>,
    /// First and last coefficient, in zigzag order.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Number of low bits of the coefficients that were missing before this scan (0: all of them),
    /// and after it.
    pub(crate) high: u8,
    pub(crate) low: u8,
}

/// A component of a scan.
#[derive(Debug, Clone)]
pub(crate) struct ScanComponent {
    /// Its position among the components of the frame.
    pub(crate) component: usize,
    /// Numbers of its Huffman tables.
    pub(crate) dc: usize,
    pub(crate) ac: usize,
}

impl Scan {
    /// Reads the segment of a scan marker.
    pub(crate) fn read(frame: &Frame, segment: &[u8]) -> Result<Scan, Error> {
        Scan::parse(frame, segment).ok_or_else(|| Error::corrupt("a scan header is malformed"))
    }

    fn parse(frame: &Frame, segment: &[u8]) -> Option<Scan> {
        let (&count, rest) = segment.split_first()?;
        let (listed, selection) = rest.split_at_checked(2 * usize::from(count))?;
        let &[start, end, bits] = selection.first_chunk::<3>()?;
        let (listed, _) = listed.as_chunks::<2>();
        let mut components: Vec<ScanComponent> = Vec::new();
        for &[identifier, tables] in listed {
            // Identifiers that occur twice mean one component after the other, as in browsers.
            let free = |at: &usize| components.iter().all(|other| other.component != *at);
            let matches = |at: &usize| frame.components[*at].identifier == identifier;
            let component = (0..frame.components.len()).find(|at| matches(at) && free(at))?;
            components.push(ScanComponent {
                component,
                dc: usize::from(tables >> 4),
                ac: usize::from(tables & 15),
            });
        }
        if components.is_empty() {
            return None;
        }
        let scan = match frame.process {
            // Whatever the header states, all coefficients come at once.
            Process::Sequential => Scan {
                components,
                start: 0,
                end: 63,
                high: 0,
                low: 0,
            },
            Process::Progressive => Scan {
                components,
                start: usize::from(start),
                end: usize::from(end),
                high: bits >> 4,
                low: bits & 15,
            },
        };
        scan.is_sane(frame.process).then_some(scan)
    }

    /// True if the standard allows the selection (T.81, G.1.1.1).
    fn is_sane(&self, process: Process) -> bool {
        let is_refinement = self.high > 0;
        let steps = !is_refinement || self.high == self.low + 1;
        let band = match self.start {
            0 => self.end == 0 || process == Process::Sequential,
            start => start <= self.end && self.end < 64 && self.components.len() == 1,
        };
        steps && band && self.low <= 13
    }

    /// Returns the columns and rows of its MCUs. For a single component they are blocks, and only
    /// those that show a part of the image.
    pub(crate) fn mcus(&self, frame: &Frame) -> (usize, usize) {
        match &self.components[..] {
            [only] => frame.blocks(&frame.components[only.component]),
            _ => frame.mcus(),
        }
    }

    /// Returns the number of blocks of a component in one of its MCUs, across and down.
    pub(crate) fn blocks_of_mcu(&self, frame: &Frame, component: usize) -> (usize, usize) {
        match self.components.len() {
            1 => (1, 1),
            _ => {
                let component = &frame.components[component];
                (component.across, component.down)
            }
        }
    }
}
