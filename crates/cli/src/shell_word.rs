//! Words of commands that a person can paste into a shell.

use std::borrow::Cow;
use std::fmt::Display;

/// Returns a text as one word of a shell's command line, quoted if it needs that.
pub(crate) fn shell_word(text: impl Display) -> String {
    let text = text.to_string();
    // Only a null byte has no quoted form, and no argument of a command contains one.
    let quoted = shlex::try_quote(&text).map(Cow::into_owned);
    quoted.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_needs_quotes_has_them() {
        assert_eq!(shell_word("my-stack/encoder_2.1"), "my-stack/encoder_2.1");
        assert_eq!(shell_word("my shop"), "'my shop'");
        assert_eq!(shell_word(""), "''");
    }

    proptest! {
        #[test]
        fn a_shell_reads_the_same_word(text in "[^\0]{0,20}") {
            let line = format!("first {} last", shell_word(&text));
            let words = shlex::split(&line);
            prop_assert_eq!(words, Some(vec!["first".to_owned(), text, "last".to_owned()]));
        }
    }
}
