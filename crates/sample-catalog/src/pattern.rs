//! Patterns of cloth, printed or woven.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pattern {
    Plain,
    Striped,
    Pinstriped,
    Checked,
    Dotted,
    Floral,
    Zigzag,
    Dappled,
}

/// Patterns that can be printed on a garment.
pub(super) const PRINTS: [Pattern; 7] = [
    Pattern::Plain,
    Pattern::Striped,
    Pattern::Pinstriped,
    Pattern::Checked,
    Pattern::Dotted,
    Pattern::Floral,
    Pattern::Zigzag,
];

impl Pattern {
    pub(super) fn name(self) -> &'static str {
        match self {
            Pattern::Plain => "plain",
            Pattern::Striped => "striped",
            Pattern::Pinstriped => "pinstriped",
            Pattern::Checked => "checked",
            Pattern::Dotted => "dotted",
            Pattern::Floral => "floral",
            Pattern::Zigzag => "zigzag",
            Pattern::Dappled => "dappled",
        }
    }

    /// Returns the side of the square that repeats, in product units at scale 1.
    pub(super) fn repeat(self) -> f32 {
        match self {
            Pattern::Plain => 10.0,
            Pattern::Pinstriped => 5.0,
            Pattern::Striped | Pattern::Dotted => 11.0,
            Pattern::Checked | Pattern::Zigzag => 13.0,
            Pattern::Floral | Pattern::Dappled => 28.0,
        }
    }
}
