/// The part of its size at which an image is decoded; sides are rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scale {
    /// An eighth of each side.
    Eighth = 1,
    /// A quarter of each side.
    Quarter = 2,
    /// A half of each side.
    Half = 4,
    /// Full size.
    Whole = 8,
}

impl Scale {
    /// Returns the eighths of a side: 1, 2, 4 or 8.
    pub fn eighths(self) -> u32 {
        self as u32
    }
}
