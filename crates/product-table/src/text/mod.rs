//! From bytes to cells.

mod delimited;
mod delimiter;
mod encoding;
mod feed_item;
mod line_counter;
mod quoting;
mod xml_feed;

pub(crate) use delimited::read as read_delimited;
pub use encoding::TextEncoding;
pub(crate) use encoding::decode;
pub(crate) use xml_feed::{is_xml, read as read_xml};
