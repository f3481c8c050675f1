//! Gmail: `Delivered-To`, `X-Received`, an ARC set of its own, and Authentication-Results that name every signature.

use super::facts::{Facts, Signature};
use super::{Dkim, date};

pub(super) fn above(facts: &Facts<'_>) -> String {
    let mut noise = facts.noise.clone();
    let (accepted, receiver) = (facts.accepted, facts.receiver);
    let taken = date::pacific(receiver.received_at);
    let filed = date::pacific(receiver.filed_at());
    let stamp = receiver.received_at.as_millisecond();
    let id = format!("{}-20020a05{}", noise.token(12), noise.hex(24));
    let mut inner = || format!("2001:db8:a05:{}:b0:{}:{}:{}", noise.hex(4), noise.hex(3), noise.hex(4), noise.hex(4));
    let (first, second) = (inner(), inner());
    let spf = facts.spf_sentence(&facts.return_path);
    let results = results(facts);
    let with = receiver.tls.map_or("ESMTP", |_| "ESMTPS");
    let tls = receiver.tls.map_or_else(String::new, |tls| {
        format!("\r\n        (version={} cipher={} bits={}/{})", tls.version, tls.cipher, tls.bits, tls.bits)
    });
    format!(
        "Delivered-To: {to}\r\n\
         Received: by {first} with SMTP id {short}csp{number};\r\n        {filed}\r\n\
         X-Google-Smtp-Source: AGHT+{source}\r\n\
         X-Received: by {second} with SMTP id {id}.{millis}; {taken}\r\n\
         ARC-Seal: i=1; a=rsa-sha256; t={seconds}; cv=none;\r\n        d=google.com; s=arc-20240605;\r\n        b={seal}\r\n\
         ARC-Authentication-Results: i=1; {results}\r\n\
         Return-Path: <{path}>\r\n\
         Received: from {host} ({host}. [{ip}])\r\n        by mx.google.com with {with} id {id}.{millis}\r\n        \
         for <{to}>{tls};\r\n        {taken}\r\n\
         Received-SPF: {word} (google.com: {spf}) client-ip={ip};\r\n\
         Authentication-Results: {results}\r\n",
        to = accepted.recipient,
        short = noise.token(8),
        number = noise.below(1_000_000),
        source = noise.base64(64),
        millis = stamp,
        seconds = receiver.received_at.as_second(),
        seal = noise.base64(72),
        path = facts.return_path,
        host = facts.host,
        ip = facts.ip,
        word = receiver.spf.word(),
    )
}

fn results(facts: &Facts<'_>) -> String {
    let fold = ";\r\n       ";
    let mut results = vec!["mx.google.com".to_owned()];
    results.extend(facts.signatures.iter().map(dkim));
    results.push(format!(
        "spf={} (google.com: {}) smtp.mailfrom={}",
        facts.receiver.spf.word(),
        facts.spf_sentence(&facts.return_path),
        facts.return_path
    ));
    if let Some(word) = facts.dmarc_word() {
        let (policy, disposition) = (facts.policy_in_capitals(), facts.disposition().word().to_ascii_uppercase());
        results.push(format!("dmarc={word} (p={policy} sp={policy} dis={disposition}) header.from={}", facts.domain));
    }
    results.join(fold)
}

fn dkim(signature: &Signature) -> String {
    let comment = match signature.result {
        Dkim::Pass | Dkim::Fail => "",
        Dkim::Neutral => " (body hash did not verify)",
        Dkim::TempError | Dkim::PermError => " (no key for signature)",
    };
    // A value with a character that is none of a token is quoted (RFC 8601 §2.2).
    let b = if signature.b.contains(['/', '=']) { format!("\"{}\"", signature.b) } else { signature.b.clone() };
    let (word, domain, selector) = (signature.result.word(), &signature.domain, &signature.selector);
    format!("dkim={word}{comment} header.i=@{domain} header.s={selector} header.b={b}")
}
