//! A grid: aligned columns under a quiet header, one line for each row, never wrapped.

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table, presets};

use super::super::plain::{columns, cut, wrap};
use super::{Screen, Tone};

/// Which side a column is aligned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// One cell. Its text is already harmless.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) tone: Tone,
}

impl Entry {
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }

    pub(super) fn usual(text: impl Into<String>) -> Self {
        Self::new(Tone::Usual, text)
    }
}

/// Columns, header and rows.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    header: Vec<(String, Side)>,
    rows: Vec<Vec<Entry>>,
}

/// Blank columns between two columns.
const GAP: usize = 2;
/// Lines above the first row.
const HEAD: usize = 2;
/// Indent of a note below its row.
const INDENT: &str = "    ";

impl Grid {
    pub(super) fn new<'a>(header: impl IntoIterator<Item = (&'a str, Side)>) -> Self {
        Self { header: header.into_iter().map(|(text, side)| (text.to_owned(), side)).collect(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, entries: Vec<Entry>) {
        self.rows.push(entries);
    }

    /// Columns that the widest line takes.
    pub(super) fn width(&self) -> usize {
        let gaps = GAP * self.header.len().saturating_sub(1);
        (0..self.header.len()).map(|at| self.column_width(at)).sum::<usize>() + gaps
    }

    fn column_width(&self, at: usize) -> usize {
        let header = self.header.get(at).map_or(0, |(text, _)| columns(text));
        let rows = self.rows.iter().filter_map(|row| row.get(at)).map(|entry| columns(&entry.text)).max();
        header.max(rows.unwrap_or(0))
    }

    /// Cuts columns, the first named first and none below its floor, until the grid fits `width`.
    pub(super) fn fit(&mut self, width: usize, order: &[(usize, usize)]) {
        for &(at, floor) in order {
            let excess = self.width().saturating_sub(width);
            if excess == 0 {
                return;
            }
            let allowed = self.column_width(at).saturating_sub(excess).max(floor);
            for entry in self.rows.iter_mut().filter_map(|row| row.get_mut(at)) {
                entry.text = cut(&entry.text, allowed);
            }
        }
    }

    /// The lines: header, rule, then one for each row, without blanks at their ends.
    pub(super) fn lines(&self, screen: Screen) -> Vec<String> {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─')))
            .set_content_arrangement(ContentArrangement::Disabled);
        if screen.colour {
            table.enforce_styling().style_text_only();
        } else {
            table.force_no_tty();
        }
        let header = self.header.iter().map(|(text, _)| cell(&Entry::new(Tone::Quiet, text.as_str()), screen));
        table.set_header(header.collect::<Vec<_>>());
        for row in &self.rows {
            table.add_row(row.iter().map(|entry| cell(entry, screen)).collect::<Vec<_>>());
        }
        let last = self.header.len().saturating_sub(1);
        for (at, (column, (_, side))) in table.column_iter_mut().zip(&self.header).enumerate() {
            // The style itself puts one blank between columns.
            column.set_padding((0, u16::from(at != last)));
            column.set_cell_alignment(match side {
                Side::Left => CellAlignment::Left,
                Side::Right => CellAlignment::Right,
            });
        }
        let paint_rule = |(at, line): (usize, &str)| {
            if at == 1 { screen.paint(Tone::Quiet, line) } else { line.to_owned() }
        };
        table.trim_fmt().lines().enumerate().map(paint_rule).collect()
    }

    /// The grid as text.
    pub(super) fn draw(&self, screen: Screen) -> String {
        self.draw_with(screen, &[])
    }

    /// The grid as text, with a quiet note below each row that has one. A row whose successor has the same note leaves it to
    /// that one.
    pub(super) fn draw_with(&self, screen: Screen, notes: &[String]) -> String {
        let mut text = String::new();
        for (at, line) in self.lines(screen).iter().enumerate() {
            text.push_str(line);
            text.push('\n');
            let row = at.checked_sub(HEAD);
            let note = row.and_then(|row| notes.get(row)).filter(|note| !note.is_empty());
            let Some(note) = note.filter(|note| notes.get(at + 1 - HEAD) != Some(note)) else { continue };
            for line in wrap(note, screen.columns().saturating_sub(INDENT.len())) {
                text.push_str(INDENT);
                text.push_str(&screen.paint(Tone::Quiet, &line));
                text.push('\n');
            }
        }
        text
    }
}

fn cell(entry: &Entry, screen: Screen) -> Cell {
    let cell = Cell::new(&entry.text);
    if !screen.colour || entry.text.is_empty() {
        return cell;
    }
    match entry.tone {
        Tone::Usual => cell,
        Tone::Strong => cell.add_attribute(Attribute::Bold),
        Tone::Quiet => cell.add_attribute(Attribute::Dim),
        Tone::Good => cell.fg(Color::DarkGreen),
        Tone::Warning => cell.fg(Color::DarkYellow),
        Tone::Bad => cell.fg(Color::DarkRed).add_attribute(Attribute::Bold),
    }
}
