//! Reading RSS and Atom feeds, as Google Merchant Center takes them.

use std::collections::{HashMap, HashSet};

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::line_counter::LineCounter;
use crate::error::TableError;
use crate::limits::{MAX_COLUMNS, MAX_METADATA_BYTES, MAX_XML_DEPTH};
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
        match event.map_err(|error| damaged(error.to_string()))? {
            Event::Start(element) => feed.open(&element, line)?,
            Event::Empty(element) => {
                feed.open(&element, line)?;
                feed.close()?;
            }
            Event::End(_) => feed.close()?,
            Event::Text(text) => feed.text(&text.decode().unwrap_or_default()),
            Event::CData(text) => feed.text(&text.decode().unwrap_or_default()),
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
    item: Option<Item>,
    has_items: bool,
}

struct Item {
    line: u64,
    /// Length of the path to its elements.
    depth: usize,
    fields: Vec<Field>,
    bytes: usize,
    fault: Option<String>,
}

/// An element of an item.
struct Field {
    name: String,
    /// True if its name has a prefix: `g:id` goes before the `id` of Atom.
    is_prefixed: bool,
    text: String,
}

impl FeedReader {
    fn open(&mut self, element: &BytesStart<'_>, line: u64) -> Result<(), TableError> {
        if self.path.len() == MAX_XML_DEPTH {
            return Err(TableError::TooDeep(line));
        }
        let full = element.name();
        let name = String::from_utf8_lossy(full.local_name().as_ref()).into_owned();
        let is_prefixed = full.prefix().is_some();
        self.path.push(name.clone());
        match &mut self.item {
            None if matches!(name.as_str(), "item" | "entry") => {
                self.has_items = true;
                self.item = Some(Item {
                    line,
                    depth: self.path.len(),
                    fields: Vec::new(),
                    bytes: 0,
                    fault: None,
                });
            }
            None => {}
            Some(item) => {
                // A link of Atom is in an attribute.
                let link = element.try_get_attribute("href").ok().flatten();
                let text =
                    link.map(|href| String::from_utf8_lossy(&href.value).replace("&amp;", "&"));
                item.add(Field {
                    name: self.path[item.depth..].join("_"),
                    is_prefixed,
                    text: text.unwrap_or_default(),
                });
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), TableError> {
        self.path.pop();
        match self.item.take_if(|item| self.path.len() < item.depth) {
            Some(item) => self.add_row(item),
            None => Ok(()),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(item) = &mut self.item {
            item.add_text(text);
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) {
        let name = String::from_utf8_lossy(reference).into_owned();
        let character = reference.resolve_char_ref().ok().flatten();
        match (character, resolve_predefined_entity(&name)) {
            (Some(character), _) => self.text(character.encode_utf8(&mut [0; 4])),
            (None, Some(text)) => self.text(text),
            (None, None) => {
                if let Some(item) = &mut self.item {
                    item.fault = Some(format!(
                        "the entity &{name}; is not one of XML: write the character itself"
                    ));
                }
            }
        }
    }

    fn add_row(&mut self, item: Item) -> Result<(), TableError> {
        if let Some(fault) = item.fault {
            self.sheet.bad_line(item.line, fault);
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

impl Item {
    fn add(&mut self, field: Field) {
        self.count(field.name.len() + field.text.len());
        if self.fault.is_none() {
            self.fields.push(field);
        }
    }

    fn add_text(&mut self, text: &str) {
        self.count(text.len());
        if self.fault.is_none()
            && let Some(field) = self.fields.last_mut()
        {
            field.text.push_str(text);
        }
    }

    fn count(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes > MAX_METADATA_BYTES || self.fields.len() > MAX_COLUMNS {
            self.fault = Some(format!(
                "the item has more than {MAX_METADATA_BYTES} bytes or {MAX_COLUMNS} elements: make it smaller"
            ));
        }
    }
}
