//! Numbers as people write them.

use super::currency;
use super::marks::{Marks, Shape, is_list_mark, is_mark, shape};

/// Maximum number of digits of a number: more are an identifier, and would not all be kept.
const MAX_DIGITS: usize = 15;
/// Largest whole number up to which every whole number is exact as 64-bit floating point.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A cell that is a number, a long row of digits, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written<'a> {
    Number(WrittenNumber<'a>),
    /// Digits that begin with zeros or are too many: an article number, a postal code.
    Identifier,
    Other,
}

/// A number as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrittenNumber<'a> {
    is_negative: bool,
    pub(super) currency: Option<&'a str>,
    /// Digits and marks.
    body: &'a str,
    pub(super) shape: Shape,
}

/// Reads a cell.
pub(super) fn written(cell: &str) -> Written<'_> {
    let minus = |text: &'_ str| text.strip_prefix(['-', '\u{2212}']).map(str::len);
    let (outer, text) = match minus(cell) {
        Some(rest) => (true, cell[cell.len() - rest..].trim_start()),
        None => (false, cell),
    };
    let (currency, text) = currency::split(text);
    let (inner, body) = match minus(text) {
        Some(rest) if !outer && currency.is_some() => (true, &text[text.len() - rest..]),
        _ => (false, text),
    };
    let digits = body.bytes().filter(u8::is_ascii_digit).count();
    let allowed = |c: char| c.is_ascii_digit() || is_mark(c);
    if digits == 0 || !body.chars().all(allowed) || !body.ends_with(|c: char| c.is_ascii_digit()) {
        return Written::Other;
    }
    let leading_zero = body.starts_with('0') && body[1..].starts_with(|c: char| c.is_ascii_digit());
    if leading_zero || digits > MAX_DIGITS {
        return Written::Identifier;
    }
    match shape(body) {
        None => Written::Other,
        Some(shape) => Written::Number(WrittenNumber {
            is_negative: outer || inner,
            currency,
            body,
            shape,
        }),
    }
}

impl WrittenNumber<'_> {
    /// Returns the mark that is a decimal mark among those of a column, or `None` if that stays open. Numbers without
    /// decimals have none either.
    pub(super) fn decimal_mark(&self, marks: Marks) -> Option<Option<char>> {
        match self.shape {
            Shape::Whole => Some(None),
            Shape::Certain { decimal, .. } => Some(decimal),
            Shape::Ambiguous(mark) => marks.is_decimal(mark).map(|is| is.then_some(mark)),
        }
    }

    /// True if this may also be a list of numbers with three digits.
    pub(super) fn may_be_list(&self) -> bool {
        match self.shape {
            Shape::Certain {
                decimal: None,
                grouping: Some(mark),
            } => is_list_mark(mark),
            _ => false,
        }
    }

    /// True for what a column of large numbers has and one of lists has not: a decimal mark, a currency, a number below
    /// 1,000, a group that begins with 0, or a mark that never stands in lists.
    pub(super) fn is_of_large_numbers(&self) -> bool {
        let is_certain = match self.shape {
            Shape::Whole => self.body.len() <= 3,
            Shape::Certain {
                decimal: None,
                grouping: Some(mark),
            } => !is_list_mark(mark) || self.body.split(mark).any(|group| group.starts_with('0')),
            Shape::Certain { .. } => true,
            Shape::Ambiguous(_) => false,
        };
        is_certain || self.currency.is_some()
    }

    /// Returns the value; `decimal` is the decimal mark, and all other marks stand between groups.
    pub(super) fn value(&self, decimal: Option<char>) -> Option<serde_json::Value> {
        let mut text = String::with_capacity(self.body.len() + 1);
        if self.is_negative {
            text.push('-');
        }
        for character in self.body.chars() {
            if Some(character) == decimal {
                text.push('.');
            } else if character.is_ascii_digit() {
                text.push(character);
            }
        }
        let number: f64 = text.parse().ok()?;
        if number.fract() == 0.0 && number.abs() < MAX_EXACT {
            return Some((number as i64).into());
        }
        serde_json::Number::from_f64(number).map(serde_json::Value::Number)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn value(cell: &str, decimal: char) -> Option<serde_json::Value> {
        match written(cell) {
            Written::Number(number) => {
                let mark = number.decimal_mark(Marks::of_decimal(decimal))?;
                number.value(mark)
            }
            _ => None,
        }
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (cell, decimal, expected) in [
            ("12", '.', json!(12)),
            ("1,299.00", '.', json!(1299)),
            ("1.299,50", ',', json!(1299.5)),
            ("$19.99", '.', json!(19.99)),
            ("-$5", '.', json!(-5)),
            ("$-5.5", '.', json!(-5.5)),
            ("\u{2212}7", '.', json!(-7)),
            ("19.99 EUR", '.', json!(19.99)),
            ("USD 1,299", '.', json!(1299)),
            ("€ 1.299", ',', json!(1299)),
            ("1 299 000,5 zł", ',', json!(1299000.5)),
            ("1\u{202f}299,00\u{a0}€", ',', json!(1299)),
            ("CHF 1'299.50", '.', json!(1299.5)),
            ("1,00,000.00", '.', json!(100_000)),
            (".5", '.', json!(0.5)),
            ("0.750", '.', json!(0.75)),
            ("1299.000", '.', json!(1299)),
        ] {
            assert_eq!(value(cell, decimal), Some(expected), "{cell}");
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for cell in [
            "",
            "-",
            "--5",
            "5.",
            "1e3",
            "+49",
            "10-20",
            "15%",
            "1_000",
            "0x10",
            "１２",
            "NaN",
            "12,99,9",
            "1.2,3.4",
            "1,299.00.1",
            "12 99",
            "1,,299",
            "$5$",
            "EUR",
            "10x20",
            "RAL 7016",
            "USB 3",
            "1'2",
            "1.2.3.4",
            ",",
            "abc",
        ] {
            assert_eq!(written(cell), Written::Other, "{cell}");
        }
        for cell in ["007", "0012345", "1234567890123456", "00.5"] {
            assert_eq!(written(cell), Written::Identifier, "{cell}");
        }
    }

    #[test]
    fn one_mark_before_three_digits_stays_open() {
        let shape = |cell| match written(cell) {
            Written::Number(number) => number.shape,
            other => panic!("{other:?}"),
        };
        assert_eq!(shape("1,299"), Shape::Ambiguous(','));
        assert_eq!(shape("90.750"), Shape::Ambiguous('.'));
        let decimal = |mark| Shape::Certain {
            decimal: Some(mark),
            grouping: None,
        };
        assert_eq!(shape("0,750"), decimal(','));
        assert_eq!(shape("1299,750"), decimal(','));
        assert_eq!(Marks::default().is_decimal(','), None);
    }
}
