//! The targets: everything that reads bytes of others. Whatever the bytes, it must not panic, and takes no more memory than
//! allowed and no more time than its size deserves. Each target says what else must hold.

mod body;
mod bounds;
mod cursor;
mod events;
mod filter;
mod image;
mod manifest;
mod segment;
mod table;

pub use body::body;
pub use cursor::cursor;
pub use events::events;
pub use filter::filter;
pub use image::{embed, image, jpeg};
pub use manifest::manifest;
pub use segment::{segment, write_segments};
pub use table::table;

#[global_allocator]
static ALLOCATOR: lookalike_test_support::CountingAllocator =
    lookalike_test_support::CountingAllocator;
