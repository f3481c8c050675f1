//! What other programs say of the same senders: checkdmarc of SPF and DMARC, pyspf of SPF, dkimpy of keys.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use inboxed::lab::ses::dkim_tokens;
use serde_json::Value;

use super::{CASES, Case, Names, found};
use crate::real::Server;

/// Where they do not agree; tests/real/README.md says why, sender by sender.
const DISAGREEMENTS: [(&str, &str); 1] = [("spf-alias-circle", "pyspf")];

/// What one program says: good, bad, or that nobody answered.
type Saying = Option<bool>;

/// What is said of a record that does not let SES send, which is no fault to others.
const OF_SES: [&str; 2] = ["does not include", "its mail ends in"];

/// What is said of a record that lets SES send and nobody else.
const OF_OTHERS: &str = "for mail that is not from SES";

/// The worst verdict of the checks with these ids, but for those that concern SES alone.
fn ours(document: &Value, ids: &[&str]) -> Saying {
    let found = found(document);
    let of_ids = found
        .iter()
        .filter(|(id, _, found)| ids.contains(&id.as_str()) && !OF_SES.iter().any(|part| found.contains(part)));
    // What SES's mail never meets, all other mail does.
    let worst = |(_, verdict, found): &'_ (String, String, String)| {
        if found.contains(OF_OTHERS) { "critical".to_owned() } else { verdict.clone() }
    };
    let verdicts: BTreeSet<String> = of_ids.map(worst).collect();
    if verdicts.contains("critical") {
        Some(false)
    } else if verdicts.contains("unanswered") {
        None
    } else {
        Some(true)
    }
}

/// The count in front of `of 10 lookups`.
fn lookups(document: &Value) -> Option<u64> {
    let found = found(document);
    let told = found.iter().find(|(id, _, _)| id == "spf.lookups").map(|(_, _, found)| found.clone())?;
    let (before, _) = told.split_once(" of 10 lookups")?;
    before.rsplit(' ').next()?.parse().ok()
}

/// The bits told of the key of a token.
fn bits(document: &Value, token: &str) -> Option<u64> {
    let found = found(document);
    let told = found
        .iter()
        .find(|(id, _, found)| id == "dkim" && found.starts_with(token))
        .map(|(_, _, found)| found.clone())?;
    let (before, _) = told.split_once(" bits")?;
    before.rsplit(' ').next()?.parse().ok()
}

/// Each question that both can answer, with both answers.
fn questions(case: &Case, document: &Value, theirs: &Value) -> Vec<(&'static str, String, String)> {
    let text = |saying: Saying| saying.map_or("nobody answered", |good| if good { "good" } else { "bad" }).to_owned();
    let spf = ours(document, &["spf", "spf.lookups"]);
    // checkdmarc does not tell silence from a fault.
    let no_silence = |saying: Saying| text(Some(saying == Some(true)));
    let valid = |key: &str| theirs[key]["valid"].as_bool();
    let result = theirs["pyspf"]["result"].as_str().unwrap();
    let pyspf = match result {
        "temperror" => None,
        "permerror" | "none" => Some(false),
        _ => Some(true),
    };
    let count = |count: Option<u64>| count.map_or("none".to_owned(), |count| count.to_string());
    let mut rows = vec![
        ("checkdmarc spf", no_silence(spf), text(valid("spf"))),
        ("pyspf", text(spf), text(pyspf)),
        ("checkdmarc dmarc", no_silence(ours(document, &["dmarc"])), text(valid("dmarc"))),
        ("dkimpy", count(bits(document, &dkim_tokens(&case.domain())[0])), count(theirs["dkim"]["bits"].as_u64())),
    ];
    let only_ses = found(document).iter().any(|(_, _, found)| found.contains(OF_OTHERS));
    if only_ses || (spf == Some(true) && pyspf == Some(true)) {
        let lets_ses_send = found(document).iter().any(|(id, verdict, _)| id == "spf" && verdict == "ok") || only_ses;
        rows.push(("pyspf of SES", text(Some(lets_ses_send)), text(Some(theirs["pyspf"]["ses"] == "pass"))));
    }
    if spf == Some(true) && valid("spf") == Some(true) {
        rows.push(("checkdmarc lookups", count(lookups(document)), count(theirs["spf"]["lookups"].as_u64())));
    }
    rows
}

#[test]
fn checkdmarc_pyspf_and_dkimpy_agree_or_the_readme_says_why_not() {
    const TEST: &str = "DNS checks compared with checkdmarc, pyspf and dkimpy";
    let Some(python) = Server::DnsPeers.program(TEST) else { return };
    let Some(names) = Names::start(TEST, CASES) else { return };
    let selectors: Vec<String> = CASES
        .iter()
        .map(|case| format!("{0}={1}._domainkey.{0}", case.domain(), dkim_tokens(&case.domain())[0]))
        .collect();
    let ended = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/dns_peers.py"))
        .arg(names.resolver.to_string())
        .args(CASES.iter().map(Case::domain))
        .env_clear()
        .env("SELECTORS", selectors.join(" "))
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let theirs: BTreeMap<String, Value> = serde_json::from_slice(&ended.stdout).unwrap();
    let (mut complaints, mut differ) = (Vec::new(), BTreeSet::new());
    for case in CASES {
        let (_, document) = names.check(&case.domain());
        for (who, ours, told) in questions(case, &document, &theirs[&case.domain()]) {
            let listed = DISAGREEMENTS.contains(&(case.name, who));
            if ours != told {
                differ.insert((case.name, who));
            }
            if (ours != told) != listed {
                complaints.push(format!("{} {who}: ours {ours}, theirs {told}: {}", case.name, theirs[&case.domain()]));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let readme = include_str!("../../../real/README.md");
    for (name, who) in differ {
        assert!(readme.contains(&format!("`{name}` ({who})")), "tests/real/README.md does not tell of {name} ({who})");
    }
}
