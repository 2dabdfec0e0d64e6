//! Line numbers of positions in a text.

/// Counts lines up to positions that come in ascending order.
pub(super) struct LineCounter<'a> {
    bytes: &'a [u8],
    position: usize,
    line: u64,
}

impl<'a> LineCounter<'a> {
    /// Makes a counter for a text whose first line has the number `first`.
    pub(super) fn new(bytes: &'a [u8], first: u64) -> Self {
        Self {
            bytes,
            position: 0,
            line: first,
        }
    }

    /// Returns the line of the byte at `position`.
    pub(super) fn line_at(&mut self, position: usize) -> u64 {
        while self.position < position.min(self.bytes.len()) {
            let byte = self.bytes[self.position];
            let next = self.bytes.get(self.position + 1);
            // \r\n ends one line, and so does \r alone.
            if byte == b'\n' || byte == b'\r' && next != Some(&b'\n') {
                self.line += 1;
            }
            self.position += 1;
        }
        self.line
    }

    /// Returns the line of the first byte from `position` on that does not end a line.
    pub(super) fn line_of_text_at(&mut self, position: usize) -> u64 {
        let rest = self.bytes.get(position..).unwrap_or_default();
        let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let ends = ends.count();
        self.line_at(position + ends)
    }
}
