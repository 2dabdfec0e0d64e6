//! How the cells of a column are read, decided once for all of them.

use serde_json::Value;

use super::census::{self, Census};
use super::date::{self, DateOrder};
use super::identifiers::is_identifier;
use super::marks::Marks;
use super::number::{self, Written};
use super::report::{ColumnType, DoubtfulCells, Report};
use crate::options::TypeChoice;

/// The way in which the cells of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnReading {
    Text,
    /// Numbers; with a fixed decimal mark, or with the marks that the column shows.
    Number {
        marks: Marks,
        is_strict: bool,
    },
    /// True and false; with `is_wide` also yes and no, 1 and 0.
    Boolean {
        is_wide: bool,
    },
    Date(DateOrder),
}

/// The part that a column has in its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A name, a category, images: always text.
    Text,
    /// Anything.
    Attribute,
}

/// The value of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Value(Value),
    /// A word for a missing value.
    Missing,
    /// The cell does not fit the type of its column.
    Misfit,
}

impl ColumnReading {
    /// Decides how the cells of a column are read.
    pub(crate) fn of(
        name: &str,
        role: Role,
        choice: Option<TypeChoice>,
        census: &Census,
    ) -> (Self, Report) {
        if let Some(choice) = choice {
            return chosen(choice, census);
        }
        let is_text = |reason: Option<&str>| {
            let reason = reason.map(str::to_owned);
            (
                Self::Text,
                Report {
                    reason,
                    ..Report::default()
                },
            )
        };
        match census.values() {
            _ if role == Role::Text => is_text(None),
            0 => is_text(None),
            _ if is_identifier(name) => is_text(Some("its name is that of an identifier")),
            values if census.booleans == values => plain(Self::Boolean { is_wide: false }, census),
            values if census.dates == values => dates(census),
            _ if !census.identifiers.is_empty() && census.not_numbers.is_empty() => is_text(Some(
                "identifiers: numbers with leading zeros or more than 15 digits",
            )),
            values if census.numbers == values => numbers(census),
            values if census.numbers * 2 >= values => {
                let mut doubtful = census.not_numbers.clone();
                doubtful.extend(&census.identifiers);
                doubt("most cells are numbers, but not these", doubtful)
            }
            values if census.dates * 2 >= values => doubt(
                "most cells are dates, but not these",
                census.not_dates.clone(),
            ),
            _ => is_text(None),
        }
    }

    /// Returns the type.
    pub(crate) fn kind(self) -> ColumnType {
        match self {
            Self::Text => ColumnType::Text,
            Self::Number { .. } => ColumnType::Number,
            Self::Boolean { .. } => ColumnType::Boolean,
            Self::Date(_) => ColumnType::Date,
        }
    }

    /// Reads a cell.
    pub(crate) fn read(self, cell: &str) -> Cell {
        let value = match self {
            Self::Text => return Cell::Value(cell.into()),
            Self::Boolean { is_wide } => boolean(cell, is_wide).map(Value::Bool),
            Self::Date(order) => date::written(cell)
                .and_then(|date| date.iso(order))
                .map(Value::String),
            Self::Number { marks, is_strict } => number_of(cell, marks, is_strict),
        };
        match value {
            Some(value) => Cell::Value(value),
            None if census::is_missing(cell) => Cell::Missing,
            None => Cell::Misfit,
        }
    }
}

fn plain(reading: ColumnReading, census: &Census) -> (ColumnReading, Report) {
    let reason =
        (!census.missing.is_empty()).then(|| "words for a missing value are left out".to_owned());
    let doubtful = census.missing.clone();
    (reading, Report { reason, doubtful })
}

fn doubt(reason: &str, doubtful: DoubtfulCells) -> (ColumnReading, Report) {
    let reason = Some(format!("{reason}; --types chooses"));
    (ColumnReading::Text, Report { reason, doubtful })
}

