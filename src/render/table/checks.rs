//! What `check` proved, one line for each part.

use std::fmt::Write as _;

use super::{Screen, Tone};
use crate::render::plain::{columns, plain, wrap};

/// Longest name in it, in columns.
const NAME: usize = 40;
/// Longest finding: a list of folders, or a sentence with its remedy.
const FOUND: usize = 500;
/// Columns of the verdict and of the part.
const VERDICT: usize = 8;
const PART: usize = 7;
/// Columns that a finding needs at least to stand beside its part; with fewer it stands below.
const LEAST: usize = 30;

/// How a part came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it should be.
    Ok,
    /// Worth a look; a run goes on.
    Warning,
    /// This part cannot be used.
    Critical,
}

impl Verdict {
    /// What people and machines read.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Ok => Tone::Good,
            Self::Warning => Tone::Warning,
            Self::Critical => Tone::Bad,
        }
    }
}

/// One line of a check.
#[derive(Debug)]
pub(crate) struct CheckLine<'a> {
    /// What kind of thing was checked.
    pub(crate) part: &'a str,
    /// Which one.
    pub(crate) name: &'a str,
    /// How it came out.
    pub(crate) verdict: Verdict,
    /// What was found, with the remedy.
    pub(crate) found: &'a str,
}

/// The lines, the findings aligned; on a terminal a long one goes on below itself.
pub(crate) fn checks_table(lines: &[CheckLine<'_>], screen: Screen) -> String {
    let names: Vec<String> = lines.iter().map(|line| plain(line.name, NAME)).collect();
    let width = names.iter().map(|name| columns(name)).max().unwrap_or(0);
    let mut text = String::new();
    for (line, name) in lines.iter().zip(&names) {
        let verdict = screen.paint(line.verdict.tone(), line.verdict.word());
        let gap = " ".repeat(VERDICT.saturating_sub(line.verdict.word().len()));
        let name_gap = " ".repeat(width.saturating_sub(columns(name)));
        let head = format!("{verdict}{gap}  {:<PART$}  {name}", line.part);
        let before = VERDICT + 2 + PART + 2 + width + 2;
        let is_beside = screen.columns().saturating_sub(before) >= LEAST;
        let indent = if is_beside { before } else { VERDICT + 2 };
        let next = format!("\n{}", " ".repeat(indent));
        let found = wrap(&plain(line.found, FOUND), screen.columns().saturating_sub(indent)).join(&next);
        let gap = if is_beside { format!("{name_gap}  ") } else { next };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{head}{gap}{found}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(width: Option<usize>) -> String {
        let seed = CheckLine {
            part: "seed",
            name: "anna@plain.example",
            verdict: Verdict::Critical,
            found: "the password was refused; make an app password and put it where the secret lies",
        };
        let ses = CheckLine { part: "ses", name: "eu-central-1", verdict: Verdict::Ok, found: "production access" };
        checks_table(&[ses, seed], Screen { width, colour: false })
    }

    #[test]
    fn a_pipe_gets_a_line_for_each_part_and_a_terminal_lines_that_fit() {
        assert_eq!(
            shown(None),
            "ok        ses      eu-central-1        production access\n\
             critical  seed     anna@plain.example  the password was refused; make an app password and put it where the \
             secret lies\n"
        );
        for (width, indent) in [(80, 39), (60, 10)] {
            let text = shown(Some(width));
            assert!(text.lines().all(|line| columns(line) <= width), "{text}");
            assert!(text.lines().last().unwrap().starts_with(&" ".repeat(indent)), "{text}");
        }
    }
}
