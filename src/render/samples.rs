//! Samples for the tests of this module: reports made from rows of words.

use std::time::Duration;

use jiff::Timestamp;

use super::report::{Judged, RunReport, ShownProvider};
use crate::domain::diagnosis::{Cell, Diagnoses};
use crate::domain::finding::{Evidence, Finding, Late, Placement, Rules};
use crate::domain::folder::{FolderName, Role};
use crate::domain::health::Thresholds;
use crate::domain::interval::{count, wilson};
use crate::domain::probe::{Probe, ProbeId, ProbeState, SesId, Tag};
use crate::domain::provider::ProviderName;
use crate::domain::reputation::{Day, Reputation};
use crate::domain::run::{Label, Run, RunId, RunState};
use crate::domain::seed::Address;
use crate::domain::sighting::{Tab, TabAnswer};
use crate::domain::stream::StreamName;

/// The guide's thresholds.
pub(crate) const THRESHOLDS: Thresholds =
    Thresholds { inbox_warn: 0.8, inbox_crit: 0.6, spam_warn: 0.1, spam_crit: 0.2 };

/// 24 November 2026, 06:00 UTC, plus so many milliseconds.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_795_500_000_000 + millis).unwrap()
}

pub(crate) fn provider(name: &str, title: &str, spam_threshold: bool) -> ShownProvider {
    ShownProvider { name: ProviderName::new(name).unwrap(), title: title.to_owned(), spam_threshold }
}

/// Gmail, Outlook and Yahoo.
pub(crate) fn three() -> Vec<ShownProvider> {
    vec![provider("gmail", "Gmail", false), provider("outlook", "Outlook", true), provider("yahoo", "Yahoo", false)]
}

/// A copy that was seen.
pub(crate) fn seen(placement: Option<Placement>, tab: TabAnswer, folder: &str, after: i64) -> Evidence {
    Evidence {
        placement,
        tab,
        folder: FolderName::from_wire(folder),
        role: Role::Inbox,
        first_seen_at: at(after * 1000 + 2345),
        arrived_at: Some(at(after * 1000)),
        moved: false,
        note: None,
    }
}

/// A finding from a word, with `after` seconds to its arrival.
pub(crate) fn finding(word: &str, after: i64) -> Finding {
    use Placement::{Elsewhere, Inbox, Promotions, Spam};
    let none = TabAnswer::NotApplicable;
    let found = |placement, tab, folder| Finding::Found(seen(Some(placement), tab, folder, after));
    match word {
        "inbox" => found(Inbox, none, "INBOX"),
        "updates" => found(Inbox, TabAnswer::Known(Tab::Updates), "INBOX"),
        "promotions" => found(Promotions, TabAnswer::Known(Tab::Promotions), "INBOX"),
        "spam" => found(Spam, none, "Junk Email"),
        "indesirable" => found(Spam, none, "Courrier ind&AOk-sirable"),
        "moved" => Finding::Found(Evidence { moved: true, ..seen(Some(Inbox), none, "INBOX", after) }),
        "untold" => Finding::Found(Evidence {
            note: Some("in the inbox, but its tab could not be asked: NO [THROTTLED]".to_owned()),
            ..seen(None, TabAnswer::Failed("NO [THROTTLED]".to_owned()), "INBOX", after)
        }),
        "elsewhere" => Finding::Found(Evidence {
            note: Some("a filter put it in a folder".to_owned()),
            ..seen(Some(Elsewhere), none, "Lists/\x1b[31mred", after)
        }),
        "missing" | "late" => Finding::Missing {
            why: "accepted by SES, in no folder after its time was up".to_owned(),
            late: (word == "late").then(|| Late { folder: FolderName::from_wire("Junk"), at: at(after * 1000) }),
        },
        "pending" => Finding::Pending,
        "refused" => Finding::Unmeasured { why: "refused by SES: the address is on the suppression list".to_owned() },
        other => Finding::Unmeasured { why: other.to_owned() },
    }
}

/// A probe that SES accepted at 06:00:01.900, unless its finding says that it was refused.
pub(crate) fn probe(id: i64, stream: &str, seed: &str, provider: &str, word: &str) -> Probe {
    let (stream, seed) = (StreamName::new(stream).unwrap(), Address::new(seed).unwrap());
    let accepted = word != "refused";
    Probe {
        id: ProbeId(id),
        tag: Tag::derive(&[7; 32], RunId(12), &stream, &seed),
        stream,
        seed,
        provider: ProviderName::new(provider).unwrap(),
        tagged: true,
        state: if accepted { ProbeState::Accepted } else { ProbeState::Refused },
        why: None,
        claimed_at: Some(at(1_500)),
        handed_at: accepted.then(|| at(1_900)),
        ses_id: accepted.then(|| SesId::new(&format!("0107019a-{id:04}-000000")).unwrap()),
    }
}