/// Reads numbers, unless their marks or currencies leave open what they mean.
fn numbers(census: &Census) -> (ColumnReading, Report) {
    let marks = census.marks;
    if marks.is_contradiction() {
        let fewer = match census.points.total < census.commas.total {
            true => &census.points,
            false => &census.commas,
        };
        return doubt(
            "some numbers have a decimal comma and others a decimal point",
            fewer.clone(),
        );
    }
    if census.currencies.len() > 1 {
        let mut doubtful = DoubtfulCells::default();
        for (line, cell) in census.currencies.values() {
            doubtful.push(*line, cell);
        }
        return doubt(
            "the numbers are in several currencies, such as these",
            doubtful,
        );
    }
    if !census.grouped.is_empty() && !census.has_large_numbers {
        let reason = "the marks in these numbers may stand between thousands or between the numbers of a list";
        return doubt(reason, census.grouped.clone());
    }
    if !census.ambiguous.is_empty() && marks.is_decimal('.').is_none() {
        let reason = "the mark in these numbers may be a decimal mark or stand between thousands";
        return doubt(reason, census.ambiguous.clone());
    }
    plain(
        ColumnReading::Number {
            marks,
            is_strict: true,
        },
        census,
    )
}

fn dates(census: &Census) -> (ColumnReading, Report) {
    match census.date_order() {
        Some(order) if census.has_one_time_shape() => plain(ColumnReading::Date(order), census),
        Some(_) => doubt(
            "times are written in several ways",
            census.date_cells.clone(),
        ),
        None => open_order(census),
    }
}

/// Keeps dates whose order is open as texts.
fn open_order(census: &Census) -> (ColumnReading, Report) {
    let reason =
        "the order of day and month is open; --types chooses day-month-year or month-day-year";
    let report = Report {
        reason: Some(reason.to_owned()),
        doubtful: census.date_cells.clone(),
    };
    (ColumnReading::Text, report)
}

/// Returns the reading that a person chose.
fn chosen(choice: TypeChoice, census: &Census) -> (ColumnReading, Report) {
    let reading = match choice {
        TypeChoice::Text => ColumnReading::Text,
        TypeChoice::Number => ColumnReading::Number {
            marks: census.marks,
            is_strict: false,
        },
        TypeChoice::DecimalPoint => ColumnReading::Number {
            marks: Marks::of_decimal('.'),
            is_strict: true,
        },
        TypeChoice::DecimalComma => ColumnReading::Number {
            marks: Marks::of_decimal(','),
            is_strict: true,
        },
        TypeChoice::Boolean => ColumnReading::Boolean { is_wide: true },
        TypeChoice::Date => match census.date_order() {
            Some(order) => ColumnReading::Date(order),
            None if census.dates > 0 => return open_order(census),
            None => ColumnReading::Date(DateOrder::YearMonthDay),
        },
        TypeChoice::DayMonthYear => ColumnReading::Date(DateOrder::DayMonthYear),
        TypeChoice::MonthDayYear => ColumnReading::Date(DateOrder::MonthDayYear),
    };
    let reason = Some("chosen by --types".to_owned());
    (
        reading,
        Report {
            reason,
            ..Report::default()
        },
    )
}

fn number_of(cell: &str, marks: Marks, is_strict: bool) -> Option<Value> {
    let Written::Number(number) = number::written(cell) else {
        return None;
    };
    if is_strict && !marks.fit(number.shape) {
        return None;
    }
    // What stays open is English, as a person was told who chose a number.
    let english = Marks::of_decimal('.');
    let open = || (!is_strict).then(|| number.decimal_mark(english)).flatten();
    number.value(number.decimal_mark(marks).or_else(open)?)
}

fn boolean(cell: &str, is_wide: bool) -> Option<bool> {
    let wide = || match cell.to_lowercase().as_str() {
        "yes" | "y" | "1" | "true" => Some(true),
        "no" | "n" | "0" | "false" => Some(false),
        _ => None,
    };
    census::boolean(cell).or_else(|| is_wide.then(wide).flatten())
}
