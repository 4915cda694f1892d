//! Tables for people: columns as wide as their cells, cut to the terminal when they are wider.

use std::io::IsTerminal;

/// A table with headings.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    /// Columns that may be cut, by position; ids and times may not, or they could not be used.
    yielding: &'static [usize],
}

impl Table {
    pub(crate) fn new<const N: usize>(headings: [&str; N], yielding: &'static [usize]) -> Self {
        Table { rows: vec![headings.map(str::to_owned).to_vec()], yielding }
    }

    pub(crate) fn push<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    /// The table as text; `None` cuts nothing, as programs want it.
    pub(crate) fn text(&self, width: Option<usize>) -> String {
        let widths = self.widths(width);
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{:width$}{GAP}", cut(cell, *width)));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// The widest column that may yields first, until all fit or none has more to give.
    fn widths(&self, width: Option<usize>) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        let mut widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
        let Some(limit) = width else { return widths };
        let gaps = GAP.len() * columns.saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(limit);
        while excess > 0 {
            let yielding = widths.iter_mut().enumerate().filter(|(column, _)| self.yielding.contains(column));
            match yielding.map(|(_, width)| width).max() {
                Some(width) if *width > LEAST => *width -= 1,
                Some(_) | None => break,
            }
            excess -= 1;
        }
        widths
    }
}

/// How wide the terminal is that standard output goes to; `None` when it goes elsewhere.
pub(crate) fn terminal_width() -> Option<usize> {
    let out = std::io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(out).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

fn cut(cell: &str, width: usize) -> String {
    // What phones and callers sent may hold anything.
    let harmless = cell.chars().map(|c| if c.is_control() { '?' } else { c });
    if cell.chars().count() <= width {
        return harmless.collect();
    }
    harmless.take(width.saturating_sub(1)).chain(['…']).collect()
}

const GAP: &str = "  ";
/// No column is cut further.
const LEAST: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_column_yields_first_and_some_never() {
        let mut table = Table::new(["Id", "Name", "Phone"], &[1, 2]);
        table.push(["C1.0.1234567".into(), "Alice".into(), "a phone with a long name".into()]);
        let check = |width: Option<usize>, expect: &str| assert_eq!(table.text(width), expect);
        let whole = "Id            Name   Phone\nC1.0.1234567  Alice  a phone with a long name\n";
        check(None, whole);
        check(Some(45), whole);
        check(Some(35), "Id            Name   Phone\nC1.0.1234567  Alice  a phone with …\n");
        // When nothing has more to give, the line is as long as it must be.
        check(Some(10), "Id            Name   Phone\nC1.0.1234567  Alice  a pho…\n");
    }

    #[test]
    fn what_a_phone_sent_moves_no_cursor() {
        let mut table = Table::new(["Phone"], &[]);
        table.push(["x\x1b[2J\ny".into()]);
        assert_eq!(table.text(None), "Phone\nx?[2J?y\n");
    }
}
