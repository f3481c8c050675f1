//! What the demo's sender publishes in DNS: six weeks with neither DKIM keys nor a MAIL FROM domain, then both.

use crate::lab::dns::DnsZone;
use crate::lab::ses::dkim_tokens;

/// The domain in From.
pub(super) const DOMAIN: &str = "shop.example";
/// The custom MAIL FROM domain that SES is asked for from the first day.
pub(super) const MAIL_FROM: &str = "bounce.shop.example";
/// The region that the demo sends from.
pub(super) const REGION: &str = "eu-central-1";
/// The public half of a key that nobody holds the other half of.
const KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoxcuYSXt0CW52CXMbtFCOklZPCx05oPg2G5VPfDZdGE9/8rQf1Qfm6wufnk3d+XGp6ekZ05X4lY65W7xe41r6HXIUcfpsJ+Mz9SgU0/QvdT02tkQp6oqK5A5f2o8zjs7Ys7amWaFX3ImBGeqvkq4VWJ1GvVqJN7LTW3q6pO8xy5YjvcLm1/662uAMy+c0st0nmj76QqLZugfG+1JUsX+3/UZhBxgNTTbrb/vVKSNloZ/LymFwb7O51AbIQBhYFX0vS6DVvhSlFYeHgjtp+WbJ24MXu9X8SdvFSkvHWFToquk36o+2Qp399Vm8ddke2gI+CipkiotsrTRoKJOVbYuwwIDAQAB";

/// What is there from the beginning: Amazon's own names, a policy, and an SPF record where nobody evaluates it.
pub(super) fn publish_first(zone: &DnsZone) {
    zone.txt(DOMAIN, "v=spf1 include:amazonses.com ~all")
        .txt("amazonses.com", "v=spf1 ip4:192.0.2.0/24 -all")
        .txt(&format!("_dmarc.{DOMAIN}"), &format!("v=DMARC1; p=none; rua=mailto:dmarc@{DOMAIN}"))
        .mx(&format!("feedback-smtp.{REGION}.amazonses.com"), 10, "inbound.amazonses.com");
    for token in dkim_tokens(DOMAIN) {
        zone.txt(&format!("{token}.dkim.amazonses.com"), &format!("p={KEY}"));
    }
    for last in 10..14_u8 {
        let host = format!("a2-{last}.smtp-out.{REGION}.amazonses.com");
        zone.ptr(&format!("{last}.2.0.192.in-addr.arpa"), &host).address(&host, [192, 0, 2, last].into());
    }
}

/// The mending: the MAIL FROM domain with its MX and SPF, and the three names of Easy DKIM.
pub(super) fn mend(zone: &DnsZone) {
    zone.mx(MAIL_FROM, 10, &format!("feedback-smtp.{REGION}.amazonses.com"))
        .txt(MAIL_FROM, "v=spf1 include:amazonses.com ~all");
    for token in dkim_tokens(DOMAIN) {
        zone.cname(&format!("{token}._domainkey.{DOMAIN}"), &format!("{token}.dkim.amazonses.com"));
    }
}
