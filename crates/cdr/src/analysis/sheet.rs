//! Answers as tables: columns with names for programs, and rows of cells.

/// A table.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Sheet {
    /// The names of its columns.
    pub columns: Vec<&'static str>,
    /// Its rows, each with a cell for every column.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cell {
    /// Nothing is known.
    Empty,
    /// A whole number.
    Whole(i64),
    /// A number with two decimals, in hundredths.
    Hundredths(i64),
    /// Yes or no.
    Flag(bool),
    /// A text.
    Text(String),
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    /// The share of some of all, in percent with two decimals.
    pub fn percent(some: u64, all: u64) -> Cell {
        if all == 0 {
            return Cell::Empty;
        }
        let share = (u128::from(some) * 10_000 + u128::from(all) / 2) / u128::from(all);
        Cell::Hundredths(i64::try_from(share).unwrap_or(i64::MAX))
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Cell {
        Cell::Whole(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cell::Empty => Ok(()),
            Cell::Whole(number) => write!(f, "{number}"),
            Cell::Hundredths(number) => {
                let sign = if *number < 0 { "-" } else { "" };
                write!(f, "{sign}{}.{:02}", number.unsigned_abs() / 100, number.unsigned_abs() % 100)
            }
            Cell::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Cell::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_written() {
        let check = |cell: Cell, expect: &str| assert_eq!(cell.to_string(), expect);
        check(Cell::Empty, "");
        check(Cell::Whole(-3), "-3");
        check(Cell::Flag(true), "yes");
        check(Cell::Hundredths(7), "0.07");
        check(Cell::Hundredths(-1234), "-12.34");
        check(Cell::percent(1, 3), "33.33");
        check(Cell::percent(2, 3), "66.67");
        check(Cell::percent(0, 0), "");
        check(Cell::from(u64::MAX), "9223372036854775807");
    }
}
