//! Choices of the person who imports a table.

use std::collections::BTreeMap;
use std::str::FromStr;

/// Columns and types that are chosen instead of recognized.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The column that identifies the products.
    pub id_column: Option<String>,
    /// The column that names their images.
    pub image_column: Option<String>,
    /// The column that becomes `category`.
    pub category_column: Option<String>,
    /// The column that becomes `name`.
    pub name_column: Option<String>,
    /// Types of columns, by name in the file or in the metadata.
    pub types: BTreeMap<String, TypeChoice>,
}

/// A chosen type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeChoice {
    /// Text.
    Text,
    /// A number. Marks that the column leaves open are those of English: `1,299` is 1299.
    Number,
    /// A number with a decimal point: `1,299.50`.
    DecimalPoint,
    /// A number with a decimal comma: `1.299,50`.
    DecimalComma,
    /// True or false; also yes and no, 1 and 0.
    Boolean,
    /// A date, in the order that the column shows.
    Date,
    /// A date with the day first: `31.12.2024`.
    DayMonthYear,
    /// A date with the month first: `12/31/2024`.
    MonthDayYear,
}

/// A word that is not a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a type: use text, number, decimal-point, decimal-comma, boolean, date, day-month-year or \
     month-day-year, such as --types price=number,ean=text"
)]
pub struct UnknownType(String);

impl FromStr for TypeChoice {
    type Err = UnknownType;

    fn from_str(word: &str) -> Result<Self, UnknownType> {
        match word {
            "text" => Ok(Self::Text),
            "number" => Ok(Self::Number),
            "decimal-point" => Ok(Self::DecimalPoint),
            "decimal-comma" => Ok(Self::DecimalComma),
            "boolean" => Ok(Self::Boolean),
            "date" => Ok(Self::Date),
            "day-month-year" => Ok(Self::DayMonthYear),
            "month-day-year" => Ok(Self::MonthDayYear),
            other => Err(UnknownType(other.to_owned())),
        }
    }
}
