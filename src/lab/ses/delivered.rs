//! A message as it leaves SES: its own Message-ID and Date, control fields gone, two signatures and two marks on it.
//!
//! Order and form follow mail that SES sent between 2024 and 2026. The body hash of a signature is real (RFC 6376
//! §3.7), the signature is not: nobody holds the lab's keys, and no receiver of the lab checks them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::identity::{Identity, dkim_tokens};
use super::message::{Field, Message};
use super::noise::Noise;

/// Fields that SES obeys or replaces and never passes on.
const CONSUMED: [&str; 8] = [
    "X-SES-CONFIGURATION-SET",
    "X-SES-MESSAGE-TAGS",
    "X-SES-LIST-MANAGEMENT-OPTIONS",
    "X-SES-SOURCE-ARN",
    "X-SES-FROM-ARN",
    "X-SES-RETURN-PATH-ARN",
    "Return-Path",
    "Bcc",
];
/// Fields that SES signs, where the message has them. List-Unsubscribe is not among them.
const SIGNED: [&str; 13] = [
    "From",
    "To",
    "Cc",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Sender",
];

/// What SES decided about a message that it took.
#[derive(Debug)]
pub(super) struct Departure<'a> {
    pub(super) id: &'a str,
    pub(super) region: &'a str,
    pub(super) at: Timestamp,
    pub(super) sending_ip: &'a str,
    /// The identity whose domain signs, if one does.
    pub(super) signer: Option<&'a Identity>,
    pub(super) tags: &'a [(String, String)],
}

impl Departure<'_> {
    /// The message on the wire.
    pub(super) fn compose(&self, message: &Message) -> Vec<u8> {
        let mut fields: Vec<Field> =
            message.fields.iter().filter(|field| !CONSUMED.iter().any(|name| field.is(name))).cloned().collect();
        let domain = if self.region == "us-east-1" { "email" } else { self.region };
        replace(&mut fields, "Message-ID", &format!("<{}@{domain}.amazonses.com>", self.id));
        replace(&mut fields, "Date", &self.at.strftime("%a, %-d %b %Y %H:%M:%S +0000").to_string());
        let mut bytes = Vec::new();
        if let Some(identity) = self.signer {
            let token = dkim_tokens(&identity.name).into_iter().next().unwrap_or_default();
            bytes.extend(self.signature(&fields, &message.body, &identity.name, &token, 344, ""));
        }
        let key = Noise::of(&["amazonses", self.region]).token(32);
        bytes.extend(self.signature(&fields, &message.body, "amazonses.com", &key, 172, ":Feedback-ID"));
        for field in &fields {
            bytes.extend_from_slice(&field.raw);
            bytes.extend_from_slice(b"\r\n");
        }
        let outgoing = format!("X-SES-Outgoing: {}-{}", self.at.strftime("%Y.%m.%d"), self.sending_ip);
        bytes.extend(format!("Feedback-ID: {}\r\n{outgoing}\r\n\r\n", self.feedback_id()).into_bytes());
        bytes.extend_from_slice(&message.body);
        bytes
    }

    /// `a:b:1.REGION.HASH=:AmazonSES`, with the tags made for it in the first two places.
    fn feedback_id(&self) -> String {
        let tag = |name: &str| self.tags.iter().find(|tag| tag.0 == name).map_or("", |tag| &tag.1);
        let account = Noise::of(&["account", self.region]).base64(43);
        let (a, b) = (tag("ses:feedback-id-a"), tag("ses:feedback-id-b"));
        format!("{a}:{b}:1.{}.{account}=:AmazonSES", self.region)
    }

    fn signature(
        &self,
        fields: &[Field],
        body: &[u8],
        domain: &str,
        selector: &str,
        length: usize,
        more: &str,
    ) -> Vec<u8> {
        let signed = fields.iter().filter(|field| SIGNED.iter().any(|name| field.is(name)));
        let names: Vec<&str> = signed.map(|field| field.name.as_str()).collect();
        let made_up = Noise::of(&["b", self.id, domain]).base64(length);
        let lines: Vec<&[u8]> = made_up.as_bytes().chunks(68).collect();
        let b = lines.iter().map(|line| String::from_utf8_lossy(line)).collect::<Vec<_>>().join("\r\n\t");
        format!(
            "DKIM-Signature: v=1; a=rsa-sha256; q=dns/txt; c=relaxed/simple;\r\n\ts={selector}; d={domain}; t={};\r\n\t\
             h={}{more};\r\n\tbh={};\r\n\tb={b}\r\n",
            self.at.as_second(),
            names.join(":"),
            STANDARD.encode(Sha256::digest(simple(body))),
        )
        .into_bytes()
    }
}

