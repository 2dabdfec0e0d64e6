//! Texts of others on a terminal.

/// Returns a text with its control characters escaped: a terminal would obey them.
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => printable.extend(character.escape_default()),
            false => printable.push(character),
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            printable("Größe \u{1b}[2J\n\u{9b}"),
            "Größe \\u{1b}[2J\\n\\u{9b}"
        );
    }
}
