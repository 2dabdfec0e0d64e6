//! Parsing entries as they are usually written, in two thirds of the time that a parser of any JSON
//! takes. Anything unusual is left to that parser.
//!
//! Entries are in ascending order, so each begins like the one before, and only the rest is parsed.

use std::ops::Range;

use super::entry_parser::EntryParser;
use crate::filter::Number;

/// Parses entries in ascending order.
#[derive(Default)]
pub(super) struct FastEntryParser<'a> {
    pub(super) inner: EntryParser<'a>,
    /// The previous entry, as far as it was scanned.
    before: &'a str,
    /// The attributes of the previous entry.
    members: Vec<Member>,
    /// Columns and values of all these attributes.
    values: Vec<(usize, u32)>,
}

/// An attribute of the previous entry.
struct Member {
    column: usize,
    /// Position of the comma that follows.
    end: usize,
    /// Number of values of it and the attributes before it.
    values: usize,
}

/// The entry is not written as usual.
struct Unusual;

impl<'a> FastEntryParser<'a> {
    /// Parses an entry.
    pub(super) fn read(&mut self, entry: u32, text: &'a str) {
        self.keep_what_is_shared(text);
        if self.scan(text).is_err() {
            self.members.clear();
            self.values.clear();
            self.before = "";
            self.inner.read(entry, text);
            return;
        }
        self.before = text;
        for &(column, value) in &self.values {
            self.inner.columns[column].1.push(entry, value);
        }
    }

    /// Keeps the attributes that this entry shares with the start of the previous one.
    fn keep_what_is_shared(&mut self, text: &str) {
        let pairs = self.before.bytes().zip(text.bytes());
        let shared = pairs.take_while(|(a, b)| a == b).count();
        while self.members.pop_if(|last| last.end >= shared).is_some() {}
        let values = self.members.last().map_or(0, |last| last.values);
        self.values.truncate(values);
    }

    fn scan(&mut self, text: &'a str) -> Result<(), Unusual> {
        let bytes = text.as_bytes();
        let (mut at, mut next) = match self.members.last() {
            Some(last) => (last.end, last.column + 1),
            None => (0, 0),
        };
        if text == "{}" {
            return Ok(());
        }
        loop {
            // The first member comes after the opening brace, every other after the comma where the one before ended.
            let opening = if at == 0 { b'{' } else { b',' };
            if bytes.get(at) != Some(&opening) {
                return Err(Unusual);
            }
            let column;
            (column, at) = self.name(text, at + 1, next)?;
            at = self.value(text, at, column)?;
            next = column + 1;
            match bytes.get(at) {
                Some(b'}') if at + 1 == bytes.len() => return Ok(()),
                Some(b',') => self.members.push(Member {
                    column,
                    end: at,
                    values: self.values.len(),
                }),
                _ => return Err(Unusual),
            }
        }
    }

    /// Returns the column of the attribute whose name begins at `at`, most likely `expected`, and
    /// the position of its value.
    fn name(&mut self, text: &str, at: usize, expected: usize) -> Result<(usize, usize), Unusual> {
        let rest = text.get(at..).ok_or(Unusual)?;
        if let Some((name, _)) = self.inner.columns.get(expected)
            && let Some(after) = rest
                .strip_prefix('"')
                .and_then(|rest| rest.strip_prefix(&**name))
            && after.starts_with("\":")
        {
            return Ok((expected, at + name.len() + 3));
        }
        let name = quoted(text, at)?;
        match text.as_bytes().get(name.end + 1) {
            Some(b':') => Ok((self.inner.column(&text[name.clone()]), name.end + 2)),
            _ => Err(Unusual),
        }
    }

    /// Parses a value, or the elements of a list; returns where it ends.
    fn value(&mut self, text: &'a str, at: usize, column: usize) -> Result<usize, Unusual> {
        let bytes = text.as_bytes();
        if bytes.get(at) != Some(&b'[') {
            return self.scalar(text, at, column);
        }
        let mut at = at + 1;
        if bytes.get(at) == Some(&b']') {
            return Ok(at + 1);
        }
        self.inner.columns[column].1.lists = true;
        loop {
            at = self.scalar(text, at, column)?;
            match bytes.get(at) {
                Some(b']') => return Ok(at + 1),
                Some(b',') => at += 1,
                _ => return Err(Unusual),
            }
        }
    }

    fn scalar(&mut self, text: &'a str, at: usize, column: usize) -> Result<usize, Unusual> {
        let builder = &mut self.inner.columns[column].1;
        let (value, end) = match text.as_bytes().get(at) {
            Some(b'"') => {
                let position = quoted(text, at)?;
                let end = position.end + 1;
                (builder.borrowed(&text[position]), end)
            }
            Some(b'0'..=b'9' | b'-') => {
                let rest = &text[at..];
                let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']');
                let length = rest.as_bytes().iter().position(is_end).ok_or(Unusual)?;
                let number = number(&rest[..length]).and_then(Number::new);
                (builder.number(number.ok_or(Unusual)?), at + length)
            }
            Some(b't') if text[at..].starts_with("true") => (builder.boolean(true), at + 4),
            Some(b'f') if text[at..].starts_with("false") => (builder.boolean(false), at + 5),
            // `null`, objects and nested lists.
            _ => return Err(Unusual),
        };
        self.values.push((column, value));
        Ok(end)
    }
}

/// Returns the range of the text in quotes at `at`, which has no escapes.
fn quoted(text: &str, at: usize) -> Result<Range<usize>, Unusual> {
    let rest = text.as_bytes().get(at..).ok_or(Unusual)?;
    let (Some(b'"'), Some(rest)) = (rest.first(), rest.get(1..)) else {
        return Err(Unusual);
    };
    let is_end = |byte: &u8| matches!(byte, b'"' | b'\\');
    match rest.iter().position(is_end) {
        Some(length) if rest[length] == b'"' => Ok(at + 1..at + 1 + length),
        _ => Err(Unusual),
    }
}

/// Parses a number. Those of few digits are a quotient of two whole numbers that an `f64` holds exactly, and no
/// `f64` is closer to it than the one that dividing gives (Clinger 1990, "How to read floating point numbers
/// accurately").
fn number(text: &str) -> Option<f64> {
    const FEW: usize = 15;
    let mut whole = 0_u64;
    let mut power = 1_u64;
    let mut is_fraction = false;
    for byte in text.bytes().take(FEW + 1) {
        match byte {
            b'0'..=b'9' => {
                whole = 10 * whole + u64::from(byte - b'0');
                power *= if is_fraction { 10 } else { 1 };
            }
            b'.' if !is_fraction => is_fraction = true,
            _ => return text.parse().ok(),
        }
    }
    if text.len() > FEW {
        return text.parse().ok();
    }
    Some(whole as f64 / power as f64)
}
