//! What a server may know and nobody else: the credential, masked in every word that the server says back.
//!
//! Some servers repeat what they did not understand. What they repeat is found in every form in which it left: as it is,
//! escaped for a quoted string, in base64 and percent-encoded.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};

/// What stands in the place of a secret.
const MASK: &str = "…";

/// Fewer letters out of the middle of an encoded text could stand for anything.
const SHORTEST_PART: usize = 6;

/// Secrets that must not be repeated. They never print.
#[derive(Debug, Default)]
pub(crate) struct Hidden(Vec<SecretString>);

impl Hidden {
    /// Adds a secret in all its forms, the longest first, so that no part of one is left over by a shorter.
    pub(crate) fn add(&mut self, secret: &SecretString) {
        let plain = secret.expose_secret();
        if plain.is_empty() {
            return;
        }
        let mut forms = vec![plain.to_owned(), plain.replace('\\', "\\\\").replace('"', "\\\""), percent(plain)];
        forms.extend([STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|form| form.encode(plain)));
        forms.extend(within_base64(plain));
        self.0.extend(forms.into_iter().map(SecretString::from));
        self.0.sort_by_key(|form| std::cmp::Reverse(form.expose_secret().len()));
    }

    /// Masks every secret in a text.
    pub(crate) fn mask(&self, text: &mut String) {
        for form in &self.0 {
            if text.contains(form.expose_secret()) {
                *text = text.replace(form.expose_secret(), MASK);
            }
        }
    }
}

/// The letters that stand for a secret wherever in an encoded text it begins, less those that its neighbours decide too.
fn within_base64(plain: &str) -> Vec<String> {
    let inner = |before: usize| {
        let encoded = STANDARD_NO_PAD.encode([vec![0; before], plain.as_bytes().to_vec()].concat());
        let end = encoded.len().saturating_sub(3);
        encoded.get(if before == 0 { 0 } else { 4 }..end).filter(|part| part.len() >= SHORTEST_PART).map(str::to_owned)
    };
    (0..3).filter_map(inner).collect()
}

/// Percent-encoding of everything but unreserved characters (RFC 3986 §2.3).
fn percent(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_in_every_form_that_it_may_come_back_in() {
        let mut hidden = Hidden::default();
        hidden.add(&SecretString::from("s e\"c\\ret"));
        hidden.add(&SecretString::from(""));
        for echo in ["s e\"c\\ret", "s e\\\"c\\\\ret", "cyBlImNccmV0", "s%20e%22c%5Cret"] {
            let mut text = format!("BAD what is {echo}?");
            hidden.mask(&mut text);
            assert_eq!(text, "BAD what is …?", "{echo}");
        }
        for before in ["", "x", "xy", "\0anna@mail.example\0"] {
            let mut text = STANDARD.encode(format!("{before}s e\"c\\ret, and more"));
            hidden.mask(&mut text);
            assert!(text.contains('…') && !text.contains("IGUiY1") && !text.contains("ZSJjX"), "{text}");
        }
        assert!(!format!("{hidden:?}").contains("c\\ret"));
    }
}
