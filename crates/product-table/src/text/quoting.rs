//! Checks that every quoted field ends where a field ends.

use super::line_counter::LineCounter;
use crate::error::TableError;

/// Checks the quotes of a delimited text whose first line has the number `first_line`.
///
/// # Errors
/// [`TableError::Quoting`] with the line of the opening quote.
pub(super) fn check(bytes: &[u8], delimiter: u8, first_line: u64) -> Result<(), TableError> {
    let ends_field = |byte: u8| byte == delimiter || byte == b'\r' || byte == b'\n';
    let mut position = 0;
    while position < bytes.len() {
        let field = position;
        if bytes[field] == b'"' {
            let fault = |fault| TableError::Quoting {
                line: LineCounter::new(bytes, first_line).line_at(field),
                fault,
            };
            let end = closing_quote(bytes, field + 1).ok_or_else(|| fault("and never ends"))?;
            let spaces = bytes[end + 1..].iter().take_while(|byte| **byte == b' ');
            position = end + 1 + spaces.count();
            if bytes.get(position).is_some_and(|&byte| !ends_field(byte)) {
                return Err(fault("and text follows its closing quote"));
            }
        } else {
            let rest = bytes[position..].iter();
            position += rest.take_while(|byte| !ends_field(**byte)).count();
        }
        position += 1;
    }
    Ok(())
}

/// Returns the position of the quote that ends a field, from `position` on; two quotes stand for one.
fn closing_quote(bytes: &[u8], mut position: usize) -> Option<usize> {
    loop {
        position += bytes
            .get(position..)?
            .iter()
            .position(|byte| *byte == b'"')?;
        if bytes.get(position + 1) != Some(&b'"') {
            return Some(position);
        }
        position += 2;
    }
}
