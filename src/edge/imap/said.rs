//! What a server said, made fit for a sentence of ours.

/// A server's words made fit for a sentence: one line, at most 200 characters, nothing that moves a cursor.
pub(super) fn said(text: &str) -> String {
    let clean: String =
        text.chars().map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c }).take(200).collect();
    let clean = clean.trim().trim_end_matches(['.', ' ']);
    if clean.is_empty() { "(no words)".to_owned() } else { format!("\u{201c}{clean}\u{201d}") }
}

/// Characters that change how their neighbours are shown (Unicode §23.2, bidirectional controls and joiners).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_cannot_leave_its_sentence() {
        assert_eq!(said("try\r\nagain\u{1b}[2J\u{202e}."), "\u{201c}try  again [2J\u{201d}");
        assert_eq!(said(""), "(no words)");
        assert_eq!(said(&"x".repeat(5000)).chars().count(), 202);
    }
}
