//! Parsing entries as they are usually written, in two thirds of the time that a parser of any JSON takes, to
//! which whatever is unusual is left.
//!
//! Entries are in ascending order, so one begins like the one before: only what is behind that is parsed.

use std::ops::Range;

use super::reading::Reader;
use crate::filter::Number;

/// Parses entries one after the other.
#[derive(Default)]
pub(super) struct Scanner<'a> {
    pub(super) reader: Reader<'a>,
    /// The entry before, as far as it was scanned.
    before: &'a str,
    /// Its attributes.
    members: Vec<Member>,
    /// Columns and values of all of them.
    values: Vec<(usize, u32)>,
}

/// An attribute of the entry before.
struct Member {
    column: usize,
    /// Where in the text the comma is that follows.
    end: usize,
    /// How many values it has and those before it.
    values: usize,
}

/// What is not written as usual.
struct Unusual;

impl<'a> Scanner<'a> {
    /// Parses an entry.
    pub(super) fn read(&mut self, entry: u32, text: &'a str) {
        self.keep_what_is_shared(text);
        if self.scan(text).is_err() {
            self.members.clear();
            self.values.clear();
            self.before = "";
            self.reader.read(entry, text);
            return;
        }
        self.before = text;
        for &(column, value) in &self.values {
            self.reader.columns[column].1.push(entry, value);
        }
    }

    /// Forgets those attributes of the entry before that this one does not begin with.
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
            // What comes first opens the object, else a comma is where the member before ended.
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

    /// The column of the attribute whose name begins at `at`, most likely `expected`, and where its value
    /// begins.
    fn name(&mut self, text: &str, at: usize, expected: usize) -> Result<(usize, usize), Unusual> {
        let rest = text.get(at..).ok_or(Unusual)?;
        if let Some((name, _)) = self.reader.columns.get(expected)
            && let Some(behind) = rest
                .strip_prefix('"')
                .and_then(|rest| rest.strip_prefix(&**name))
            && behind.starts_with("\":")
        {
            return Ok((expected, at + name.len() + 3));
        }
        let name = quoted(text, at)?;
        match text.as_bytes().get(name.end + 1) {
            Some(b':') => Ok((self.reader.column(&text[name.clone()]), name.end + 2)),
            _ => Err(Unusual),
        }
    }

    /// Parses a value, or the elements of a list; gives where it ends.
    fn value(&mut self, text: &'a str, at: usize, column: usize) -> Result<usize, Unusual> {
        let bytes = text.as_bytes();
        if bytes.get(at) != Some(&b'[') {
            return self.scalar(text, at, column);
        }
        let mut at = at + 1;
        if bytes.get(at) == Some(&b']') {
            return Ok(at + 1);
        }
        self.reader.columns[column].1.lists = true;
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
        let growing = &mut self.reader.columns[column].1;
        let (value, end) = match text.as_bytes().get(at) {
            Some(b'"') => {
                let place = quoted(text, at)?;
                let end = place.end + 1;
                (growing.borrowed(&text[place]), end)
            }
            Some(b'0'..=b'9' | b'-') => {
                let rest = &text[at..];
                let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']');
                let length = rest.as_bytes().iter().position(is_end).ok_or(Unusual)?;
                let number = number(&rest[..length]).and_then(Number::new);
                (growing.number(number.ok_or(Unusual)?), at + length)
            }
            Some(b't') if text[at..].starts_with("true") => (growing.boolean(true), at + 4),
            Some(b'f') if text[at..].starts_with("false") => (growing.boolean(false), at + 5),
            // Nothing, objects and lists in lists.
            _ => return Err(Unusual),
        };
        self.values.push((column, value));
        Ok(end)
    }
}

/// Where the text is that stands in quotes at `at`, without any escape.
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

/// A number. Those of few digits are a quotient of two whole numbers that an `f64` holds exactly, and no
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
    match text.len() > FEW {
        true => text.parse().ok(),
        false => Some(whole as f64 / power as f64),
    }
}
