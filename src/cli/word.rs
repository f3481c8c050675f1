//! Single words of the command line, each with the sentence for what is none.

use std::time::Duration;

use crate::domain::dns::name::DomainName;
use crate::domain::language::Language;
use crate::domain::oauth::Flow;
use crate::domain::run::{Label, RunChoice};
use crate::domain::seed::Address;
use crate::domain::selection::Selection;
use crate::domain::stream::StreamName;

pub(super) fn stream_name(text: &str) -> Result<StreamName, String> {
    StreamName::new(text).ok_or_else(|| {
        "a stream's name is a letter, then letters, digits, '.', '_' or '-', 64 characters at most".to_owned()
    })
}

/// A name that systemd, launchd and a crontab's comment all take.
pub(super) fn unit_name(text: &str) -> Result<String, String> {
    let fits = crate::domain::stream::is_plain_name(text);
    if fits {
        Ok(text.to_owned())
    } else {
        Err("a letter, then letters, digits, '.', '_' or '-', 64 characters at most".to_owned())
    }
}

pub(super) fn label(text: &str) -> Result<Label, String> {
    Label::new(text).ok_or_else(|| {
        "a label is a letter, then letters, digits, '.', '_' or '-', without '..', 64 characters at most, and not 'last'"
            .to_owned()
    })
}

pub(super) fn drop_in_points(text: &str) -> Result<f64, String> {
    let points = text.parse().ok().filter(|points: &f64| *points >= 1.0 && *points <= 100.0);
    points.ok_or_else(|| {
        "a drop is a number of points from 1 to 100: 10 is a fall of the inbox rate from 90 % to 80 %".to_owned()
    })
}

pub(super) fn chance(text: &str) -> Result<f64, String> {
    let chance = text.parse().ok().filter(|chance: &f64| *chance > 0.0 && *chance < 1.0);
    chance.ok_or_else(|| "a chance is a share between 0 and 1, such as 0.8".to_owned())
}

pub(super) fn selection(text: &str) -> Result<Selection, String> {
    Selection::new(text)
}

pub(super) fn language(text: &str) -> Result<Language, String> {
    Language::of_tag(text).ok_or_else(|| "reports are written in 'en' or 'de'".to_owned())
}

pub(super) fn run_choice(text: &str) -> Result<RunChoice, String> {
    RunChoice::new(text).ok_or_else(|| "a run is named by its number, 'last', 'last~N' or a label".to_owned())
}

pub(super) fn address(text: &str) -> Result<Address, String> {
    Address::new(text).ok_or_else(|| "not an e-mail address".to_owned())
}

pub(super) fn domain(text: &str) -> Result<DomainName, String> {
    DomainName::typed(text).ok_or_else(|| "not a domain; write one such as shop.example".to_owned())
}

pub(super) fn flow(text: &str) -> Result<Flow, String> {
    Flow::of_word(text).ok_or_else(|| "a flow is device, loopback or app".to_owned())
}

/// A time to watch. Without any, every probe would be missing before it could arrive.
pub(super) fn wait(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be longer than 0s".to_owned()),
        wait => Ok(wait),
    }
}

/// A duration: a whole number and one of `s m h d w y`, a year being 365 days.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is not a duration; write a number and s, m, h, d, w or y, such as 90s or 15m");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        'y' => 31_536_000,
        _ => return Err(wrong()),
    };
    let digits = text.strip_suffix(unit).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    count.checked_mul(seconds).filter(|all| *all <= 520 * 604_800).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("2h", 7_200),
            ("7d", 604_800),
            ("12w", 7_257_600),
            ("2y", 63_072_000),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "s", "15", "1.5h", "-3m", "15 m", "15min", "99999999999999999999s", "9999999w", "1é"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
