//! A notice: what an alert looks like to each of its receivers.
//!
//! The document is the generic form; Slack, Teams and a mail say the same in their own markup. Nothing a stranger wrote
//! reaches any of them unneutralised.

use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use serde_json::{Value, json};

use super::json::moment;
use super::plain::plain;
use crate::domain::alert::{Event, Severity};
use crate::domain::provider::ProviderName;
use crate::domain::run::RunId;
use crate::domain::seed::Address;

/// Longest sentence of a notice.
const LONGEST: usize = 500;

/// What is kept of an event until it is told.
pub(crate) fn event_document(event: &Event, run: Option<RunId>, at: jiff::Timestamp) -> String {
    let evidence: Vec<String> = event.evidence.iter().map(|line| plain(line, LONGEST)).collect();
    json!({
        "key": event.key,
        "occasion": event.occasion.word(),
        "severity": event.severity.word(),
        "at": moment(at),
        "run": run.map(|run| run.0),
        "stream": event.stream.as_ref().map(ToString::to_string),
        "provider": event.provider.as_ref().map(ProviderName::as_str),
        "title": plain(&event.title, LONGEST),
        "evidence": evidence,
        "action": event.action,
    })
    .to_string()
}

/// An event as it was kept, with the number by which a receiver knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notice {
    document: Value,
}

impl Notice {
    /// Reads what was kept; `None` for what this program never wrote.
    pub(crate) fn new(id: i64, document: &str) -> Option<Self> {
        let Ok(Value::Object(kept)) = serde_json::from_str(document) else { return None };
        let mut all =
            serde_json::Map::from_iter([("id".to_owned(), json!(id)), ("source".to_owned(), json!("inboxed"))]);
        all.extend(kept);
        Some(Self { document: Value::Object(all) })
    }

    /// The occasion's word.
    pub(crate) fn occasion(&self) -> &str {
        self.text("occasion")
    }

    /// Whether it is critical.
    pub(crate) fn is_critical(&self) -> bool {
        self.text("severity") == Severity::Critical.word()
    }

    /// The sentence.
    pub(crate) fn title(&self) -> &str {
        self.text("title")
    }

    /// The generic form: one JSON document.
    pub(crate) fn generic(&self) -> String {
        self.document.to_string()
    }

    /// For an incoming webhook of Slack, whose markup knows three special characters.
    pub(crate) fn slack(&self) -> String {
        let safe = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let mut lines = vec![format!("*{}* {}", self.severity_sign(), safe(self.title()))];
        lines.extend(self.lines().iter().map(|line| safe(line)));
        json!({ "text": lines.join("\n") }).to_string()
    }

    /// For a workflow of Microsoft Teams: a message with one adaptive card.
    pub(crate) fn teams(&self) -> String {
        let block = |text: &str, further: Value| {
            let mut block = json!({"type": "TextBlock", "text": literal(text), "wrap": true});
            if let (Some(block), Some(further)) = (block.as_object_mut(), further.as_object()) {
                block.extend(further.clone());
            }
            block
        };
        let title = format!("{}: {}", self.severity_sign(), self.title());
        let mut body = vec![block(&title, json!({"weight": "Bolder", "size": "Medium"}))];
        body.extend(self.lines().iter().map(|line| block(line, json!({}))));
        json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard",
                    "version": "1.4", "body": body,
                },
            }],
        })
        .to_string()
    }

    /// A mail to a person; `None` if it cannot be written.
    pub(crate) fn mail(&self, from: &str, to: &Address) -> Option<Vec<u8>> {
        let text = [&[self.title().to_owned()][..], &self.lines()].concat().join("\r\n\r\n") + "\r\n";
        let id = self.document.get("id").map(ToString::to_string).unwrap_or_default();
        MessageBuilder::new()
            .from(from.to_owned())
            .to(to.on_the_wire().into_owned())
            .subject(format!("inboxed: {}", self.title()))
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("X-Inboxed-Event", Raw::new(id))
            .text_body(text)
            .write_to_vec()
            .ok()
    }

    fn severity_sign(&self) -> &'static str {
        match self.text("severity") {
            "critical" => "CRITICAL",
            "warning" => "Warning",
            _ => "Note",
        }
    }

    /// Evidence and action, a line each.
    fn lines(&self) -> Vec<String> {
        let evidence = self.document.get("evidence").and_then(Value::as_array);
        let mut lines: Vec<String> =
            evidence.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        lines.extend(self.document.get("action").and_then(Value::as_str).map(|action| format!("To do: {action}.")));
        lines
    }

    fn text(&self, name: &str) -> &str {
        self.document.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// A text block reads Markdown: its signs are written so that they stand for themselves.
fn literal(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '`' | '<' | '>' | '!') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::Occasion;

    fn notice() -> Notice {
        let event = Event {
            key: "seed/run-7".to_owned(),
            occasion: Occasion::Seed,
            severity: Severity::Warning,
            title: "the seed <anna> & \u{1b}[2Jco cannot be read".to_owned(),
            evidence: vec!["a [link](https://evil.example) <!channel>".to_owned()],
            action: Some("run `inboxed check`".to_owned()),
            stream: None,
            provider: None,
        };
        let at = "2026-11-27T06:00:00Z".parse().unwrap();
        Notice::new(12, &event_document(&event, Some(RunId(7)), at)).unwrap()
    }

    #[test]
    fn each_receiver_gets_the_same_in_its_own_markup_and_no_stranger_s_markup() {
        let notice = notice();
        let generic: Value = serde_json::from_str(&notice.generic()).unwrap();
        assert_eq!((&generic["id"], &generic["run"], &generic["occasion"]), (&json!(12), &json!(7), &json!("seed")));
        assert!(!notice.generic().contains("\\u001b") && !notice.generic().contains('\u{1b}'));
        let slack: Value = serde_json::from_str(&notice.slack()).unwrap();
        let text = slack["text"].as_str().unwrap();
        assert!(text.contains("&lt;anna&gt; &amp; ") && text.contains("&lt;!channel&gt;"), "{text}");
        let teams: Value = serde_json::from_str(&notice.teams()).unwrap();
        let card = &teams["attachments"][0]["content"];
        assert_eq!(card["type"], "AdaptiveCard");
        assert!(card["body"][1]["text"].as_str().unwrap().contains("\\[link\\]\\("), "{card}");
        let mail = notice.mail("news@shop.example", &Address::new("ops@shop.example").unwrap()).unwrap();
        let mail = String::from_utf8(mail).unwrap();
        assert!(mail.contains("Auto-Submitted: auto-generated") && mail.contains("X-Inboxed-Event: 12"), "{mail}");
        assert!(Notice::new(1, "[]").is_none() && Notice::new(1, "nonsense").is_none());
    }
}
