//! iCloud, GMX, Zoho, Fastmail, and a receiver by the book.

use super::facts::{Facts, Signature};
use super::{Dialect, Verdict, date};

pub(super) fn above(facts: &Facts<'_>) -> String {
    let mut noise = facts.noise.clone();
    let receiver = facts.receiver;
    let (host, inner) = match receiver.dialect {
        Dialect::ICloud => ("p00-icloudmta-smtpin-us-east-1a.p00.icloud.com", "p00-mailgateway-smtp.p00.icloud.com"),
        Dialect::Gmx => ("mx-ha.gmx.net (mxgmx001 [198.51.100.7])", "mxgmx001.server.lan"),
        Dialect::Zoho => ("mx.zohomail.eu", "mailstore.zohomail.eu"),
        Dialect::Fastmail => ("mx6.messagingengine.com (Postfix)", "mailmx.phl.internal"),
        Dialect::Gmail | Dialect::Outlook | Dialect::Yahoo | Dialect::Aol | Dialect::Plain => {
            ("mx.plain.example (Postfix)", "store.plain.example")
        }
    };
    let (with, tls) = match receiver.tls {
        Some(tls) => (
            "ESMTPS",
            format!(
                "\r\n\t(using {} with cipher {} ({bits}/{bits} bits))",
                version(tls.version),
                tls.cipher,
                bits = tls.bits
            ),
        ),
        None => ("ESMTP", String::new()),
    };
    let id = noise.hex(10).to_ascii_uppercase();
    format!(
        "Return-Path: <{path}>\r\n\
         Delivered-To: {to}\r\n\
         Received: from {border}\r\n\tby {inner} (LMTP) with LMTP id {lmtp}\r\n\tfor <{to}>; {filed}\r\n\
         {results}{spam}\
         Received: from {from} ({from} [{ip}]){tls}\r\n\tby {host} with {with} id {id}\r\n\tfor <{to}>; {received}\r\n",
        path = facts.return_path,
        to = facts.accepted.recipient,
        border = host.split(' ').next().unwrap_or(host),
        lmtp = noise.hex(16),
        filed = date::utc(receiver.filed_at()),
        results = results(facts),
        spam = spam(facts),
        from = facts.host,
        ip = facts.ip,
        received = date::utc(receiver.received_at),
    )
}

fn version(version: &str) -> String {
    version.replace("TLS", "TLSv").replace('_', ".")
}

fn results(facts: &Facts<'_>) -> String {
    let name = "Authentication-Results:";
    let (path, ip, domain) = (&facts.return_path, &facts.ip, &facts.domain);
    let spf = facts.receiver.spf.word();
    let dmarc = facts.dmarc_word().unwrap_or("none");
    let policy = facts.receiver.policy.map_or("none", super::Policy::word);
    let dis = facts.disposition().word();
    let dkim = |form: &dyn Fn(&Signature) -> String| facts.signatures.iter().map(form).collect::<String>();
    match facts.receiver.dialect {
        Dialect::ICloud => {
            let signatures = dkim(&|one| {
                let (word, d) = (one.result.word(), &one.domain);
                let b = &one.b;
                format!(
                    "{name} dkim-verifier.icloud.com;\r\n\tdkim={word} (2048-bit key) header.d={d} header.i=@{d} header.b={b}\r\n"
                )
            });
            let sentence = facts.spf_sentence(path);
            format!(
                "{name} bimi.icloud.com; bimi=none\r\n{name} dmarc.icloud.com; dmarc={dmarc} header.from={domain}\r\n\
                 {signatures}{name} spf.icloud.com;\r\n\tspf={spf} (spf.icloud.com: {sentence}) smtp.mailfrom={path}\r\n"
            )
        }
        Dialect::Gmx => {
            dkim(&|one| format!("{name}  gmx.net; dkim={} header.i=@{}\r\n", one.result.word(), one.domain))
        }
        Dialect::Zoho => {
            let own = facts.signatures.first().map_or("none", |one| one.result.word());
            let sentence = facts.spf_sentence(&facts.accepted.mail_from);
            format!(
                "{name} mx.zohomail.eu;\r\n\tdkim={own};\r\n\tspf={spf} (zohomail.eu: {sentence})  smtp.mailfrom={path};\
                 \r\n\tdmarc={dmarc}(p={policy} dis={dis})  header.from={domain}\r\n"
            )
        }
        Dialect::Fastmail => {
            let signatures = dkim(&|one| {
                let (word, d, s) = (one.result.word(), &one.domain, &one.selector);
                let b = &one.b;
                format!(
                    "\r\n    dkim={word} (2048-bit rsa key sha256) header.d={d}\r\n      header.i=@{d} header.b={b} \
                     header.a=rsa-sha256\r\n      header.s={s} x-bits=2048;"
                )
            });
            format!(
                "{name} mx6.messagingengine.com;{signatures}\r\n    dmarc={dmarc} policy.published-domain-policy={policy}\
                 \r\n      policy.applied-disposition={dis} (p={policy},d={dis})\r\n      policy.policy-from=p \
                 header.from={domain};\r\n    iprev=pass smtp.remote-ip={ip} ({host});\r\n    spf={spf} \
                 smtp.mailfrom={path}\r\n      smtp.helo={host}\r\n",
                host = facts.host,
            )
        }
        Dialect::Gmail | Dialect::Outlook | Dialect::Yahoo | Dialect::Aol | Dialect::Plain => {
            let signatures = dkim(&|one| {
                format!("\r\n\tdkim={} header.d={} header.s={};", one.result.word(), one.domain, one.selector)
            });
            format!(
                "{name} mx.plain.example 1;{signatures}\r\n\tspf={spf} smtp.mailfrom={path};\r\n\tdmarc={dmarc} \
                 header.from={domain}\r\n"
            )
        }
    }
}

fn spam(facts: &Facts<'_>) -> String {
    match (facts.receiver.dialect, facts.receiver.verdict) {
        (Dialect::Plain, Verdict::Spam) => {
            "X-Spam-Flag: YES\r\nX-Spam-Status: Yes, score=7.2 required=5.0 tests=BAYES_99,HTML_IMAGE_RATIO_02\r\n"
        }
        (Dialect::Plain, Verdict::Inbox) => "X-Spam-Status: No, score=-0.2 required=5.0 tests=BAYES_00,DKIM_VALID\r\n",
        (Dialect::Fastmail, Verdict::Spam) => "X-Spam-known-sender: no\r\nX-Spam-score: 8.1\r\n",
        (Dialect::Fastmail, Verdict::Inbox) => "X-Spam-known-sender: no\r\nX-Spam-score: 0.0\r\n",
        _ => "",
    }
    .to_owned()
}
