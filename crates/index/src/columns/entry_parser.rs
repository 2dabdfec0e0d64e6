//! Parsing the attributes of entries, straight into columns.

use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::column_builder::ColumnBuilder;
use crate::filter::Number;

/// Parses entries of any JSON into one column for each attribute.
#[derive(Default)]
pub(super) struct EntryParser<'a> {
    pub(super) columns: Vec<(String, ColumnBuilder<'a>)>,
    by_name: HashMap<String, usize>,
    /// The values of the current entry, with their columns.
    values: Vec<(usize, u32)>,
}

impl<'a> EntryParser<'a> {
    /// Parses an entry. An entry that is not a JSON object, which no release writes, has no
    /// attributes, here as in results.
    pub(super) fn read(&mut self, entry: u32, text: &'a str) {
        self.values.clear();
        let mut json = serde_json::Deserializer::from_str(text);
        let read = EntrySeed(self)
            .deserialize(&mut json)
            .and_then(|()| json.end());
        if read.is_ok() {
            for &(column, value) in &self.values {
                self.columns[column].1.push(entry, value);
            }
        }
    }

    /// Returns the column of an attribute.
    pub(super) fn column(&mut self, name: &str) -> usize {
        self.by_name.get(name).copied().unwrap_or_else(|| {
            self.by_name.insert(name.to_owned(), self.columns.len());
            self.columns
                .push((name.to_owned(), ColumnBuilder::default()));
            self.columns.len() - 1
        })
    }
}

struct EntrySeed<'b, 'a>(&'b mut EntryParser<'a>);

impl<'de> DeserializeSeed<'de> for EntrySeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(column) = map.next_key_seed(NameSeed(self.0))? {
            let parser = &mut *self.0;
            map.next_value_seed(ValueSeed {
                parser,
                column,
                in_list: false,
            })?;
        }
        Ok(())
    }
}

/// An attribute's name; deserializes into its column.
struct NameSeed<'b, 'a>(&'b mut EntryParser<'a>);

impl<'de> DeserializeSeed<'de> for NameSeed<'_, 'de> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameSeed<'_, 'de> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        Ok(self.0.column(name))
    }
}

/// The value of an attribute, or the elements of a list.
struct ValueSeed<'b, 'a> {
    parser: &'b mut EntryParser<'a>,
    column: usize,
    in_list: bool,
}

impl<'a> ValueSeed<'_, 'a> {
    fn push(self, value: impl FnOnce(&mut ColumnBuilder<'a>) -> u32) {
        let builder = &mut self.parser.columns[self.column].1;
        builder.lists |= self.in_list;
        let value = value(builder);
        self.parser.values.push((self.column, value));
    }

    fn push_number(self, number: f64) {
        if let Some(number) = Number::new(number) {
            self.push(|builder| builder.number(number));
        }
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<(), E> {
        self.push(|builder| builder.boolean(boolean));
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.push_number(number as f64);
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.push_number(number as f64);
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.push_number(number);
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        self.push(|builder| builder.borrowed(text));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.push(|builder| builder.text(text));
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let ValueSeed {
            parser,
            column,
            in_list,
        } = self;
        if in_list {
            while elements.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        loop {
            let element = ValueSeed {
                parser: &mut *parser,
                column,
                in_list: true,
            };
            if elements.next_element_seed(element)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}
