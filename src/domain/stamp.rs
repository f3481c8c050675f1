//! Stamps: what a receiver's filter wrote into the header about its own verdict.
//!
//! Microsoft documents most keys of X-Forefront-Antispam-Report and X-Microsoft-Antispam; X-Microsoft-Antispam-Mailbox-
//! Delivery is documented by nobody and read from what was seen until autumn 2026. Unknown keys are kept as they are, and
//! a value gets words only where its meaning is known.

use super::evidence::fields::unfolded;

/// Most stamps kept of one message.
const MOST_STAMPS: usize = 128;
/// Longest value kept, in characters.
const LONGEST: usize = 2048;
/// Longest name kept. Microsoft's stamps stand where a sender's may be mistaken for them.
const LONGEST_NAME: usize = 100;

/// One key of a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The key, such as `SCL`, or the field's name where the field is one value.
    pub(crate) name: String,
    /// Its value as written.
    pub(crate) value: String,
    /// The field it stands in.
    pub(crate) field: String,
    /// What the value means; `None` where nobody has said.
    pub(crate) meaning: Option<String>,
}

impl Stamp {
    /// A stamp with its meaning.
    pub(crate) fn new(field: &str, name: &str, value: &str) -> Self {
        let value: String = value.chars().take(LONGEST).collect();
        let short = |text: &str| text.chars().take(LONGEST_NAME).collect::<String>();
        let meaning = meaning(name, &value).map(str::to_owned);
        Self { name: short(name), value, field: short(field), meaning }
    }

    /// Why this mailbox is no fair witness any more, where the stamp says that its owner decided and not the filter.
    pub(crate) fn contaminates(&self) -> Option<&'static str> {
        Some(match (self.name.as_str(), self.value.as_str()) {
            ("SFV", "SFE") => "the sender is on this mailbox's list of safe senders",
            ("SFV", "BLK") => "the sender is on this mailbox's list of blocked senders",
            ("SFV", "SKA") => "the tenant's policy lets this sender pass",
            ("SFV", "SKB") => "the tenant's policy blocks this sender",
            ("SFV", "SKQ") => "somebody released it from quarantine",
            ("OFR", "CustomRules") => "a rule of the mailbox filed it",
            _ => return None,
        })
    }
}

/// What a stamp tells a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// The filter's judgement.
    Verdict,
    /// A fact of the message or of its road, which the filter noted.
    Circumstance,
    /// Nothing that anybody but its writer could read.
    Opaque,
}

impl Stamp {
    /// What it tells a reader. The value of a verdict need not be known to be one.
    pub(crate) fn weight(&self) -> Weight {
        let name = self.name.as_str();
        match name {
            "SCL" | "X-MS-Exchange-Organization-SCL" | "BCL" | "SFV" | "CAT" | "SFTY" | "SRV" | "OFR" | "compauth" => {
                Weight::Verdict
            }
            "X-YMailISG" => Weight::Opaque,
            _ if plain_filter(name, &self.value).is_some() => Weight::Verdict,
            _ if self.meaning.is_some() => Weight::Circumstance,
            _ => Weight::Opaque,
        }
    }

    /// The value without the details that some filters add to it.
    pub(crate) fn gist(&self) -> &str {
        self.value.split(';').next().unwrap_or_default().trim_end()
    }
}

impl Stamp {
    /// The stamp in a few words, where it says something about this message that is worth a place in a line: `SCL 5`.
    pub(crate) fn brief(&self) -> Option<String> {
        let value = self.value.as_str();
        let tells = match self.name.as_str() {
            "SCL" | "CAT" | "SFTY" => true,
            "BCL" => matches!(value, "4" | "5" | "6" | "7" | "8" | "9"),
            "SFV" => !matches!(value, "NSPM" | "SPM"),
            "OFR" => value == "CustomRules",
            "SRV" => value == "BULK",
            "compauth" => !value.starts_with("pass"),
            name => plain_filter(name, value).is_some(),
        };
        let first = value.split([';', ',']).next().unwrap_or_default();
        tells.then(|| format!("{} {}", self.name, first.chars().take(40).collect::<String>()))
    }
}

/// The verdicts among stamps. One that only repeats another is left out: Microsoft writes the SCL into two fields.
pub(crate) fn verdicts<'a>(stamps: &[&'a Stamp]) -> Vec<&'a Stamp> {
    let repeats = |stamp: &Stamp| {
        let is_told = stamps.iter().any(|other| other.name == "SCL" && other.value == stamp.value);
        stamp.name == "X-MS-Exchange-Organization-SCL" && is_told
    };
    stamps.iter().copied().filter(|stamp| stamp.weight() == Weight::Verdict && !repeats(stamp)).collect()
}

