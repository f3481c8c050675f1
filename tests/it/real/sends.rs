//! The program's calls to SES, as moto takes them: by the model of the API that AWS publishes, not by ours.

use std::collections::{BTreeMap, BTreeSet};

use super::dovecot::{Dovecot, Options, address};
use super::moto::Moto;
use super::program::Program;

#[test]
fn a_verified_stream_is_sent_once_to_each_seed_and_an_unverified_one_is_refused() {
    let test = "sending through moto";
    let options = Options { seeds: 3, folders: &["Junk"], special_use: &[("Junk", "\\Junk")], ..Options::default() };
    let (Some(moto), Some(dovecot)) = (Moto::start(test), Dovecot::start(test, &options)) else { return };
    moto.verify("shop.example");
    let streams = [("verified", "News <news@shop.example>"), ("unverified", "News <news@other.example>")];
    let program = Program::new(&moto.url(), &streams, &dovecot, 3, |_| "");

    let run = program.run(&["run", "--json", "--wait", "3s"]);
    assert_eq!(run.code, Some(3), "three probes are too few to judge: {run:?}");
    let document = run.json();
    let seeds: BTreeSet<_> = (1..=3).map(|seed| BTreeSet::from([address(seed)])).collect();
    let sent = moto.sent();
    assert_eq!(sent.len(), 3, "{sent:?}");
    assert_eq!(sent.iter().map(|sent| sent.recipients.clone()).collect::<BTreeSet<_>>(), seeds);
    let ids: BTreeMap<_, _> = sent.iter().map(|sent| (sent.recipients.first().unwrap(), &sent.id)).collect();

    // moto counts what it took before this run, which is nothing; that it was understood is what counts.
    let sending = &document["diagnosis"]["sending"][0];
    assert_eq!((&sending["why"], &sending["n"]), (&serde_json::Value::Null, &serde_json::Value::Null), "{sending}");
    let probes = document["probes"].as_array().unwrap();
    assert_eq!(probes.len(), 6);
    for probe in probes {
        let seed = probe["seed"].as_str().unwrap().to_owned();
        if probe["stream"] == "verified" {
            assert_eq!(probe["state"], "accepted", "{probe}");
            assert_eq!(probe["ses_message_id"].as_str(), Some(ids[&seed].as_str()), "{probe}");
            assert_eq!(probe["placement"], "missing", "moto delivers nothing: {probe}");
        } else {
            assert_eq!(probe["state"], "refused", "{probe}");
            assert!(probe["placement"].is_null() && probe["ses_message_id"].is_null(), "{probe}");
            assert!(probe["why"].as_str().is_some_and(|why| !why.is_empty()), "{probe}");
        }
    }
    for sent in sent {
        assert!(sent.source.contains("news@shop.example"), "{sent:?}");
        assert!(sent.raw.contains("\r\nX-Inboxed-Probe: ") || sent.raw.starts_with("X-Inboxed-Probe: "), "{sent:?}");
        assert!(sent.raw.ends_with("\r\n\r\nGrüße aus dem Laden.\r\n"), "{sent:?}");
    }
}
