//! What other parts say in English, in the language of a report: parts of DNS, changes, and the reasons of findings.

use super::{Language, filled};
use crate::domain::dns::change::{Change, Difference};
use crate::domain::dns::snapshot::{Place, Published};

/// How reasons begin, and how they begin in German. What follows is quoted from servers and stays as it is.
const REASONS: [(&str, &str); 16] = [
    (
        "accepted by SES, in no folder after its time was up",
        "von SES angenommen, nach Ablauf der Zeit in keinem Ordner",
    ),
    ("not seen yet, still within its time", "noch nicht gesehen, noch in der Zeit"),
    (
        "could not look: no look was made after its time was up; run sweep",
        "konnte nicht nachsehen: Nach Ablauf der Zeit wurde nicht nachgesehen; rufen Sie sweep auf",
    ),
    ("could not look", "konnte nicht nachsehen"),
    ("refused by SES", "von SES abgelehnt"),
    ("not accepted by SES", "von SES nicht angenommen"),
    ("not sent", "nicht gesendet"),
    ("send outcome unknown", "Ausgang des Sendens unbekannt"),
    ("seen in an incomplete look", "bei einem unvollständigen Blick gesehen"),
    ("in the inbox, but its tab could not be asked", "im Posteingang, aber der Tab ließ sich nicht erfragen"),
    (
        "filed under unknown senders: neither inbox nor spam; let the recipient add the sender",
        "unter unbekannten Absendern abgelegt: weder Posteingang noch Spam; der Empfänger sollte den Absender hinzufügen",
    ),
    (
        "in the trash: a filter or a person put it there",
        "im Papierkorb: Ein Filter oder ein Mensch hat sie dorthin gelegt",
    ),
    (
        "only in the archive: a filter let it skip the inbox",
        "nur im Archiv: Ein Filter ließ sie den Posteingang überspringen",
    ),
    ("imported without a placement", "ohne Zustellort importiert"),
    ("told to be missing by an imported result", "laut importiertem Ergebnis vermisst"),
    ("a filter put it in a folder", "ein Filter hat sie in einen Ordner gelegt"),
];

impl Language {
    /// A part of a sender's DNS.
    pub(crate) fn place(self, place: Place) -> &'static str {
        let words = self.words();
        match place {
            Place::SpfFrom => words.place_spf_from,
            Place::SpfMailFrom => words.place_spf_mail_from,
            Place::MailFromMx => words.place_mail_from_mx,
            Place::Dkim | Place::Dmarc | Place::Bimi | Place::MtaSts | Place::TlsRpt | Place::Behind => place.title(),
        }
    }

    /// The parts that changed.
    pub(crate) fn change(self, change: &Change) -> String {
        let mut places: Vec<Place> = change.differences.iter().map(|difference| difference.place).collect();
        places.dedup();
        places.into_iter().map(|place| self.place(place)).collect::<Vec<_>>().join(", ")
    }

    /// What was published under a name, and what is.
    pub(crate) fn difference(self, difference: &Difference) -> String {
        let words = self.words();
        let sentence = match (difference.before.is_empty(), difference.after.is_empty()) {
            (true, _) => words.dns_added,
            (false, true) => words.dns_removed,
            (false, false) => words.dns_replaced,
        };
        let written = |records: &Published| records.iter().cloned().collect::<Vec<_>>().join(" | ");
        filled(sentence, &[("before", &written(&difference.before)), ("after", &written(&difference.after))])
    }

    /// The reason of a finding.
    pub(crate) fn reason(self, why: &str) -> String {
        let begins = |(english, german): &(&'static str, &'static str)| {
            let rest = why.strip_prefix(english)?;
            (rest.is_empty() || rest.starts_with([':', ';', ','])).then(|| format!("{german}{rest}"))
        };
        match self {
            Self::English => why.to_owned(),
            Self::German => REASONS.iter().find_map(begins).unwrap_or_else(|| why.to_owned()),
        }
    }
}
