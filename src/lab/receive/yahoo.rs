//! Yahoo and AOL: results with a comment glued to the word, `X-Apparently-To` and an opaque `X-YMailISG`.

use super::facts::{Facts, Signature};
use super::{Dialect, Dkim, Spf, date};

pub(super) fn above(facts: &Facts<'_>) -> String {
    let mut noise = facts.noise.clone();
    let receiver = facts.receiver;
    let aol = receiver.dialect == Dialect::Aol;
    let id = if aol {
        format!("atlas{}.aol.mail.xx1.yahoo.com", 101 + noise.below(150))
    } else {
        "atlas-production.v2-mail-prod1-xx1.omega.yahoo.com".to_owned()
    };
    let (with, tls) = match receiver.tls {
        Some(tls) => ("SMTPs", format!("\r\n (version={} cipher={})", tls.version, tls.cipher)),
        None => ("SMTP", String::new()),
    };
    format!(
        "Received: from 127.0.0.1\r\n by {id} pod-id atlas--production-xx1-{pod}.xx1.yahoo.com with HTTP; {filed}\r\n\
         Return-Path: <{path}>\r\n\
         X-Originating-Ip: [{ip}]\r\n\
         Received-SPF: {spf} ({sentence})\r\n\
         Authentication-Results: {results}\r\n\
         X-Apparently-To: {to}; {filed}\r\n\
         X-YMailISG: {isg}\r\n\
         Received: from {ip} (EHLO {host})\r\n by 203.0.113.{last} with {with}{tls};\r\n {received}\r\n",
        pod = noise.token(5),
        filed = date::short_utc(receiver.filed_at()),
        received = date::utc(receiver.received_at),
        path = facts.return_path,
        ip = facts.ip,
        spf = receiver.spf.word(),
        sentence = sentence(facts),
        results = results(facts, &id, if aol { " " } else { "\r\n " }),
        to = facts.accepted.recipient,
        isg = isg(&noise.base64(560)),
        host = facts.host,
        last = noise.below(254) + 1,
    )
}

fn results(facts: &Facts<'_>, id: &str, fold: &str) -> String {
    let from = format!("header.from={}", facts.domain);
    let mut results = vec![format!("{id};")];
    if facts.signatures.is_empty() {
        results.push("dkim=unknown;".to_owned());
    }
    results.extend(facts.signatures.iter().map(dkim));
    results.push(format!("spf={} smtp.mailfrom={};", facts.receiver.spf.word(), facts.accepted.mail_from));
    results.push(match facts.dmarc_word() {
        Some(word) => format!("dmarc={word}(p={0},sp={0}) {from};", facts.policy_in_capitals()),
        None => format!("dmarc=unknown {from};"),
    });
    results.join(fold)
}

fn dkim(signature: &Signature) -> String {
    let word = match signature.result {
        Dkim::Pass => "pass",
        Dkim::Fail => "fail",
        Dkim::Neutral => "neutral",
        Dkim::TempError => "temperror",
        Dkim::PermError => "perm_fail",
    };
    format!("dkim={word} header.i=@{} header.s={};", signature.domain, signature.selector)
}

fn sentence(facts: &Facts<'_>) -> String {
    let (domain, ip) = (&facts.accepted.mail_from, &facts.ip);
    match facts.receiver.spf {
        Spf::Pass => format!("domain of {domain} designates {ip} as permitted sender"),
        Spf::Fail => format!("domain of {domain} does not designate {ip} as permitted sender"),
        Spf::SoftFail => format!("transitioning domain of {domain} does not designate {ip} as permitted sender"),
        Spf::Neutral => format!("{ip} is neither permitted nor denied by domain of {domain}"),
        Spf::None => format!("domain of {domain} does not designate permitted sender hosts"),
        Spf::TempError | Spf::PermError => format!("encountered error while processing {domain}"),
    }
}

/// Broken into lines of 60, in an alphabet with `.` and `_`.
fn isg(noise: &str) -> String {
    let noise = noise.replace('+', ".").replace('/', "_");
    let lines: Vec<String> =
        noise.as_bytes().chunks(60).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    lines.join("\r\n ")
}
