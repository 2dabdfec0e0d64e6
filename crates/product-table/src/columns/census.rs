//! Counting what the cells of a column look like.

use std::collections::BTreeMap;

use super::date::{self, DateOrder};
use super::marks::{Marks, Shape};
use super::number::{self, Written};
use super::report::DoubtfulCells;

/// Maximum number of different currencies and shapes of times that are told apart.
const MAX_KINDS: usize = 8;
/// Words for a missing value.
const MISSING: [&str; 8] = [
    "n/a", "na", "null", "none", "nan", "-", "\u{2013}", "\u{2014}",
];

/// What the cells of a column look like.
#[derive(Debug, Default)]
pub(crate) struct Census {
    pub(crate) cells: u64,
    /// The text of the first cell.
    pub(crate) first: String,
    pub(super) booleans: u64,
    pub(super) numbers: u64,
    /// Numbers whose mark is ambiguous by itself.
    pub(super) ambiguous: DoubtfulCells,
    pub(super) marks: Marks,
    /// Numbers whose marks only stand between groups: `104,110,116` may also be a list.
    pub(super) grouped: DoubtfulCells,
    /// True if a number shows that marks between groups are those of large numbers.
    pub(super) has_large_numbers: bool,
    /// Numbers with a decimal point, and those with a decimal comma, if both occur.
    pub(super) points: DoubtfulCells,
    pub(super) commas: DoubtfulCells,
    /// The currencies, with the first cell of each.
    pub(super) currencies: BTreeMap<String, (u64, String)>,
    pub(super) identifiers: DoubtfulCells,
    pub(super) dates: u64,
    pub(super) date_cells: DoubtfulCells,
    /// Number of dates that can be read in each order.
    day_first: u64,
    month_first: u64,
    year_first: u64,
    times: BTreeMap<String, u64>,
    /// Words for a missing value.
    pub(super) missing: DoubtfulCells,
    /// Everything else that is not a number.
    pub(super) not_numbers: DoubtfulCells,
    /// Everything else that is not a date.
    pub(super) not_dates: DoubtfulCells,
}

/// True for a word that says that a value is missing.
pub(super) fn is_missing(cell: &str) -> bool {
    MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// Returns the value of `true` and `false`.
pub(super) fn boolean(cell: &str) -> Option<bool> {
    match cell {
        "true" | "TRUE" | "True" => Some(true),
        "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

impl Census {
    /// Counts a cell.
    pub(crate) fn add(&mut self, line: u64, cell: &str) {
        if self.cells == 0 {
            cell.clone_into(&mut self.first);
        }
        self.cells += 1;
        if is_missing(cell) {
            self.missing.push(line, cell);
            return;
        }
        self.booleans += u64::from(boolean(cell).is_some());
        self.add_date(line, cell);
        match number::written(cell) {
            Written::Number(number) => {
                self.numbers += 1;
                self.marks.note(number.shape);
                if number.may_be_list() {
                    self.grouped.push(line, cell);
                }
                self.has_large_numbers |= number.is_of_large_numbers();
                match number.shape {
                    Shape::Ambiguous(_) => self.ambiguous.push(line, cell),
                    Shape::Certain {
                        decimal: Some('.'), ..
                    }
                    | Shape::Certain {
                        grouping: Some(','),
                        ..
                    } => {
                        self.points.push(line, cell);
                    }
                    Shape::Certain {
                        decimal: Some(','), ..
                    }
                    | Shape::Certain {
                        grouping: Some('.'),
                        ..
                    } => {
                        self.commas.push(line, cell);
                    }
                    Shape::Certain { .. } | Shape::Whole => {}
                }
                if let Some(currency) = number.currency
                    && self.currencies.len() < MAX_KINDS
                {
                    let seen = self.currencies.entry(currency.to_owned());
                    seen.or_insert_with(|| (line, cell.to_owned()));
                }
            }
            Written::Identifier => self.identifiers.push(line, cell),
            Written::Other => self.not_numbers.push(line, cell),
        }
    }

    fn add_date(&mut self, line: u64, cell: &str) {
        let Some(date) = date::written(cell) else {
            self.not_dates.push(line, cell);
            return;
        };
        self.dates += 1;
        self.date_cells.push(line, cell);
        for order in date.orders() {
            match order {
                DateOrder::YearMonthDay => self.year_first += 1,
                DateOrder::DayMonthYear => self.day_first += 1,
                DateOrder::MonthDayYear => self.month_first += 1,
            }
        }
        if self.times.len() < MAX_KINDS {
            *self.times.entry(date.time_shape()).or_default() += 1;
        }
    }

    /// Number of cells apart from missing values.
    pub(super) fn values(&self) -> u64 {
        self.cells - self.missing.total
    }

    /// Returns the only order in which every date of the column can be read.
    pub(super) fn date_order(&self) -> Option<DateOrder> {
        match self.dates {
            0 => None,
            dates if self.year_first == dates => Some(DateOrder::YearMonthDay),
            dates if self.day_first == dates && self.month_first < dates => {
                Some(DateOrder::DayMonthYear)
            }
            dates if self.month_first == dates && self.day_first < dates => {
                Some(DateOrder::MonthDayYear)
            }
            _ => None,
        }
    }

    /// True if times are written in one way, so that dates with them are in order as texts.
    pub(super) fn has_one_time_shape(&self) -> bool {
        self.times.len() <= 1
    }
}
