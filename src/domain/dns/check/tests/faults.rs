//! Every fault that the checks know, with how grave it is and the record to publish instead.

use super::*;

#[test]
#[expect(clippy::too_many_lines, reason = "a table: one row for each fault")]
fn every_fault_is_judged_and_told_with_the_record_to_publish() {
    use Verdict::{Critical, Info, Ok, Unanswered, Warning};
    let spf = "bounce.shop.example. IN TXT \"v=spf1 include:amazonses.com ~all\"";
    let mx = "bounce.shop.example. IN MX 10 feedback-smtp.eu-central-1.amazonses.com.";
    let cname = "t1._domainkey.shop.example. IN CNAME t1.dkim.amazonses.com.";
    let lookups: Vec<String> = (0..10).map(|n| format!("a:h{n}.shop.example")).collect();
    let eleven = format!("bounce.shop.example TXT v=spf1 include:amazonses.com {} -all", lookups.join(" "));
    let hosts: Vec<String> = (0..10).map(|n| format!("h{n}.shop.example A 192.0.2.1")).collect();
    let mut rows = vec![eleven.as_str()];
    rows.extend(hosts.iter().map(String::as_str));
    let short = format!("t1.dkim.amazonses.com TXT {KEY}");
    for (instead, id, verdict, found, publish) in [
        (&["bounce.shop.example TXT other=1"][..], "spf", Critical, "no SPF record", Some(spf)),
        (&["bounce.shop.example TXT ?"], "spf", Unanswered, "SERVFAIL", None),
        (
            &["bounce.shop.example TXT v=spf1 -all", "bounce.shop.example TXT v=spf1 ~all"],
            "spf",
            Critical,
            "2 SPF records",
            Some("bounce.shop.example. IN TXT \"v=spf1 include:amazonses.com -all\""),
        ),
        (
            &["bounce.shop.example TXT v=spf1 ip4:192.0.2.1 ~all"],
            "spf",
            Critical,
            "does not include amazonses.com",
            Some("bounce.shop.example. IN TXT \"v=spf1 include:amazonses.com ip4:192.0.2.1 ~all\""),
        ),
        (
            &["bounce.shop.example TXT v=spf1 include:amazonses.com ip:1.2.3.4 ~all"],
            "spf",
            Critical,
            "write ip4",
            Some(spf),
        ),
        (&["amazonses.com TXT ?"], "spf.lookups", Unanswered, "SERVFAIL", None),
        (
            &["bounce.shop.example TXT v=spf1 ~include:amazonses.com -all"],
            "spf",
            Critical,
            "its mail ends in softfail",
            Some("bounce.shop.example. IN TXT \"v=spf1 include:amazonses.com -all\""),
        ),
        (
            &["bounce.shop.example TXT v=spf1 include:amazonses.com include:gone.example ~all"],
            "spf",
            Warning,
            "for mail that is not from SES: \"include:gone.example\": gone.example publishes no SPF record",
            Some(spf),
        ),
        (&["bounce.shop.example TXT v=spf1 redirect=amazonses.com"], "spf", Ok, "redirect=amazonses.com", None),
        (
            &["bounce.shop.example TXT v=spf1 ip4:198.51.100.0/24 redirect=own.example", "own.example TXT v=spf1 -all"],
            "spf",
            Critical,
            "does not include amazonses.com",
            Some(
                "bounce.shop.example. IN TXT \"v=spf1 include:amazonses.com ip4:198.51.100.0/24 redirect=own.example\"",
            ),
        ),
        (
            &[
                "bounce.shop.example TXT v=spf1 redirect=own.example",
                "own.example TXT v=spf1 include:amazonses.com +all",
            ],
            "spf.all",
            Critical,
            "+all behind redirect=own.example",
            None,
        ),
        (
            &["bounce.shop.example TXT v=spf1 mx -all ip4:198.51.100.0/24", "bounce.shop.example MX 1 a.example"],
            "spf",
            Critical,
            "does not include amazonses.com",
            Some("bounce.shop.example. IN TXT \"v=spf1 include:amazonses.com mx -all\""),
        ),
        (
            &["bounce.shop.example TXT v=spf1 redirect=own.example", "bounce.shop.example TXT v=spf1 mx -all"],
            "spf",
            Critical,
            "2 SPF records",
            Some("bounce.shop.example. IN TXT \"v=spf1 include:amazonses.com mx include:own.example -all\""),
        ),
        (
            &["bounce.shop.example TXT v=spf1 include:gone.example include:amazonses.com ip4:198.51.100.7 ~all"],
            "spf",
            Critical,
            "gone.example publishes no SPF record",
            Some("bounce.shop.example. IN TXT \"v=spf1 include:amazonses.com ip4:198.51.100.7 ~all\""),
        ),
        (
            &["bounce.shop.example TXT v=spf1 ip4:192.0.2.0/24 -all"],
            "spf",
            Warning,
            "only addresses that SES sent from lately",
            Some("bounce.shop.example. IN TXT \"v=spf1 include:amazonses.com ip4:192.0.2.0/24 -all\""),
        ),
        (
            &["bounce.shop.example TXT v=spf1 include:%{i}.hosted.example ~all"],
            "spf",
            Unanswered,
            "not followed: include:%{i}.hosted.example",
            None,
        ),
        (&["bounce.shop.example TXT v=spf1 include:amazonses.com +all"], "spf.all", Critical, "+all", Some(spf)),
        (&["bounce.shop.example TXT v=spf1 include:amazonses.com ?all"], "spf.all", Warning, "?all", Some(spf)),
        (&["bounce.shop.example TXT v=spf1 include:amazonses.com"], "spf.all", Warning, "no all", Some(spf)),
        (&rows, "spf.lookups", Critical, "11 of 10 lookups", None),
        (
            &["bounce.shop.example TXT v=spf1 a:x.example a:y.example mx:z.example include:amazonses.com -all"],
            "spf.lookups",
            Critical,
            "3 of 2 that find nothing",
            None,
        ),
        (
            &["bounce.shop.example TXT v=spf1 include:amazonses.com include:amazonses.com ptr ~all"],
            "spf.redundant",
            Warning,
            "amazonses.com",
            None,
        ),
        (&["bounce.shop.example TXT v=spf1 include:amazonses.com ptr ~all"], "spf.ptr", Warning, "ptr", None),
        (
            &["bounce.shop.example CNAME x.example", "x.example CNAME bounce.shop.example", "bounce.shop.example -"],
            "mail_from",
            Critical,
            "circle",
            None,
        ),
        (&["bounce.shop.example MX ?"], "mail_from", Unanswered, "SERVFAIL", None),
        (&["bounce.shop.example MX 10 mail.shop.example"], "mail_from", Critical, "not Amazon's", Some(mx)),
        (
            &["bounce.shop.example MX 10 feedback-smtp.us-east-1.amazonses.com"],
            "mail_from",
            Critical,
            "another region's",
            Some(mx),
        ),
        (
            &[
                "bounce.shop.example MX 10 feedback-smtp.eu-central-1.amazonses.com",
                "bounce.shop.example MX 20 b.example",
            ],
            "mail_from",
            Critical,
            "2 MX records",
            Some(mx),
        ),
        (&["t1._domainkey.shop.example -"], "dkim", Critical, "nothing is published", Some(cname)),
        (
            &["t1._domainkey.shop.example CNAME t1.dkim.eu-south-2.amazonses.com"],
            "dkim",
            Critical,
            "SES names",
            Some(cname),
        ),
        (&["t1._domainkey.shop.example CNAME t1._domainkey.shop.example"], "dkim", Critical, "circle", Some(cname)),
        (&["t1.dkim.amazonses.com TXT ?"], "dkim", Unanswered, "SERVFAIL", None),
        (&["t1.dkim.amazonses.com TXT p="], "dkim", Critical, "revoked", None),
        (&["t1.dkim.amazonses.com TXT p=AAAA"], "dkim", Critical, "no RSA key", None),
        (&[short.as_str()], "dkim", Warning, "RSA 1024 bits", None),
        (
            &["_dmarc.shop.example -"],
            "dmarc",
            Critical,
            "no DMARC record",
            Some("_dmarc.shop.example. IN TXT \"v=DMARC1; p=none; rua=mailto:dmarc@shop.example\""),
        ),
        (&["_dmarc.shop.example TXT ?"], "dmarc", Unanswered, "SERVFAIL", None),
        (
            &["_dmarc.shop.example TXT v=DMARC1; p=ablehnen; rua=mailto:a@shop.example"],
            "dmarc",
            Critical,
            "write p=reject",
            Some("_dmarc.shop.example. IN TXT \"v=DMARC1; p=reject; rua=mailto:a@shop.example\""),
        ),
        (
            &["_dmarc.shop.example TXT v=DMARC1; p=Quarantäne"],
            "dmarc",
            Critical,
            "write p=quarantine",
            Some("_dmarc.shop.example. IN TXT \"v=DMARC1; p=quarantine\""),
        ),
        (
            &["_dmarc.shop.example TXT v=DMARC1; p=none", "_dmarc.shop.example TXT v=DMARC1; p=reject"],
            "dmarc",
            Critical,
            "2 records",
            Some("_dmarc.shop.example. IN TXT \"v=DMARC1; p=reject\""),
        ),
        (
            &[
                "_dmarc.shop.example TXT v=DMARC1; p=quarantine; sp=reject",
                "_dmarc.shop.example TXT v=DMARC1; p=none; t=y; rua=mailto:a@shop.example",
            ],
            "dmarc",
            Critical,
            "2 records",
            Some("_dmarc.shop.example. IN TXT \"v=DMARC1; p=quarantine; sp=reject; rua=mailto:a@shop.example\""),
        ),
        (
            &["_dmarc.shop.example TXT v=dmarc1; p=none; rua=a@shop.example"],
            "dmarc",
            Critical,
            "v=dmarc1",
            Some("_dmarc.shop.example. IN TXT \"v=DMARC1; p=none; rua=mailto:a@shop.example\""),
        ),
        (
            &["_dmarc.shop.example TXT v=DMARC1; p=reject; sp=ablehnen; rua=mailto:a@shop.example"],
            "dmarc",
            Critical,
            "write sp=reject",
            Some("_dmarc.shop.example. IN TXT \"v=DMARC1; p=reject; sp=reject; rua=mailto:a@shop.example\""),
        ),
        (
            &["_dmarc.shop.example TXT v=DMARC1; rua=mailto:a@shop.example"],
            "dmarc",
            Warning,
            "p is missing",
            Some("_dmarc.shop.example. IN TXT \"v=DMARC1; p=none; rua=mailto:a@shop.example\""),
        ),
        (&["_dmarc.shop.example TXT v=DMARC1; sp=none"], "dmarc", Critical, "p is missing", None),
        (
            &[
                "_dmarc.shop.example TXT v=DMARC1; p=none; rua=mailto:a@shop.example",
                "_dmarc.shop.example TXT v=dmarc1; p=reject",
            ],
            "dmarc",
            Warning,
            "v=dmarc1",
            None,
        ),
        (
            &["_dmarc.shop.example TXT v=DMARC1; p=none; pct=50; rua=mailto:a@shop.example"],
            "dmarc.tags",
            Warning,
            "pct=50",
            None,
        ),
        (
            &["_dmarc.shop.example TXT v=DMARC1; p=none"],
            "dmarc.reports",
            Warning,
            "no address in rua",
            Some("add to the record: rua=mailto:dmarc@shop.example"),
        ),
        (
            &["_dmarc.shop.example TXT v=DMARC1; p=none; rua=mailto:a@other.example"],
            "dmarc.reports",
            Warning,
            "has not said",
            Some("shop.example._report._dmarc.other.example. IN TXT \"v=DMARC1;\""),
        ),
        (
            &[
                "_dmarc.shop.example TXT v=DMARC1; p=none; rua=mailto:a@other.example",
                "shop.example._report._dmarc.other.example TXT v=DMARC1",
            ],
            "dmarc.reports",
            Ok,
            "takes reports",
            None,
        ),
        (
            &["_dmarc.shop.example TXT v=DMARC1; p=none; rua=mailto:a@shop.example"],
            "dmarc.policy",
            Info,
            "p=none",
            None,
        ),
        (
            &["_dmarc.shop.example TXT v=DMARC1; p=reject; aspf=s; rua=mailto:a@shop.example"],
            "dmarc.alignment",
            Warning,
            "never aligns",
            None,
        ),
        (&["10.2.0.192.in-addr.arpa -"], "ptr", Critical, "has no name", None),
        (&["a.smtp-out.example A 192.0.2.99"], "ptr", Critical, "does not lead back", None),
        (&["a.smtp-out.example A ?"], "ptr", Unanswered, "SERVFAIL", None),
        (&["default._bimi.shop.example TXT v=BIMI1; l=https://shop.example/a.svg"], "bimi", Info, "certificate", None),
        (&["_mta-sts.shop.example TXT v=STSv1; id=1"], "mta_sts", Info, "id=1", None),
        (&["_smtp._tls.shop.example TXT nonsense"], "tls_rpt", Info, "no TLS-RPT record", None),
    ] {
        let checks = told(&with(instead));
        let matching =
            of(&checks, id).into_iter().find(|check| check.verdict == verdict && check.found.contains(found));
        let Some(check) = matching else { panic!("{instead:?}: {id} {verdict:?} {found}\n{:#?}", of(&checks, id)) };
        if let Some(publish) = publish {
            assert_eq!(check.publish.as_deref(), Some(publish), "{instead:?}");
        }
    }
}