/// Simple body canonicalization: no empty lines at the end, and one line end (RFC 6376 §3.4.3).
fn simple(body: &[u8]) -> Vec<u8> {
    let mut rest = body;
    while let Some(shorter) = rest.strip_suffix(b"\r\n") {
        rest = shorter;
    }
    [rest, b"\r\n"].concat()
}

/// Replaces a field where it stands, or adds it behind the others.
fn replace(fields: &mut Vec<Field>, name: &str, value: &str) {
    let raw = format!("{name}: {value}").into_bytes();
    let field = Field { name: name.to_owned(), raw };
    match fields.iter_mut().find(|field| field.is(name)) {
        Some(old) => *old = field,
        None => fields.push(field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depart(text: &str, signer: Option<&Identity>, region: &str) -> Message {
        let message = Message::read(text.as_bytes()).unwrap();
        let tags = [("ses:feedback-id-a".to_owned(), "spring".to_owned())];
        let at = "2026-03-02T06:00:07Z".parse().unwrap();
        let departure = Departure { id: "0102-x-000000", region, at, sending_ip: "192.0.2.12", signer, tags: &tags };
        Message::read(&departure.compose(&message)).unwrap()
    }

    const TEXT: &str = "From: a@shop.example\r\nMessage-Id: <mine@x>\r\nSubject: s\r\nX-SES-Configuration-Set: c\r\n\
                        X-SES-MESSAGE-TAGS: a=b\r\nReturn-Path: <x@y>\r\nX-Inboxed-Probe: t\r\n\r\nbody\r\n\r\n\r\n";

    #[test]
    fn ses_sets_its_own_id_and_date_and_keeps_the_rest_in_order() {
        let sent = depart(TEXT, None, "eu-west-1");
        let names: Vec<&str> = sent.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "DKIM-Signature",
                "From",
                "Message-ID",
                "Subject",
                "X-Inboxed-Probe",
                "Date",
                "Feedback-ID",
                "X-SES-Outgoing"
            ]
        );
        let value = |name: &str| sent.field(name).unwrap().value();
        assert_eq!(value("Message-ID"), "<0102-x-000000@eu-west-1.amazonses.com>");
        assert_eq!(value("Date"), "Mon, 2 Mar 2026 06:00:07 +0000");
        assert_eq!(value("X-SES-Outgoing"), "2026.03.02-192.0.2.12");
        assert!(value("Feedback-ID").starts_with("spring::1.eu-west-1."), "{}", value("Feedback-ID"));
        assert_eq!(sent.body, b"body\r\n\r\n\r\n");
        let virginia = depart(TEXT, None, "us-east-1");
        assert_eq!(virginia.field("Message-ID").unwrap().value(), "<0102-x-000000@email.amazonses.com>");
    }

    #[test]
    fn an_identity_with_dkim_signs_first_and_the_body_hash_is_that_of_the_body() {
        let identity = Identity::domain("shop.example");
        let sent = depart(TEXT, Some(&identity), "eu-west-1");
        let signatures: Vec<String> =
            sent.fields.iter().filter(|field| field.is("DKIM-Signature")).map(Field::value).collect();
        let [own, amazon] = signatures.as_slice() else { panic!("{signatures:?}") };
        let token = &dkim_tokens("shop.example")[0];
        assert!(own.contains(&format!("s={token}; d=shop.example; t=1772431207;")), "{own}");
        assert!(
            amazon.contains("d=amazonses.com") && amazon.contains(":Date:Feedback-ID;") == amazon.contains(":Date:")
        );
        assert!(own.contains("h=From:Message-ID:Subject:Date;") && !own.contains("Feedback-ID"), "{own}");
        let hash = STANDARD.encode(Sha256::digest(b"body\r\n"));
        assert!(signatures.iter().all(|signature| signature.contains(&format!("bh={hash};"))));
    }
}
