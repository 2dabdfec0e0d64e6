//! Numbers as people write them.

use super::currency;

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

/// What the marks of a number mean by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// No marks.
    Whole,
    /// A decimal mark, or a mark between groups of digits, or both.
    Certain {
        decimal: Option<char>,
        grouping: Option<char>,
    },
    /// One mark before three digits: `1,299` is either.
    Ambiguous(char),
}

/// The marks of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    pub(super) points: MarkUses,
    pub(super) commas: MarkUses,
}

/// The uses of a mark in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct MarkUses {
    pub(super) decimal: bool,
    pub(super) grouping: bool,
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

fn is_mark(character: char) -> bool {
    matches!(character, '.' | ',') || is_group_mark(character)
}

/// True for marks that only stand between groups of digits.
fn is_group_mark(character: char) -> bool {
    matches!(character, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '\u{2019}')
}

/// Returns what the marks of digits mean, or `None` if they have no meaning together.
fn shape(body: &str) -> Option<Shape> {
    let Some((last, mark)) = body.char_indices().rfind(|(_, c)| is_mark(*c)) else {
        return Some(Shape::Whole);
    };
    let (before, after) = (&body[..last], &body[last + mark.len_utf8()..]);
    let mut earlier = before.chars().filter(|c| is_mark(*c));
    match earlier.next() {
        // 1.299.000 and 1'299'000
        Some(first) if first == mark => {
            let all_same = earlier.all(|other| other == mark);
            (all_same && is_grouped(body, mark)).then_some(Shape::Certain {
                decimal: None,
                grouping: Some(mark),
            })
        }
        // 1,299.00 and 1 299,00
        Some(first) => {
            let all_same = earlier.all(|other| other == first);
            (all_same && !is_group_mark(mark) && is_grouped(before, first)).then_some(
                Shape::Certain {
                    decimal: Some(mark),
                    grouping: Some(first),
                },
            )
        }
        None if is_group_mark(mark) => is_grouped(body, mark).then_some(Shape::Certain {
            decimal: None,
            grouping: Some(mark),
        }),
        None => {
            let may_be_group = after.len() == 3 && (1..=3).contains(&before.len()) && before != "0";
            Some(match may_be_group {
                true => Shape::Ambiguous(mark),
                false => Shape::Certain {
                    decimal: Some(mark),
                    grouping: None,
                },
            })
        }
    }
}

/// True if a mark divides digits into groups: the last one has three digits, the others two or three, and the first one
/// to three. In India, groups have two.
fn is_grouped(digits: &str, mark: char) -> bool {
    let groups: Vec<&str> = digits.split(mark).collect();
    let (Some((last, others)), Some(first)) = (groups.split_last(), groups.first()) else {
        return false;
    };
    let inner = others.get(1..).unwrap_or_default();
    let width = inner.first().map_or(3, |group| group.len());
    last.len() == 3
        && (1..=3).contains(&first.len())
        && matches!(width, 2 | 3)
        && inner.iter().all(|group| group.len() == width)
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

impl Marks {
    /// Notes the marks of a number.
    pub(super) fn note(&mut self, shape: Shape) {
        let Shape::Certain { decimal, grouping } = shape else {
            return;
        };
        for (mark, uses) in [('.', &mut self.points), (',', &mut self.commas)] {
            uses.decimal |= decimal == Some(mark);
            uses.grouping |= grouping == Some(mark);
        }
    }

    /// True if the marks contradict each other.
    pub(super) fn is_contradiction(self) -> bool {
        let both = |uses: MarkUses| uses.decimal && uses.grouping;
        both(self.points) || both(self.commas) || self.points.decimal && self.commas.decimal
    }

    /// True if a mark is a decimal mark, false if it stands between groups, `None` if that stays open.
    pub(super) fn is_decimal(self, mark: char) -> Option<bool> {
        let (own, other) = match mark {
            '.' => (self.points, self.commas),
            _ => (self.commas, self.points),
        };
        if self.is_contradiction() {
            None
        } else if own.decimal || other.grouping {
            Some(true)
        } else if own.grouping || other.decimal {
            Some(false)
        } else {
            None
        }
    }

    /// Marks of a chosen decimal mark.
    pub(super) fn of_decimal(mark: char) -> Self {
        let uses = |is_decimal: bool| MarkUses {
            decimal: is_decimal,
            grouping: !is_decimal,
        };
        Self {
            points: uses(mark == '.'),
            commas: uses(mark == ','),
        }
    }

    /// True if a number has no mark in another meaning than here.
    pub(super) fn fit(self, shape: Shape) -> bool {
        let mut both = self;
        both.note(shape);
        both == self
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
