//! A cell of CSV that neither a spreadsheet nor a terminal obeys (OWASP, CSV Injection), and back.

use std::fmt::Write as _;

use crate::render::plain::is_hostile;

/// A cell that neither a spreadsheet nor a terminal obeys.
pub(crate) fn guarded(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    if cell.starts_with(is_guarded) {
        out.push('\'');
    }
    let mut rest = cell.chars();
    while let Some(c) = rest.next() {
        if is_hostile(c) || (c == '\\' && rest.as_str().starts_with("u{")) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// What [`guarded`] was given.
pub(super) fn unguarded(cell: &str) -> String {
    let plain = cell.strip_prefix('\'').filter(|rest| rest.starts_with(is_guarded)).unwrap_or(cell);
    let mut out = String::with_capacity(plain.len());
    let mut rest = plain;
    while let Some((before, after)) = rest.split_once("\\u{") {
        out.push_str(before);
        let escaped = after.split_once('}').and_then(|(hex, then)| Some((character(hex)?, then)));
        if let Some((c, then)) = escaped {
            out.push(c);
            rest = then;
        } else {
            out.push_str("\\u{");
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// What a formula may begin with, and the mark itself. Tabs and carriage returns never come out as they are.
fn is_guarded(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\'')
}

fn character(hex: &str) -> Option<char> {
    let is_hex = !hex.is_empty() && hex.len() <= 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    u32::from_str_radix(hex, 16).ok().filter(|_| is_hex).and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn guarding_a_cell_is_undone_exactly(cell in "[-='@\\\\u{}0-9a-f\t\r\n\u{1b}\u{202e}é]{0,12}") {
            proptest::prop_assert_eq!(unguarded(&guarded(&cell)), cell);
        }
    }

    #[test]
    fn what_a_spreadsheet_takes_for_a_formula_begins_with_a_mark() {
        for (cell, kept) in
            [("=1+1", "'=1+1"), ("@x", "'@x"), ("-2", "'-2"), ("'", "''"), ("news", "news"), ("\t=1", "\\u{9}=1")]
        {
            assert_eq!(guarded(cell), kept);
        }
    }
}
