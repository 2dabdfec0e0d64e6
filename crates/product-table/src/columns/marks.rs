//! The marks in numbers: which one is the decimal mark, by a number alone and by its column.

/// What the marks of a number mean by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// No marks.
    Whole,
    /// A decimal mark, or a mark between groups of digits, or both.
    Certain {
        decimal: Option<char>,
        grouping: Option<char>,
    },
    /// One mark before three digits: `1,299` is either.
    Ambiguous(char),
}

/// The marks of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    pub(super) points: MarkUses,
    pub(super) commas: MarkUses,
}

/// The uses of a mark in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct MarkUses {
    pub(super) decimal: bool,
    pub(super) grouping: bool,
}

impl Marks {
    /// Notes the marks of a number.
    pub(super) fn note(&mut self, shape: Shape) {
        let Shape::Certain { decimal, grouping } = shape else {
            return;
        };
        for (mark, uses) in [('.', &mut self.points), (',', &mut self.commas)] {
            uses.decimal |= decimal == Some(mark);
            uses.grouping |= grouping == Some(mark);
        }
    }

    /// True if the marks contradict each other.
    pub(super) fn is_contradiction(self) -> bool {
        let both = |uses: MarkUses| uses.decimal && uses.grouping;
        both(self.points) || both(self.commas) || self.points.decimal && self.commas.decimal
    }

    /// True if a mark is a decimal mark, false if it stands between groups, `None` if that stays open.
    pub(super) fn is_decimal(self, mark: char) -> Option<bool> {
        let (own, other) = match mark {
            '.' => (self.points, self.commas),
            _ => (self.commas, self.points),
        };
        if self.is_contradiction() {
            None
        } else if own.decimal || other.grouping {
            Some(true)
        } else if own.grouping || other.decimal {
            Some(false)
        } else {
            None
        }
    }

    /// Marks of a chosen decimal mark.
    pub(super) fn of_decimal(mark: char) -> Self {
        let uses = |is_decimal: bool| MarkUses {
            decimal: is_decimal,
            grouping: !is_decimal,
        };
        Self {
            points: uses(mark == '.'),
            commas: uses(mark == ','),
        }
    }

    /// True if a number has no mark in another meaning than here.
    pub(super) fn fit(self, shape: Shape) -> bool {
        let mut both = self;
        both.note(shape);
        both == self
    }
}

/// True for a mark that numbers may have.
pub(super) fn is_mark(character: char) -> bool {
    matches!(character, '.' | ',') || is_group_mark(character)
}

/// True for marks that only stand between groups of digits.
fn is_group_mark(character: char) -> bool {
    matches!(character, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '\u{2019}')
}

/// True for marks that stand between groups of digits, and also between the numbers of a list.
pub(super) fn is_list_mark(character: char) -> bool {
    matches!(character, '.' | ',' | ' ')
}

/// Returns what the marks of digits mean, or `None` if they have no meaning together.
pub(super) fn shape(body: &str) -> Option<Shape> {
    let Some((last, mark)) = body.char_indices().rfind(|(_, c)| is_mark(*c)) else {
        return Some(Shape::Whole);
    };
    let (before, after) = (&body[..last], &body[last + mark.len_utf8()..]);
    let mut earlier = before.chars().filter(|c| is_mark(*c));
    match earlier.next() {
        // 1.299.000 and 1'299'000
        Some(first) if first == mark => {
            let all_same = earlier.all(|other| other == mark);
            (all_same && is_grouped(body, mark)).then_some(Shape::Certain {
                decimal: None,
                grouping: Some(mark),
            })
        }
        // 1,299.00 and 1 299,00
        Some(first) => {
            let all_same = earlier.all(|other| other == first);
            (all_same && !is_group_mark(mark) && is_grouped(before, first)).then_some(
                Shape::Certain {
                    decimal: Some(mark),
                    grouping: Some(first),
                },
            )
        }
        None if is_group_mark(mark) => is_grouped(body, mark).then_some(Shape::Certain {
            decimal: None,
            grouping: Some(mark),
        }),
        None => {
            let may_be_group = after.len() == 3 && (1..=3).contains(&before.len()) && before != "0";
            Some(match may_be_group {
                true => Shape::Ambiguous(mark),
                false => Shape::Certain {
                    decimal: Some(mark),
                    grouping: None,
                },
            })
        }
    }
}

/// True if a mark divides digits into groups: the last one has three digits, the others two or three, and the first one
/// to three. In India, groups have two.
fn is_grouped(digits: &str, mark: char) -> bool {
    let groups: Vec<&str> = digits.split(mark).collect();
    let (Some((last, others)), Some(first)) = (groups.split_last(), groups.first()) else {
        return false;
    };
    let inner = others.get(1..).unwrap_or_default();
    let width = inner.first().map_or(3, |group| group.len());
    last.len() == 3
        && (1..=3).contains(&first.len())
        && matches!(width, 2 | 3)
        && inner.iter().all(|group| group.len() == width)
}
