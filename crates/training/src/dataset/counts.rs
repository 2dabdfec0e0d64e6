use serde::Serialize;

/// Numbers of images of a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Images that trained.
    pub training: usize,
    /// Images that validated.
    pub validation: usize,
    /// Images that could not be used, or are there twice.
    pub skipped: usize,
}
