//! Slips that everybody makes once in TOML, and what to do about them. A value is never repeated: it may be a secret.

/// What to write instead, where a line that is no TOML looks like a known slip. `message` is the parser's.
pub(super) fn slip(line: &str, message: &str) -> Option<String> {
    let line = line.trim();
    if let Some((key, value)) = line.split_once('=') {
        let (key, value) = (key.trim(), value.trim());
        if !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return None;
        }
        return slip_of_value(value, message).map(|remedy| match remedy {
            Slip::Quotes => format!("{key}: a text needs quotes, write {key} = \"…\""),
            Slip::Curly => format!("{key}: write the quotes straight, {key} = \"…\""),
            Slip::Open => format!("{key}: end the text with the quote it began with"),
            Slip::Truth => format!("{key}: write true or false"),
            Slip::Percent => format!("{key}: write a share, such as 0.8 for 80 %"),
            Slip::Nothing => format!("{key}: write a value behind the ="),
        });
    }
    if line.starts_with('[') {
        let end = if line.starts_with("[[") { "]]" } else { "]" };
        return (!line.contains(end)).then(|| format!("end the heading with {end}"));
    }
    let key = line.split([':', ' ']).next().filter(|key| !key.is_empty())?;
    let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (is_key && message.contains('=')).then(|| format!("a key and its value are parted by =; write {key} = …"))
}

/// What is wrong with a value.
enum Slip {
    /// It stands without quotes.
    Quotes,
    /// Its quotes are those of a word processor.
    Curly,
    /// Its quote is never closed.
    Open,
    /// It is a word for yes or no.
    Truth,
    /// It is a number of per cent.
    Percent,
    /// There is none.
    Nothing,
}

fn slip_of_value(value: &str, message: &str) -> Option<Slip> {
    let words = ["yes", "no", "on", "off", "true", "false"];
    let word = value.split('#').next().unwrap_or_default().trim();
    match value.chars().next() {
        None | Some('#') => Some(Slip::Nothing),
        Some('“' | '”' | '„' | '‘' | '’' | '«' | '»') => Some(Slip::Curly),
        Some('"' | '\'') => message.contains("invalid basic string").then_some(Slip::Open),
        Some('[' | '{') => None,
        Some(_) if words.iter().any(|known| word.eq_ignore_ascii_case(known)) => Some(Slip::Truth),
        Some(_) if word.ends_with('%') => Some(Slip::Percent),
        Some(_) => Some(Slip::Quotes),
    }
}

/// Keys of `inboxed.toml` by the heading that they stand under. With the heading still in its comment they fall under the
/// one above.
const HOMES: [(&str, &[&str]); 11] = [
    ("[ses]", &["endpoint_url"]),
    ("[run]", &["wait", "max_connections"]),
    ("[dns]", &["resolver"]),
    ("[judge]", &["promotions_as_inbox", "confidence"]),
    ("[thresholds]", &["inbox_warn", "inbox_crit", "spam_warn", "spam_crit"]),
    ("[weights]", &["gmail", "outlook", "yahoo"]),
    ("[schedule]", &["every", "at", "zone"]),
    ("[[alert]]", &["url", "on", "quiet"]),
    ("[stream.smtp]", &["host", "port", "tls", "user", "secret", "ca_file"]),
    ("[[stream]]", &["message", "transport", "configuration_set", "control", "tag"]),
    ("[oauth.PROVIDER]", &["client_id", "client_secret", "tenant", "flow"]),
];

/// Where a key belongs that nothing in the table `path` knows.
pub(super) fn home(key: &str, path: &str) -> Option<String> {
    let (heading, _) = HOMES.iter().find(|(_, keys)| keys.contains(&key))?;
    if heading.trim_matches(['[', ']']) == path {
        return None;
    }
    let heading = match *heading {
        "[oauth.PROVIDER]" if path == "seed" => "[seed.oauth]",
        // Elsewhere it would be a guess.
        "[stream.smtp]" if path != "stream" => return None,
        other => other,
    };
    Some(format!("it belongs below {heading}: take the `# ` before that heading away, or write it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_has_a_home_stands_below_it_in_the_file_that_init_writes() {
        let text = include_str!("../command/init/inboxed.toml");
        let mut heading = "";
        let mut found = std::collections::BTreeSet::new();
        for line in text.lines().map(|line| line.trim_start_matches("# ")) {
            if line.starts_with('[') {
                heading = line.split(' ').next().unwrap();
            } else if let Some((key, _)) = line.split_once(" = ") {
                found.insert((heading.replace("oauth.outlook", "oauth.PROVIDER"), key));
            }
        }
        for (heading, keys) in HOMES {
            for key in keys {
                assert!(found.contains(&(heading.to_owned(), *key)), "{key} below {heading}");
            }
        }
    }
}
