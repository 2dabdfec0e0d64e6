//! Reading CSV and its relatives.

use csv::{ByteRecord, ReaderBuilder};

use super::line_counter::LineCounter;
use super::{delimiter, quoting};
use crate::error::TableError;
use crate::layout;
use crate::sheet::{Sheet, SheetCell, SheetRow};

/// Reads a text with a header; also returns its delimiter.
pub(crate) fn read(bytes: &[u8]) -> Result<(Sheet, char), TableError> {
    let declared = delimiter::declared(bytes);
    let (bytes, first_line) = match declared {
        Some((_, length)) => (&bytes[length..], 2),
        None => (bytes, 1),
    };
    let delimiter =
        declared.map_or_else(|| delimiter::of_header(bytes), |(delimiter, _)| delimiter);
    quoting::check(bytes, delimiter, first_line)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut lines = LineCounter::new(bytes, first_line);
    let mut sheet = Sheet::default();
    let mut record = ByteRecord::new();
    let mut has_header = false;
    loop {
        let position = reader.position().byte() as usize;
        // Reading from memory does not fail, and records of any length are allowed.
        if !reader.read_byte_record(&mut record).unwrap_or(false) {
            break;
        }
        let line = lines.line_of_text_at(position);
        if has_header {
            add(&mut sheet, line, &record, delimiter)?;
        } else {
            has_header = true;
            sheet.columns = header(line, &record)?;
            sheet.check_columns(&layout::REPEATABLE)?;
        }
    }
    match has_header {
        true => Ok((sheet, char::from(delimiter))),
        false => Err(TableError::Empty),
    }
}

fn header(line: u64, record: &ByteRecord) -> Result<Vec<String>, TableError> {
    let names = record.iter().map(|name| {
        let name = std::str::from_utf8(name).map_err(|_| TableError::HeaderEncoding(line))?;
        Ok(name.trim().to_owned())
    });
    let mut names: Vec<String> = names.collect::<Result<_, _>>()?;
    while names.len() > 1 && names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    Ok(names)
}

fn add(sheet: &mut Sheet, line: u64, record: &ByteRecord, delimiter: u8) -> Result<(), TableError> {
    let columns = sheet.columns.len();
    let mut texts = Vec::with_capacity(columns);
    for (position, field) in record.iter().enumerate() {
        match std::str::from_utf8(field) {
            Ok(text) => texts.push(text),
            Err(_) => {
                let name = sheet.columns.get(position).map_or("", String::as_str);
                let reason = format!("column {name:?} is not UTF-8: save the file as UTF-8");
                sheet.bad_line(line, &reason);
                return Ok(());
            }
        }
    }
    // Spreadsheets write empty cells at the end of lines.
    while texts.len() > columns && texts.last().is_some_and(|text| text.trim().is_empty()) {
        texts.pop();
    }
    let found = texts.len();
    let joined = match found > columns && layout::joins_last_column(&sheet.columns) {
        true => texts
            .split_off(columns - 1)
            .join(&char::from(delimiter).to_string()),
        false => String::new(),
    };
    if !joined.is_empty() {
        texts.push(&joined);
    }
    if texts.len() != columns {
        let reason = format!(
            "the line has {found} fields, the header has {columns}: put fields that contain {:?} in double quotes",
            char::from(delimiter)
        );
        sheet.bad_line(line, &reason);
        return Ok(());
    }
    let trimmed = texts.into_iter().map(str::trim).enumerate();
    let filled = trimmed.filter(|(_, text)| !text.is_empty());
    let cells = filled.map(|(column, text)| SheetCell {
        column,
        text: text.to_owned(),
    });
    sheet.push(SheetRow {
        line,
        cells: cells.collect(),
    })
}
