//! The delimiter of a text.

/// Possible delimiters; the first of those that occur equally often is chosen, because names contain commas more often
/// than tabs.
const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];

/// Returns the delimiter that a first line `sep=;` names, and the length of that line.
pub(super) fn declared(bytes: &[u8]) -> Option<(u8, usize)> {
    let end = bytes
        .iter()
        .position(|byte| matches!(byte, b'\r' | b'\n'))?;
    let line = bytes[..end].trim_ascii_end();
    // Programs that quote everything quote this line too.
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let line = line.strip_suffix(b"\"").unwrap_or(line);
    let name = line.get(..4)?;
    // A tab is trimmed off.
    let delimiter = match line.get(4..)? {
        [] => b'\t',
        [one] if DELIMITERS.contains(one) => *one,
        _ => return None,
    };
    let ends = bytes[end..]
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let length = end
        + ends.count().min(if bytes[end..].starts_with(b"\r\n") {
            2
        } else {
            1
        });
    name.eq_ignore_ascii_case(b"sep=")
        .then_some((delimiter, length))
}

/// Returns the delimiter that occurs most often in the header, outside of quotes.
pub(super) fn of_header(bytes: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut is_quoted = false;
    let mut is_empty = true;
    for byte in bytes {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\r' | b'\n' if is_quoted || is_empty => {}
            b'\r' | b'\n' => break,
            byte if !is_quoted => {
                if let Some(position) = DELIMITERS.iter().position(|other| other == byte) {
                    counts[position] += 1;
                }
            }
            _ => {}
        }
        is_empty &= matches!(byte, b'\r' | b'\n');
    }
    let largest = counts.iter().max().copied().unwrap_or_default();
    let position = counts.iter().position(|count| *count == largest);
    match position {
        Some(position) if largest > 0 => DELIMITERS[position],
        // One column.
        _ => b',',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_the_delimiter() {
        for (text, delimiter) in [
            ("a", b','),
            ("a,b;c,d\n;;;;;", b','),
            ("product_id;\"name, short, or long\";price\n", b';'),
            ("\r\n\"two\nlines\"|b\n", b'|'),
            ("id\ttitle, or name\n", b'\t'),
        ] {
            assert_eq!(of_header(text.as_bytes()), delimiter, "{text:?}");
        }
    }

    #[test]
    fn a_first_line_may_declare_it() {
        assert_eq!(declared(b"sep=;\r\na;b"), Some((b';', 7)));
        assert_eq!(declared(b"SEP=\t\na"), Some((b'\t', 6)));
        assert_eq!(declared(b"\"sep=,\"\na"), Some((b',', 8)));
        assert_eq!(declared(b"separator\na"), None);
        assert_eq!(declared(b"sep=;"), None);
    }
}
