//! The form in which two records are compared, and the tags of `v=…; p=…` records.
//!
//! What means the same is written the same: white space, the case of tag names, the order of tags, a final semicolon and
//! the strings that a long text is split into make no difference (RFC 6376 §3.2, RFC 9989 §4.7).

use super::answer::Value;

/// One `name=value` of a record, in the order of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    /// In lower case.
    pub(crate) name: String,
    /// Without the white space around it.
    pub(crate) value: String,
}

/// The tags of a record; parts without `=` are given back apart.
pub(crate) fn tags(text: &str) -> (Vec<Tag>, Vec<String>) {
    let mut tags = Vec::new();
    let mut strays = Vec::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some((name, value)) => {
                tags.push(Tag { name: name.trim().to_ascii_lowercase(), value: value.trim().to_owned() });
            }
            None => strays.push(part.to_owned()),
        }
    }
    (tags, strays)
}

/// A record as it is compared. Total: what is no list of tags and no SPF is compared with its white space folded.
pub(crate) fn normalised(value: &Value) -> String {
    let Value::Text(_) = value else { return value.to_string() };
    let text = value.to_string();
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if is_spf(&folded) {
        return normalised_spf(&folded);
    }
    let (tags, strays) = tags(&text);
    if !strays.is_empty() || tags.is_empty() {
        return folded;
    }
    let written = |tag: &Tag| {
        // A key may be folded anywhere (RFC 6376 §3.2).
        let joint = if matches!(tag.name.as_str(), "p" | "rua" | "ruf") { "" } else { " " };
        format!("{}={}", tag.name, tag.value.split_whitespace().collect::<Vec<_>>().join(joint))
    };
    let mut tags: Vec<String> = tags.iter().map(written).collect();
    // The version stands first; the order of the others means nothing.
    if let Some((_, others)) = tags.split_first_mut() {
        others.sort();
    }
    let joined = tags.join("; ");
    if is_spf(&joined) { normalised_spf(&joined) } else { joined }
}

/// Names and mechanisms are compared without regard to case (RFC 7208 §4.6.1); a macro may be written in capitals to be
/// escaped (RFC 7208 §7.3) and keeps them.
fn normalised_spf(folded: &str) -> String {
    let term = |term: &str| if term.contains('%') { term.to_owned() } else { term.to_ascii_lowercase() };
    folded.split_whitespace().map(term).collect::<Vec<_>>().join(" ")
}

/// Whether a text means to be an SPF record, well written or not.
pub(crate) fn is_spf(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(5).collect();
    start.eq_ignore_ascii_case("v=spf")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn what_means_the_same_is_written_the_same() {
        for (one, other) in [
            ("v=spf1  include:AmazonSES.com ~all", "V=SPF1 include:amazonses.com ~all "),
            ("v=DMARC1; p=none; rua=mailto:a@x.example", "v=DMARC1;rua=mailto:a@x.example; P=none;"),
            ("v=DKIM1; k=rsa; p=MIIB IjAN", "v=DKIM1; p=MIIBIjAN; k=rsa"),
            ("a  site\tverification", "a site verification"),
        ] {
            assert_eq!(normalised(&text(one)), normalised(&text(other)));
        }
        for (one, other) in [
            ("v=spf1 ~all", "v=spf1 -all"),
            ("v=DMARC1; p=none", "v=DMARC1; p=reject"),
            ("v=spf1 exists:%{i}.x.example", "v=spf1 exists:%{I}.x.example"),
            ("p=MIIA", "p=MIIa"),
        ] {
            assert_ne!(normalised(&text(one)), normalised(&text(other)));
        }
    }

    proptest! {
        #[test]
        fn normalising_is_total_and_done_once(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            let once = normalised(&Value::Text(octets));
            prop_assert_eq!(normalised(&text(&once)), once);
        }

        #[test]
        fn the_order_of_tags_makes_no_difference(mut values in prop::collection::btree_map("[a-z]{1,4}", "[a-z0-9]{0,6}", 1..6)) {
            values.remove("v");
            let tags: Vec<String> = values.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let back: Vec<String> = tags.iter().rev().cloned().collect();
            let one = format!("v=DMARC1; {}", tags.join(" ; "));
            let other = format!("v=DMARC1;{};", back.join(";"));
            prop_assert_eq!(normalised(&text(&one)), normalised(&text(&other)));
        }
    }
}
