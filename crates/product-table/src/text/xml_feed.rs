//! Reading RSS and Atom feeds, as Google Merchant Center takes them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::Utf8Error;

use quick_xml::Reader;
use quick_xml::escape::{EscapeError, resolve_predefined_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::feed_item::FeedItem;
use super::line_counter::LineCounter;
use crate::error::TableError;
use crate::limits::{MAX_COLUMNS, MAX_XML_DEPTH};
use crate::printable::printable;
use crate::sheet::{Sheet, SheetCell, SheetRow};

/// True if a text is XML.
pub(crate) fn is_xml(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"<")
}

/// Reads a feed: each `item` or `entry` becomes a row, and each element in it a cell. Entities are never expanded.
pub(crate) fn read(bytes: &[u8]) -> Result<Sheet, TableError> {
    let mut feed = FeedReader {
        sheet: Sheet::default(),
        columns: HashMap::new(),
        path: Vec::new(),
        item: None,
        has_items: false,
    };
    let mut reader = Reader::from_reader(bytes);
    reader.config_mut().check_end_names = true;
    let mut lines = LineCounter::new(bytes, 1);
    loop {
        let line = lines.line_at(reader.buffer_position() as usize);
        let event = reader.read_event();
        let damaged = |reason: String| TableError::Xml { line, reason };
        match event.map_err(|error| damaged(printable(&error.to_string())))? {
            Event::Start(element) => feed.open(&element, line)?,
            Event::Empty(element) => {
                feed.open(&element, line)?;
                feed.close()?;
            }
            Event::End(_) => feed.close()?,
            Event::Text(text) => feed.text(std::str::from_utf8(&text)),
            Event::CData(text) => feed.text(std::str::from_utf8(&text)),
            Event::GeneralRef(reference) => feed.reference(&reference),
            Event::DocType(_) => return Err(TableError::Doctype),
            Event::Eof if feed.path.is_empty() => break,
            Event::Eof => return Err(damaged("it ends within an element".to_owned())),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    match feed.has_items {
        true => Ok(feed.sheet),
        false => Err(TableError::NoFeed),
    }
}

struct FeedReader {
    sheet: Sheet,
    columns: HashMap<String, usize>,
    /// The open elements.
    path: Vec<String>,
    /// The open item.
    item: Option<FeedItem>,
    has_items: bool,
}

impl FeedReader {
    fn open(&mut self, element: &BytesStart<'_>, line: u64) -> Result<(), TableError> {
        if self.path.len() == MAX_XML_DEPTH {
            return Err(TableError::TooDeep(line));
        }
        let full = element.name();
        let local = full.local_name();
        let name = String::from_utf8_lossy(local.as_ref());
        if matches!(name, Cow::Owned(_)) {
            self.refuse(|| not_utf_8(&format!("the name <{name}>")));
        }
        self.path.push(name.into_owned());
        match &mut self.item {
            None if matches!(local.as_ref(), b"item" | b"entry") => {
                self.has_items = true;
                self.item = Some(FeedItem::new(line, self.path.len()));
            }
            None => {}
            // A link of Atom is in an attribute.
            Some(item) => match href(element) {
                Ok(text) => item.open(&self.path[item.depth..], full.prefix().is_some(), text),
                Err(fault) => item.refuse(fault),
            },
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), TableError> {
        self.path.pop();
        match self.item.take_if(|item| self.path.len() < item.depth) {
            Some(item) => return self.add_row(item),
            None => self.item.iter_mut().for_each(FeedItem::close),
        }
        Ok(())
    }

    fn text(&mut self, text: Result<&str, Utf8Error>) {
        match (text, &mut self.item) {
            (_, None) => {}
            (Ok(text), Some(item)) => item.add_text(text),
            (Err(_), Some(_)) => {
                let name = self.path.last().cloned().unwrap_or_default();
                self.refuse(|| not_utf_8(&format!("the text of <{name}>")));
            }
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) {
        let name = String::from_utf8_lossy(reference).into_owned();
        let character = reference.resolve_char_ref().ok().flatten();
        match (character, resolve_predefined_entity(&name)) {
            (Some(character), _) => self.text(Ok(character.encode_utf8(&mut [0; 4]))),
            (None, Some(text)) => self.text(Ok(text)),
            (None, None) => self.refuse(|| unknown_entity(&name)),
        }
    }

    /// Notes that the open item cannot be used.
    fn refuse(&mut self, fault: impl Fn() -> String) {
        if let Some(item) = &mut self.item {
            item.refuse(fault());
        }
    }

    fn add_row(&mut self, item: FeedItem) -> Result<(), TableError> {
        if let Some(fault) = item.fault {
            self.sheet.bad_line(item.line, &fault);
            return Ok(());
        }
        let prefixed = item.fields.iter().filter(|field| field.is_prefixed);
        let prefixed: HashSet<&str> = prefixed.map(|field| field.name.as_str()).collect();
        let mut cells = Vec::new();
        for field in &item.fields {
            let text = field.text.trim();
            let is_other = !field.is_prefixed && prefixed.contains(field.name.as_str());
            if text.is_empty() || is_other {
                continue;
            }
            let column = self.column(&field.name)?;
            let text = text.to_owned();
            cells.push(SheetCell { column, text });
        }
        self.sheet.push(SheetRow {
            line: item.line,
            cells,
        })
    }

    fn column(&mut self, name: &str) -> Result<usize, TableError> {
        if let Some(column) = self.columns.get(name) {
            return Ok(*column);
        }
        let column = self.sheet.columns.len();
        if column == MAX_COLUMNS {
            return Err(TableError::TooManyColumns);
        }
        self.columns.insert(name.to_owned(), column);
        self.sheet.columns.push(name.to_owned());
        Ok(column)
    }
}

/// Returns the attribute `href` of an element, empty without one; or the fault of the element.
fn href(element: &BytesStart<'_>) -> Result<String, String> {
    let damaged = |error: &dyn fmt::Display| format!("an element is damaged: {error}");
    let attribute = element.try_get_attribute("href");
    let Some(href) = attribute.map_err(|error| damaged(&error))? else {
        return Ok(String::new());
    };
    let text = std::str::from_utf8(&href.value).map_err(|_| not_utf_8("the attribute href"))?;
    match unescape(text) {
        Ok(text) => Ok(text.into_owned()),
        Err(EscapeError::UnrecognizedEntity(_, name)) => Err(unknown_entity(&name)),
        Err(error) => Err(damaged(&error)),
    }
}

fn not_utf_8(what: &str) -> String {
    format!("{what} is not UTF-8: save the feed as UTF-8, or declare its encoding")
}

fn unknown_entity(name: &str) -> String {
    format!("the entity &{name}; is not one of XML: write the character itself")
}
