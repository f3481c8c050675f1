//! What SES wants an identity to publish in DNS: the names of its DKIM keys, where they lead, and its MAIL FROM domain.
//!
//! The zone that holds the keys is the one that SES names: it differs by region and by the age of the identity, and is
//! never guessed.

use serde_json::Value;

use super::account::identities_of;
use super::api::ApiSender;
use super::{SesFailure, one_line};

/// What an identity publishes, or should.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Publication {
    /// The domain that signs; `None` when SES knows none.
    pub(crate) signer: Option<String>,
    /// Its selectors: the three tokens of Easy DKIM, or the one of a key of one's own.
    pub(crate) selectors: Vec<String>,
    /// Whether these are keys that SES holds (Easy DKIM), so that each is a CNAME.
    pub(crate) easy: bool,
    /// The zone in which SES publishes them.
    pub(crate) zone: Option<String>,
    /// The custom MAIL FROM domain.
    pub(crate) mail_from: Option<String>,
    /// Whether SES told that there is none, so that mail leaves under Amazon's own.
    pub(crate) amazon_mail_from: bool,
}

impl ApiSender {
    /// What SES wants published for mail from this address or domain: asks for the address, its domain and those above.
    /// The nearest that names a MAIL FROM domain decides on that, the nearest domain that signs decides on DKIM.
    pub(crate) async fn publication(&self, address: &str) -> Result<Publication, SesFailure> {
        let mut found = Publication::default();
        let mut is_known = false;
        let at_domain = format!("@{address}");
        let names = if address.contains('@') { identities_of(address) } else { identities_of(&at_domain) };
        for name in names.into_iter().filter(|name| *name != at_domain) {
            let question = format!("ask SES for the identity {name} (GetEmailIdentity)");
            let asked =
                |trace| self.client.get_email_identity().email_identity(&name).customize().interceptor(trace).send();
            let json = match self.ask(asked).await {
                Ok(json) => json,
                Err(fault) if fault.is_not_found() => continue,
                Err(fault) => return Err(self.failure(fault, &question)),
            };
            is_known |= json.get("MailFromAttributes").is_some();
            found.add(&name, &json);
        }
        found.amazon_mail_from = is_known && found.mail_from.is_none();
        Ok(found)
    }
}

impl Publication {
    fn add(&mut self, name: &str, json: &Value) {
        let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).map(one_line);
        if self.mail_from.is_none() {
            self.mail_from = text("/MailFromAttributes/MailFromDomain").filter(|domain| !domain.is_empty());
        }
        let tokens = json.pointer("/DkimAttributes/Tokens").and_then(Value::as_array);
        let tokens: Vec<String> = tokens.into_iter().flatten().filter_map(Value::as_str).map(one_line).collect();
        if self.signer.is_none() && !tokens.is_empty() && !name.contains('@') {
            self.signer = Some(name.to_owned());
            self.selectors = tokens;
            // AWS_SES, or AWS_SES_EU_CENTRAL_1 for keys that another region holds; EXTERNAL for one's own.
            self.easy = text("/DkimAttributes/SigningAttributesOrigin").is_none_or(|origin| origin != "EXTERNAL");
            self.zone = text("/DkimAttributes/SigningHostedZone").filter(|zone| !zone.is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::edge::ses::api::tests::sender;
    use crate::edge::ses::stub::{Act, Stub};

    #[tokio::test]
    async fn the_nearest_identity_that_tells_decides() {
        let stub = Stub::new(|request, _| match request.line.as_str() {
            "GET /v2/email/identities/news.shop.example" => Act::ok(
                &json!({"MailFromAttributes": {"MailFromDomain": "bounce.shop.example"}, "DkimAttributes": {"Tokens": []}})
                    .to_string(),
            ),
            "GET /v2/email/identities/shop.example" => Act::ok(
                &json!({
                    "MailFromAttributes": {"MailFromDomain": "other.shop.example"},
                    "DkimAttributes": {
                        "Tokens": ["a", "b", "c"], "SigningAttributesOrigin": "AWS_SES",
                        "SigningHostedZone": "ab12.dkim.eu-south-2.amazonses.com",
                    },
                })
                .to_string(),
            ),
            _ => Act::error(404, "NotFoundException"),
        })
        .await;
        let found = sender(&stub.url, false).publication("anna@news.shop.example").await.unwrap();
        let expected = Publication {
            signer: Some("shop.example".to_owned()),
            selectors: ["a", "b", "c"].map(str::to_owned).to_vec(),
            easy: true,
            zone: Some("ab12.dkim.eu-south-2.amazonses.com".to_owned()),
            mail_from: Some("bounce.shop.example".to_owned()),
            amazon_mail_from: false,
        };
        assert_eq!(found, expected);
    }

    #[tokio::test]
    async fn what_ses_does_not_tell_stays_unknown() {
        let stub = Stub::new(|request, _| match request.line.as_str() {
            "GET /v2/email/identities/own.example" => Act::ok(
                &json!({"MailFromAttributes": {}, "DkimAttributes": {
                    "Tokens": ["own"], "SigningAttributesOrigin": "EXTERNAL"}})
                .to_string(),
            ),
            "GET /v2/email/identities/bare.example" => Act::ok("{}"),
            "GET /v2/email/identities/denied.example" => Act::error(403, "AccessDeniedException"),
            _ => Act::error(404, "NotFoundException"),
        })
        .await;
        let sender = sender(&stub.url, false);
        let own = sender.publication("a@own.example").await.unwrap();
        assert_eq!((own.easy, own.zone, own.amazon_mail_from, own.selectors.len()), (false, None, true, 1));
        for address in ["a@bare.example", "a@strange.example"] {
            assert_eq!(sender.publication(address).await.unwrap(), Publication::default(), "{address}");
        }
        let denied = sender.publication("a@denied.example").await.unwrap_err();
        assert!(matches!(denied, SesFailure::Denied(_)), "{denied:?}");
    }
}