/// The stamps in one field.
pub(crate) fn stamps(field: &str, value: &str) -> Vec<Stamp> {
    let is = |name: &str| field.eq_ignore_ascii_case(name);
    let keyed =
        is("X-Forefront-Antispam-Report") || is("X-Microsoft-Antispam") || is("X-Microsoft-Antispam-Mailbox-Delivery");
    if !keyed {
        return vec![Stamp::new(field, field, &unfolded(value))];
    }
    let pairs = value.split(';').map(str::trim).filter(|pair| !pair.is_empty()).take(MOST_STAMPS);
    // A value may hold colons: CIP is an address, and may be one of IPv6.
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once(':').unwrap_or((pair, ""));
            Stamp::new(field, &unfolded(name), &unfolded(value))
        })
        .filter(|stamp| !stamp.value.is_empty())
        .collect()
}

/// What a value means, in plain words.
pub(crate) fn meaning(name: &str, value: &str) -> Option<&'static str> {
    match name {
        "SCL" | "X-MS-Exchange-Organization-SCL" => scl(value),
        "BCL" => bcl(value),
        "SFV" => sfv(value),
        "CAT" => cat(value),
        "IPV" => Some(match value {
            "NLI" => "the sending address is on no list of bad or good ones",
            "CAL" => "the sending address is on the tenant's allow list",
            _ => return None,
        }),
        "SRV" if value == "BULK" => Some("taken for bulk mail"),
        "DIR" => Some(match value {
            "INB" => "inbound",
            "OUT" => "outbound",
            "INT" => "within the organisation",
            _ => return None,
        }),
        "SFTY" => Some(match value {
            "9.19" => "a safety tip: the domain looks like another one",
            "9.20" => "a safety tip: the sender looks like another person",
            "9.25" => "a safety tip: first message of this sender",
            _ => return None,
        }),
        "dest" => Some(match value {
            "I" => "delivered to the inbox",
            "J" => "delivered to junk",
            "C" => "delivered to a folder of the owner's",
            _ => return None,
        }),
        "OFR" => Some(match value {
            "SpamFilterAuthJ" => "moved to junk by the filter's verdict",
            "CustomRules" => "filed by a rule of the mailbox",
            _ => return None,
        }),
        "compauth" => compauth(value),
        "CTRY" => Some("country that the sending address is ascribed to"),
        "CIP" => Some("the address that connected"),
        "H" => Some("what the sending host called itself"),
        "PTR" => Some("what DNS calls the sending address"),
        "LANG" => Some("language of the text"),
        "X-YMailISG" => Some("opaque: only Yahoo can read it"),
        _ => plain_filter(name, value),
    }
}

fn scl(value: &str) -> Option<&'static str> {
    Some(match value {
        "-1" => "not filtered: a list or a rule let it pass",
        "0" | "1" => "not spam",
        "5" | "6" => "spam",
        "7" | "8" | "9" => "spam for sure",
        _ => return None,
    })
}

fn bcl(value: &str) -> Option<&'static str> {
    Some(match value {
        "0" => "not from a bulk sender",
        "1" | "2" | "3" => "bulk sender with few complaints",
        "4" | "5" | "6" | "7" => "bulk sender with mixed complaints",
        "8" | "9" => "bulk sender with many complaints",
        _ => return None,
    })
}

fn sfv(value: &str) -> Option<&'static str> {
    Some(match value {
        "NSPM" => "the filter found it not to be spam",
        "SPM" => "the filter found it to be spam",
        "SKN" => "skipped the filter: marked as safe before it",
        "SKS" => "marked as spam before the filter",
        "SKA" => "skipped the filter: the policy allows the sender",
        "SKB" => "blocked: the policy blocks the sender",
        "SKQ" => "released from quarantine",
        "SFE" => "skipped the filter: on the mailbox's list of safe senders",
        "BLK" => "blocked: on the mailbox's list of blocked senders",
        _ => return None,
    })
}

