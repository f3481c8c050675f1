//! The name of an AWS region: its shape, and whether one of this name is known.
//!
//! Amazon opens regions faster than programs are installed, so that an unknown name is doubted and never refused.

use super::reader::{Section, nearest};

/// What a region looks like, for the user.
const REGION: &str = "an AWS region; write one such as \"eu-central-1\"";

/// The regions of AWS as of autumn 2026, whether SES runs there or not: this is about slips of the pen.
const KNOWN: [&str; 37] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// `region = "…"`: an area, one or two words, and a number, as in `us-gov-west-1`.
pub(super) fn region(section: &Section<'_>) -> Option<String> {
    section.shaped("region", REGION, |text| has_shape(text).then(|| text.to_owned()))
}

fn has_shape(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, words @ .., number] = parts.as_slice() else { return false };
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let is_number = (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    text.len() <= 32
        && (2..=4).contains(&area.len())
        && is_word(area)
        && (1..=2).contains(&words.len())
        && words.iter().all(is_word)
        && is_number
}

/// The sentence about a region that nobody here has heard of; `None` for a known one.
pub(crate) fn doubt(region: &str) -> Option<String> {
    if KNOWN.contains(&region) {
        return None;
    }
    let remedy = nearest(region, KNOWN)
        .map_or_else(|| "correct `region`".to_owned(), |near| format!("did you mean \"{near}\"? Correct `region`"));
    Some(format!("no AWS region is called {region} as far as this version knows: {remedy}, unless it is a new one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_an_area_words_and_a_number() {
        assert!(KNOWN.iter().all(|region| has_shape(region)) && KNOWN.is_sorted());
        for region in ["eu-cental-1", "xy-central-1", "us-isob-east-1", "ap-southeast-12"] {
            assert!(has_shape(region), "{region} may be new");
        }
        for none in [
            "",
            "x",
            "Frankfurt",
            "eu-central",
            "eu_central_1",
            "EU-CENTRAL-1",
            "eu-central-1a",
            "eu--1",
            "-central-1",
            "eu-central-1-2-3",
            "eu-c3ntral-1",
            "e-central-1",
            "eu-central-100",
            "eu-central-1 ",
        ] {
            assert!(!has_shape(none), "{none}");
        }
    }

    #[test]
    fn a_slip_is_told_with_the_region_that_was_meant_and_a_new_region_is_only_doubted() {
        assert_eq!(doubt("eu-central-1"), None);
        let slip = doubt("eu-cental-1").unwrap();
        assert!(slip.contains("did you mean \"eu-central-1\"?"), "{slip}");
        assert!(doubt("ap-southeast-9").unwrap().ends_with("unless it is a new one"));
    }
}