/// Run 12 with one probe for each row: stream, seed, provider, word, seconds to arrival.
pub(crate) fn report(rows: &[(&str, &str, &str, &str, i64)]) -> RunReport {
    let mut streams: Vec<StreamName> = Vec::new();
    let mut probes = Vec::new();
    for (id, (stream, seed, provider, word, after)) in (1..).zip(rows) {
        let probe = probe(id, stream, seed, provider, word);
        if !streams.contains(&probe.stream) {
            streams.push(probe.stream.clone());
        }
        probes.push(Judged::new(probe, finding(word, *after)));
    }
    RunReport {
        run: Run {
            id: RunId(12),
            label: Label::new("after-dkim"),
            streams,
            started_at: at(0),
            ended_at: Some(at(940_000)),
            state: RunState::Complete,
            simulated: false,
            imported: false,
            wait: Duration::from_mins(15),
        },
        probes,
        providers: three(),
        rules: Rules { promotions_as_inbox: false },
        confidence: 0.95,
        thresholds: THRESHOLDS,
    }
}

/// A run as it looks on an ordinary bad day: 12 seeds at Gmail, 12 at Outlook, 4 at Yahoo, one stream.
pub(crate) fn bad_day() -> RunReport {
    let names = ["anna", "bert", "carla", "dora", "emil", "frida", "gustav", "hanna", "ida", "jakob", "kim", "lena"];
    let words: [(&str, &str, [&str; 12]); 3] = [
        (
            "gmail",
            "gmail.com",
            [
                "inbox",
                "inbox",
                "updates",
                "inbox",
                "inbox",
                "promotions",
                "inbox",
                "moved",
                "inbox",
                "inbox",
                "inbox",
                "inbox",
            ],
        ),
        (
            "outlook",
            "outlook.com",
            [
                "spam",
                "indesirable",
                "inbox",
                "spam",
                "spam",
                "inbox",
                "elsewhere",
                "missing",
                "spam",
                "spam",
                "could not look: sign-in refused: NO [AUTHENTICATIONFAILED] Invalid credentials; make a new app password at \
                 account.microsoft.com and store it as this seed's secret",
                "refused",
            ],
        ),
        ("yahoo", "yahoo.com", ["inbox", "inbox", "late", "inbox", "", "", "", "", "", "", "", ""]),
    ];
    let mut rows = Vec::new();
    let mut seeds = Vec::new();
    for (provider, domain, words) in &words {
        for (name, word) in names.iter().zip(words).filter(|(_, word)| !word.is_empty()) {
            seeds.push((format!("{name}@{domain}"), *provider, *word));
        }
    }
    for (after, (seed, provider, word)) in (3..).zip(&seeds) {
        rows.push(("newsletter", seed.as_str(), *provider, *word, after));
    }
    report(&rows)
}

/// What SES counted by 24 November 2026 in eu-central-1, or did not tell.
pub(crate) fn returned(unanswered: Option<&str>) -> Reputation {
    let day = Day { date: jiff::civil::date(2026, 11, 23), attempts: 20_000, bounces: 160, complaints: 4 };
    Reputation {
        account: None,
        region: Some("eu-central-1".to_owned()),
        days: if unanswered.is_some() { Vec::new() } else { vec![day] },
        asked_at: at(0),
        unanswered: unanswered.map(str::to_owned),
    }
}

/// What one run says of the stream `newsletter` with 40 seeds each at Gmail, Outlook and Yahoo, of which so many are good.
pub(crate) fn diagnoses(good: [usize; 3]) -> Diagnoses {
    let cells = three().into_iter().zip(good).map(|(provider, good)| Cell {
        stream: "newsletter".to_owned(),
        control: false,
        identity: "shop.example".to_owned(),
        configuration_set: None,
        region: Some("eu-central-1".to_owned()),
        provider: provider.name.as_str().to_owned(),
        title: provider.title,
        runs: 1,
        measured: 40,
        rate: Some(count(good) / 40.0),
        interval: wilson(count(good), 40.0, 0.95),
        missing_low: 0.0,
    });
    Diagnoses::of(cells.collect(), 1, Vec::new(), THRESHOLDS, 0.95)
}