fn cat(value: &str) -> Option<&'static str> {
    Some(match value {
        "NONE" => "no threat found",
        "BIMP" => "impersonates a brand",
        "BULK" => "bulk mail",
        "DIMP" => "impersonates a domain",
        "FTBP" => "forbidden attachment",
        "GIMP" => "impersonates a correspondent",
        "HPHSH" | "HPHISH" => "phishing for sure",
        "HSPM" => "spam for sure",
        "INTOS" => "phishing within the organisation",
        "AMP" | "MALW" => "malware",
        "OSPM" => "outbound spam",
        "PHSH" => "phishing",
        "SAP" => "dangerous attachment",
        "SPM" => "spam",
        "SPOOF" => "spoofed sender",
        "UIMP" => "impersonates a person",
        _ => return None,
    })
}

/// Microsoft's composite authentication; the value is `result reason=nnn`.
fn compauth(value: &str) -> Option<&'static str> {
    let (_, reason) = value.split_once("reason=")?;
    Some(match reason {
        "000" => "failed DMARC under a policy of quarantine or reject",
        "001" => "failed: nothing aligned authenticates the domain in From",
        "002" => "failed: the administrator blocks this pair of sender and domain",
        "010" => "failed DMARC under reject or quarantine, for a domain of the organisation itself",
        "130" => "passed: a trusted forwarder's ARC seal overrides a failure",
        _ => match reason.chars().next()? {
            '1' | '7' => "passed",
            '2' => "passed softly: guessed from what else is known of the sender",
            '3' => "not checked",
            '4' | '9' => "bypassed",
            '6' => "failed: a domain of the organisation itself, not authenticated",
            _ => return None,
        },
    })
}

/// Filters of other providers that say yes or no in words.
fn plain_filter(name: &str, value: &str) -> Option<&'static str> {
    let value = value.to_ascii_lowercase();
    let (spam, not_spam) = (Some("spam"), Some("not spam"));
    match name.to_ascii_lowercase().as_str() {
        "x-spam-flag" if value == "yes" => spam,
        "x-spam-flag" if value == "no" => not_spam,
        "x-spam-status" if value.starts_with("yes") => spam,
        "x-spam-status" if value.starts_with("no") => not_spam,
        "x-ui-filterresults" if value.starts_with("notjunk") => not_spam,
        "x-ui-filterresults" if value.starts_with("junk") => spam,
        "x-gmx-antispam" if value.starts_with("0 ") => not_spam,
        "x-spam-known-sender" if value.starts_with("yes") => Some("the mailbox knows the sender"),
        "x-spam-known-sender" if value.starts_with("no") => Some("the mailbox does not know the sender"),
        _ => None,
    }
}

