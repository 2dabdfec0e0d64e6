use serde::Serialize;

/// Number of images of a category, by use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Images for training.
    pub training: usize,
    /// Images for validation.
    pub validation: usize,
    /// Images that could not be used, or occur twice.
    pub skipped: usize,
}
