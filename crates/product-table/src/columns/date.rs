//! Dates as people write them.

/// The order of the parts of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateOrder {
    YearMonthDay,
    DayMonthYear,
    MonthDayYear,
}

/// A date as written, with the time behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrittenDate<'a> {
    parts: [u32; 3],
    mark: char,
    /// The time, as written; empty if there is none.
    pub(super) time: &'a str,
}

/// Reads a cell that begins with three numbers between equal marks.
pub(super) fn written(cell: &str) -> Option<WrittenDate<'_>> {
    let end = cell.find(['T', ' ']).unwrap_or(cell.len());
    let (date, time) = cell.split_at(end);
    let mark = date.chars().find(|c| !c.is_ascii_digit())?;
    if !matches!(mark, '-' | '/' | '.') || !is_time(time) {
        return None;
    }
    let mut parts = [0; 3];
    let mut texts = date.split(mark);
    for (position, part) in parts.iter_mut().enumerate() {
        let text = texts.next()?;
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = matches!((text.len(), position), (1 | 2, _) | (4, 0 | 2));
        *part = (is_number && fits).then(|| text.parse().ok()).flatten()?;
    }
    let written = WrittenDate { parts, mark, time };
    (texts.next().is_none() && written.orders().next().is_some()).then_some(written)
}

/// True for nothing, or for a time such as `T10:00:00Z` or ` 10:00`.
fn is_time(time: &str) -> bool {
    let Some(time) = time.strip_prefix(['T', ' ']) else {
        return time.is_empty();
    };
    let is_plain = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | 'Z' | '+' | '-');
    time.len() >= 5 && time.as_bytes()[2] == b':' && time.chars().all(is_plain)
}

impl WrittenDate<'_> {
    /// Returns the orders in which the parts make a date.
    pub(super) fn orders(&self) -> impl Iterator<Item = DateOrder> {
        let orders: &[DateOrder] = match self.mark {
            _ if self.parts[0] > 999 => &[DateOrder::YearMonthDay],
            '.' => &[DateOrder::DayMonthYear],
            // Hyphens, as slashes, stand in dates of both orders.
            _ => &[DateOrder::DayMonthYear, DateOrder::MonthDayYear],
        };
        orders
            .iter()
            .copied()
            .filter(|order| self.in_order(*order).is_some())
    }

    /// Returns the date as `2024-01-31`, with its time, if the parts have this order. A year in front leaves no choice.
    pub(super) fn iso(&self, order: DateOrder) -> Option<String> {
        let order = match self.parts[0] > 999 {
            true => DateOrder::YearMonthDay,
            false => order,
        };
        let (year, month, day) = self.in_order(order)?;
        Some(format!("{year:04}-{month:02}-{day:02}{}", self.time))
    }

    /// Returns the shape of the time. Only times of one shape and one offset are in order as texts.
    pub(super) fn time_shape(&self) -> String {
        let end = self.time.rfind(['+', '-', 'Z']).unwrap_or(self.time.len());
        let (clock, offset) = self.time.split_at(end);
        let clock = clock
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c });
        clock.chain(offset.chars()).collect()
    }

    fn in_order(&self, order: DateOrder) -> Option<(u32, u32, u32)> {
        let [a, b, c] = self.parts;
        let (year, month, day) = match order {
            DateOrder::YearMonthDay => (a, b, c),
            DateOrder::DayMonthYear => (c, b, a),
            DateOrder::MonthDayYear => (c, a, b),
        };
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        (year > 999 && (1..=days).contains(&day)).then_some((year, month, day))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn dates_are_read_in_their_order() {
        let iso = |cell: &str| {
            let date = written(cell)?;
            let mut orders = date.orders();
            let order = orders.next()?;
            orders.next().is_none().then(|| date.iso(order).unwrap())
        };
        assert_eq!(iso("2024-1-31").as_deref(), Some("2024-01-31"));
        assert_eq!(iso("2024/02/29 10:30").as_deref(), Some("2024-02-29 10:30"));
        assert_eq!(iso("31.12.2024").as_deref(), Some("2024-12-31"));
        assert_eq!(iso("12/31/2024").as_deref(), Some("2024-12-31"));
        assert_eq!(
            iso("2024-01-31T10:00:00Z").as_deref(),
            Some("2024-01-31T10:00:00Z")
        );
        assert_eq!(iso("03-25-2024").as_deref(), Some("2024-03-25"));
        assert_eq!(written("01/02/2024").unwrap().orders().count(), 2);
        assert_eq!(written("01-02-2024").unwrap().orders().count(), 2);
        for other in [
            "",
            "2023-02-29",
            "10-20",
            "1.5",
            "1/2",
            "31/31/2024",
            "2024-01-31x",
            "20240131",
            "1.2.3",
        ] {
            assert_eq!(written(other), None, "{other}");
        }
    }
}