/// The documented values of every stamp with a meaning, for tests.
#[cfg(test)]
pub(crate) const DOCUMENTED: &[(&str, &[&str])] = &[
    ("SCL", &["-1", "0", "1", "5", "6", "7", "8", "9"]),
    ("BCL", &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]),
    ("SFV", &["NSPM", "SPM", "SKN", "SKS", "SKA", "SKB", "SKQ", "SFE", "BLK"]),
    (
        "CAT",
        &[
            "NONE", "AMP", "BIMP", "BULK", "DIMP", "FTBP", "GIMP", "HPHSH", "HPHISH", "HSPM", "INTOS", "MALW", "OSPM",
            "PHSH", "SAP", "SPM", "SPOOF", "UIMP",
        ],
    ),
    ("IPV", &["NLI", "CAL"]),
    ("SFTY", &["9.19", "9.20", "9.25"]),
    ("DIR", &["INB", "OUT", "INT"]),
    ("SRV", &["BULK"]),
    ("dest", &["I", "J", "C"]),
    ("OFR", &["SpamFilterAuthJ", "CustomRules"]),
    (
        "compauth",
        &[
            "fail reason=000",
            "fail reason=001",
            "fail reason=002",
            "fail reason=010",
            "pass reason=100",
            "pass reason=130",
            "softpass reason=201",
            "none reason=301",
            "none reason=451",
            "fail reason=601",
            "pass reason=703",
            "none reason=905",
        ],
    ),
    ("CTRY", &["US"]),
    ("CIP", &["192.0.2.10"]),
    ("H", &["a2-10.smtp-out.amazonses.com"]),
    ("PTR", &["a2-10.smtp-out.amazonses.com"]),
    ("LANG", &["en"]),
    ("X-YMailISG", &["WynRjCwV6Czd8VbR696"]),
    ("X-Spam-Flag", &["YES", "NO"]),
    ("X-Spam-Status", &["Yes, score=7.2", "No, score=-0.1"]),
    ("X-UI-Filterresults", &["notjunk:1;V03:K0", "junk:10;V03:K0"]),
    ("X-GMX-Antispam", &["0 (Mail was not recognized as spam); Detail=V3;"]),
    ("X-Spam-known-sender", &["yes (\"Me\"); in-addressbook", "no"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_parted_at_their_first_colon_and_unknown_ones_kept() {
        let read = stamps(
            "X-Forefront-Antispam-Report",
            "CIP:2001:db8::7;CTRY:US;LANG:en;SCL:5;SRV:;IPV:NLI;SFV:SPM;NEW:x:y;;CAT:SPM;SFS:(1)(2);DIR:INB;odd",
        );
        let shown: Vec<_> = read.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("CIP", "2001:db8::7"),
                ("CTRY", "US"),
                ("LANG", "en"),
                ("SCL", "5"),
                ("IPV", "NLI"),
                ("SFV", "SPM"),
                ("NEW", "x:y"),
                ("CAT", "SPM"),
                ("SFS", "(1)(2)"),
                ("DIR", "INB")
            ]
        );
        let meaning = |name: &str| read.iter().find(|one| one.name == name).unwrap().meaning.as_deref();
        assert_eq!((meaning("SCL"), meaning("CAT"), meaning("NEW")), (Some("spam"), Some("spam"), None));
        let whole = stamps("X-Spam-Status", " Yes, score=7.2 required=5.0 ");
        assert_eq!((whole[0].name.as_str(), whole[0].value.as_str()), ("X-Spam-Status", "Yes, score=7.2 required=5.0"));
        assert_eq!(whole[0].meaning.as_deref(), Some("spam"));
    }

    #[test]
    fn neither_a_name_nor_a_value_is_kept_beyond_its_length() {
        let read = stamps("X-Microsoft-Antispam", &format!("{}:x;BCL:{}", "é".repeat(60_000), "9".repeat(60_000)));
        let lengths: Vec<_> = read.iter().map(|one| (one.name.chars().count(), one.value.chars().count())).collect();
        assert_eq!(lengths, [(LONGEST_NAME, 1), (3, LONGEST)]);
    }

    #[test]
    fn every_documented_value_has_words_and_no_other_has() {
        for (name, values) in DOCUMENTED {
            for value in *values {
                assert!(meaning(name, value).is_some(), "{name} {value}");
            }
            let says_any = ["CTRY", "CIP", "H", "PTR", "LANG", "X-YMailISG"].contains(name);
            assert_eq!(meaning(name, "ZZ").is_some(), says_any, "{name}");
        }
        // 2, 3 and 4 are never stamped.
        assert_eq!(meaning("SCL", "3"), None);
    }

    #[test]
    fn a_verdict_is_told_from_what_was_only_noted_and_from_what_nobody_can_read() {
        let weight = |name: &str, value: &str| Stamp::new("X", name, value).weight();
        for (name, value) in
            [("SCL", "1"), ("SCL", "3"), ("CAT", "NEW"), ("compauth", "pass reason=100"), ("X-Spam-Flag", "YES")]
        {
            assert_eq!(weight(name, value), Weight::Verdict, "{name} {value}");
        }
        for (name, value) in [("CIP", "192.0.2.1"), ("LANG", "en"), ("IPV", "NLI"), ("dest", "I")] {
            assert_eq!(weight(name, value), Weight::Circumstance, "{name} {value}");
        }
        for (name, value) in
            [("SFS", "(1)(2)"), ("ARA", "1|2"), ("X-YMailISG", "abc"), ("X-Never-Seen", "yes"), ("dest", "Z")]
        {
            assert_eq!(weight(name, value), Weight::Opaque, "{name} {value}");
        }
        let all = [Stamp::new("A", "X-MS-Exchange-Organization-SCL", "1"), Stamp::new("B", "SCL", "1")];
        let [twice, once] = &all;
        assert_eq!(verdicts(&[twice, once]), [once]);
        assert_eq!(verdicts(&[twice]), [twice]);
        let filter = Stamp::new("X", "X-UI-Filterresults", "notjunk:1;V03:K0:opaque");
        assert_eq!((filter.weight(), filter.gist()), (Weight::Verdict, "notjunk:1"));
    }

    #[test]
    fn a_mailbox_whose_owner_decided_is_named() {
        let one = |name: &str, value: &str| Stamp::new("X", name, value).contaminates().is_some();
        assert!(one("SFV", "SFE") && one("SFV", "BLK") && one("SFV", "SKA") && one("OFR", "CustomRules"));
        assert!(!one("SFV", "NSPM") && !one("SFV", "SPM") && !one("OFR", "SpamFilterAuthJ"));
    }
}
