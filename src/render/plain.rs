//! Plain text: what a stranger wrote, made harmless for a terminal and still readable.
//!
//! A folder name or a header may carry escape sequences, text that runs backwards, characters without width or hundreds of
//! accents on one letter. All of it becomes visible characters on one line; nothing is dropped silently.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

/// Most marks without a width that one character may carry; a letter of any living script needs fewer.
const MARKS: usize = 3;

/// `text` on one line of at most `max` columns, cut with `…`.
///
/// White space of any kind and length folds to one space. Control characters become their pictures (`␛`), other characters
/// that could mislead an eye or a terminal their number (`<U+202E>`).
pub(crate) fn plain(text: &str, max: usize) -> String {
    let mut line = String::new();
    let mut marks = 0;
    for c in text.trim().chars() {
        marks = if c.width() == Some(0) && !is_hostile(c) { marks + 1 } else { 0 };
        push_harmless(&mut line, c, marks > MARKS);
        // No character needs more than 16 bytes here, so whatever follows would be cut anyway.
        if line.len() > max.saturating_add(4).saturating_mul(16) {
            break;
        }
    }
    cut(&line, max)
}

fn push_harmless(line: &mut String, c: char, too_many_marks: bool) {
    if c.is_whitespace() {
        if !line.ends_with(' ') {
            line.push(' ');
        }
    } else if let Some(picture) = picture(c) {
        line.push(picture);
    } else if too_many_marks || is_hostile(c) {
        // Writing to a String cannot fail.
        let _ = write!(line, "<U+{:04X}>", u32::from(c));
    } else {
        line.push(c);
    }
}

/// The picture of a C0 control character or DEL (Unicode block Control Pictures).
fn picture(c: char) -> Option<char> {
    match u32::from(c) {
        code @ 0..=0x1F => char::from_u32(0x2400 + code),
        0x7F => Some('␡'),
        _ => None,
    }
}

/// Whether a character can move the cursor, turn the direction of text, hide itself or stand for nothing.
pub(crate) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164
            | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xFFFE | 0xFFFF
            | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
        || u32::from(c) & 0xFFFE == 0xFFFE
}

/// Columns that a text without control characters takes on a terminal.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The longest beginning of `text` that fits `max` columns, with `…` where something was cut off.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if columns(text) <= max {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut taken = 0;
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken + 1 > max {
            break;
        }
        kept.push(c);
    }
    kept.truncate(kept.trim_end().len());
    if max > 0 {
        kept.push('…');
    }
    kept
}

/// Breaks a text between words into lines of at most `width` columns; a longer word stands on a line of its own, uncut.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_cannot_move_the_cursor_turn_the_text_or_hide() {
        for (hostile, shown) in [
            ("Junk", "Junk"),
            ("Courrier indésirable", "Courrier indésirable"),
            ("重要 メール", "重要 メール"),
            ("\x1b[2J\x1b[31mowned\x1b[0m", "␛[2J␛[31mowned␛[0m"),
            ("\x1b]0;title\x07", "␛]0;title␇"),
            ("\u{9b}31mred", "<U+009B>31mred"),
            ("a\r\nX-Fake: b\tc", "a X-Fake: b c"),
            ("exe\u{202e}gpj.moc", "exe<U+202E>gpj.moc"),
            ("\u{2066}isolate\u{2069}", "<U+2066>isolate<U+2069>"),
            ("pay\u{200b}pal", "pay<U+200B>pal"),
            ("soft\u{ad}hyphen", "soft<U+00AD>hyphen"),
            ("tag\u{e0041}", "tag<U+E0041>"),
            ("bom\u{feff}", "bom<U+FEFF>"),
            ("line\u{2028}sep\u{85}next", "line sep next"),
            ("nul\0del\x7f", "nul␀del␡"),
            ("back\x08\x08space", "back␈␈space"),
            ("o\u{300}\u{301}\u{302}\u{303}", "o\u{300}\u{301}\u{302}<U+0303>"),
            ("  spaced   out  ", "spaced out"),
            ("blank\u{3164}\u{2800}", "blank<U+3164><U+2800>"),
            ("", ""),
        ] {
            assert_eq!(plain(hostile, 80), shown);
        }
    }

    #[test]
    fn no_character_of_unicode_survives_that_a_terminal_obeys() {
        let all: String = (0..=0x10_FFFF).filter_map(char::from_u32).collect();
        for c in all.chars() {
            let shown = plain(&format!("a{c}b"), 80);
            assert!(shown.chars().all(|c| !is_hostile(c)), "U+{:04X} became {shown:?}", u32::from(c));
            assert!(!shown.contains(['\n', '\r', '\t', '\u{2028}', '\u{2029}', '\u{85}']), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn cutting_keeps_to_columns_and_says_so() {
        for (text, max, shown) in [
            ("newsletter", 10, "newsletter"),
            ("newsletters", 10, "newslette…"),
            ("重要重要重要", 7, "重要重…"),
            ("重要重要重要", 6, "重要…"),
            ("ab cd", 4, "ab…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(plain(text, max), shown, "{text} {max}");
        }
        let flood = "\u{1b}".repeat(1_000_000);
        assert_eq!(columns(&plain(&flood, 40)), 40);
    }

    #[test]
    fn wrapping_breaks_between_words_only() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("extraordinarily so", 4), ["extraordinarily", "so"]);
        assert_eq!(wrap("", 4), Vec::<String>::new());
    }
}
