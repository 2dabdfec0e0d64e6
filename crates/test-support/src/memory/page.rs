//! Pages of listings.

/// Number of entries in one page of a listing, small so that tests see several.
pub(super) const PAGE: usize = 100;
