//! What a stamp means, in the language of a report.

use super::Language;

/// The meanings of stamps, and the same in German.
const MEANINGS: [(&str, &str); 63] = [
    ("not filtered: a list or a rule let it pass", "nicht gefiltert: Eine Liste oder Regel ließ sie durch"),
    ("not spam", "kein Spam"),
    ("spam", "Spam"),
    ("spam for sure", "sicher Spam"),
    ("not from a bulk sender", "nicht von einem Massenversender"),
    ("bulk sender with few complaints", "Massenversender mit wenigen Beschwerden"),
    ("bulk sender with mixed complaints", "Massenversender mit gemischten Beschwerden"),
    ("bulk sender with many complaints", "Massenversender mit vielen Beschwerden"),
    ("the filter found it not to be spam", "der Filter hielt sie nicht für Spam"),
    ("the filter found it to be spam", "der Filter hielt sie für Spam"),
    ("skipped the filter: marked as safe before it", "am Filter vorbei: schon vorher als sicher markiert"),
    ("marked as spam before the filter", "schon vor dem Filter als Spam markiert"),
    ("skipped the filter: the policy allows the sender", "am Filter vorbei: Die Richtlinie erlaubt den Absender"),
    ("blocked: the policy blocks the sender", "blockiert: Die Richtlinie sperrt den Absender"),
    ("released from quarantine", "aus der Quarantäne freigegeben"),
    (
        "skipped the filter: on the mailbox's list of safe senders",
        "am Filter vorbei: auf der Liste sicherer Absender dieses Postfachs",
    ),
    ("blocked: on the mailbox's list of blocked senders", "blockiert: auf der Sperrliste dieses Postfachs"),
    ("no threat found", "keine Bedrohung gefunden"),
    ("impersonates a brand", "gibt sich als Marke aus"),
    ("bulk mail", "Massenmail"),
    ("impersonates a domain", "gibt sich als andere Domain aus"),
    ("forbidden attachment", "verbotener Anhang"),
    ("impersonates a correspondent", "gibt sich als Korrespondenzpartner aus"),
    ("phishing for sure", "sicher Phishing"),
    ("phishing within the organisation", "Phishing innerhalb der Organisation"),
    ("malware", "Schadsoftware"),
    ("outbound spam", "ausgehender Spam"),
    ("phishing", "Phishing"),
    ("dangerous attachment", "gefährlicher Anhang"),
    ("spoofed sender", "gefälschter Absender"),
    ("impersonates a person", "gibt sich als andere Person aus"),
    (
        "the sending address is on no list of bad or good ones",
        "die sendende Adresse steht auf keiner Liste schlechter oder guter Adressen",
    ),
    (
        "the sending address is on the tenant's allow list",
        "die sendende Adresse steht auf der Erlaubnisliste des Mandanten",
    ),
    ("taken for bulk mail", "für Massenmail gehalten"),
    ("inbound", "eingehend"),
    ("outbound", "ausgehend"),
    ("within the organisation", "innerhalb der Organisation"),
    ("a safety tip: the domain looks like another one", "ein Sicherheitshinweis: Die Domain sieht aus wie eine andere"),
    (
        "a safety tip: the sender looks like another person",
        "ein Sicherheitshinweis: Der Absender sieht aus wie eine andere Person",
    ),
    ("a safety tip: first message of this sender", "ein Sicherheitshinweis: erste Nachricht dieses Absenders"),
    ("delivered to the inbox", "in den Posteingang zugestellt"),
    ("delivered to junk", "in den Spam-Ordner zugestellt"),
    ("delivered to a folder of the owner's", "in einen Ordner des Besitzers zugestellt"),
    ("moved to junk by the filter's verdict", "vom Urteil des Filters in den Spam-Ordner verschoben"),
    ("filed by a rule of the mailbox", "von einer Regel des Postfachs abgelegt"),
    (
        "failed DMARC under a policy of quarantine or reject",
        "DMARC gescheitert, bei einer Richtlinie von quarantine oder reject",
    ),
    (
        "failed: nothing aligned authenticates the domain in From",
        "gescheitert: Nichts Passendes bestätigt die Domain im From",
    ),
    (
        "failed: the administrator blocks this pair of sender and domain",
        "gescheitert: Der Administrator sperrt dieses Paar aus Absender und Domain",
    ),
    (
        "failed DMARC under reject or quarantine, for a domain of the organisation itself",
        "DMARC gescheitert, bei reject oder quarantine, für eine Domain der Organisation selbst",
    ),
    (
        "passed: a trusted forwarder's ARC seal overrides a failure",
        "bestanden: Das ARC-Siegel eines vertrauten Weiterleiters hebt ein Scheitern auf",
    ),
    ("passed", "bestanden"),
    (
        "passed softly: guessed from what else is known of the sender",
        "schwach bestanden: aus dem erschlossen, was sonst vom Absender bekannt ist",
    ),
    ("not checked", "nicht geprüft"),
    ("bypassed", "umgangen"),
    (
        "failed: a domain of the organisation itself, not authenticated",
        "gescheitert: eine Domain der Organisation selbst, nicht bestätigt",
    ),
    ("country that the sending address is ascribed to", "Land, dem die sendende Adresse zugerechnet wird"),
    ("the address that connected", "die Adresse, die sich verbunden hat"),
    ("what the sending host called itself", "wie sich der sendende Rechner nannte"),
    ("what DNS calls the sending address", "wie das DNS die sendende Adresse nennt"),
    ("language of the text", "Sprache des Texts"),
    ("opaque: only Yahoo can read it", "undurchsichtig: Nur Yahoo kann es lesen"),
    ("the mailbox knows the sender", "das Postfach kennt den Absender"),
    ("the mailbox does not know the sender", "das Postfach kennt den Absender nicht"),
];

impl Language {
    /// What a stamp means.
    pub(crate) fn meaning(self, english: &str) -> &str {
        match self {
            Self::English => english,
            Self::German => MEANINGS.iter().find(|(one, _)| *one == english).map_or(english, |(_, german)| german),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stamp::{DOCUMENTED, meaning};

    #[test]
    fn every_meaning_is_told_in_german_and_none_twice() {
        let mut told: Vec<&str> = Vec::new();
        for (name, values) in DOCUMENTED {
            for value in *values {
                let english = meaning(name, value).unwrap();
                assert!(MEANINGS.iter().any(|(one, _)| *one == english), "{name} {value}: {english}");
                told.push(english);
            }
        }
        for (at, (english, german)) in MEANINGS.iter().enumerate() {
            assert!(told.contains(english), "{english} is what no stamp means");
            assert!(!german.is_empty() && !MEANINGS.iter().take(at).any(|(one, _)| one == english), "{english}");
        }
        assert_eq!(Language::English.meaning("spam for sure"), "spam for sure");
        assert_eq!(Language::German.meaning("spam for sure"), "sicher Spam");
    }
}
