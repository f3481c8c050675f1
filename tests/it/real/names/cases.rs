//! The senders: what each publishes otherwise than it should, and what the program is to say of it.

/// One sender, `sender-NAME.example`.
#[derive(Debug)]
pub(in crate::real) struct Case {
    pub(in crate::real) name: &'static str,
    /// Lines of its zone that stand in place of the usual ones; a `-` before one only takes the usual one away.
    pub(in crate::real) lines: &'static [&'static str],
    /// How `dns check` ends.
    pub(in crate::real) exit: i32,
    /// Checks that have to be there: id, verdict, part of what was found.
    pub(in crate::real) told: &'static [(&'static str, &'static str, &'static str)],
}

impl Case {
    pub(in crate::real) fn domain(&self) -> String {
        format!("sender-{}.example", self.name)
    }
}

const fn case(
    name: &'static str,
    exit: i32,
    lines: &'static [&'static str],
    told: &'static [(&'static str, &'static str, &'static str)],
) -> Case {
    Case { name, lines, exit, told }
}

/// Every sender.
pub(in crate::real) const CASES: &[Case] = &[
    case(
        "good",
        0,
        &[],
        &[
            ("spf", "ok", "include:amazonses.com"),
            ("spf.lookups", "ok", "1 of 10 lookups, 0 of 2"),
            ("dkim", "ok", "RSA 2048 bits"),
            ("dmarc", "ok", "p=reject"),
            ("mail_from", "ok", "feedback-smtp.eu-central-1"),
        ],
    ),
    case("spf-none", 2, &["-bounce TXT"], &[("spf", "critical", "publishes no SPF record")]),
    case("spf-other", 2, &["bounce TXT \"google-site-verification=1\""], &[("spf", "critical", "no SPF record")]),
    case(
        "spf-two",
        2,
        &["bounce TXT \"v=spf1 include:amazonses.com ~all\"", "bounce TXT \"v=spf1 -all\""],
        &[("spf", "critical", "2 SPF records")],
    ),
    case(
        "spf-split",
        0,
        &["bounce TXT \"v=spf1 include:ama\" \"zonses.com ~all\""],
        &[("spf", "ok", "include:amazonses.com ~all")],
    ),
    case("spf-plus", 2, &["bounce TXT \"v=spf1 include:amazonses.com +all\""], &[("spf.all", "critical", "+all")]),
    case("spf-neutral", 1, &["bounce TXT \"v=spf1 include:amazonses.com ?all\""], &[("spf.all", "warning", "?all")]),
    case(
        "spf-typo",
        2,
        &["bounce TXT \"v=spf1 include:amazonses.com ipv4:192.0.2.1 ~all\""],
        &[("spf", "critical", "write ip4")],
    ),
    case(
        "spf-long-prefix",
        2,
        &["bounce TXT \"v=spf1 include:amazonses.com ip4:192.0.2.0/33 ~all\""],
        &[("spf", "critical", "/0 to /32")],
    ),
    case(
        "spf-ten",
        1,
        &[
            "bounce TXT \"v=spf1 include:amazonses.com a:host1.others.example a:host2.others.example a:host3.others.example a:host4.others.example \" \"a:host5.others.example a:host6.others.example a:host7.others.example a:host8.others.example a:host9.others.example ~all\"",
        ],
        &[("spf.lookups", "warning", "10 of 10 lookups")],
    ),
    case(
        "spf-eleven",
        2,
        &[
            "bounce TXT \"v=spf1 include:amazonses.com a:host1.others.example a:host2.others.example a:host3.others.example a:host4.others.example \" \"a:host5.others.example a:host6.others.example a:host7.others.example a:host8.others.example a:host9.others.example a:host10.others.example ~all\"",
        ],
        &[("spf.lookups", "critical", "11 of 10 lookups")],
    ),
    case(
        "spf-void",
        2,
        &[
            "bounce TXT \"v=spf1 a:gone1.others.example a:gone2.others.example a:gone3.others.example include:amazonses.com ~all\"",
        ],
        &[("spf.lookups", "critical", "3 of 2 that find nothing")],
    ),
    case(
        "spf-circle",
        2,
        &["bounce TXT \"v=spf1 include:round.others.example include:amazonses.com ~all\""],
        &[("spf", "critical", "circle")],
    ),
    case(
        "spf-self",
        2,
        &["bounce TXT \"v=spf1 include:bounce.{d} include:amazonses.com ~all\""],
        &[("spf", "critical", "circle")],
    ),
    case(
        "spf-empty-include",
        2,
        &["bounce TXT \"v=spf1 include:empty.others.example include:amazonses.com ~all\""],
        &[("spf", "critical", "empty.others.example publishes no SPF record")],
    ),
    case(
        "spf-twice-included",
        2,
        &["bounce TXT \"v=spf1 include:twice.others.example include:amazonses.com ~all\""],
        &[("spf", "critical", "2 SPF records")],
    ),
    case(
        "spf-redundant",
        1,
        &["bounce TXT \"v=spf1 include:bundle.others.example include:amazonses.com ~all\""],
        &[("spf.redundant", "warning", "amazonses.com")],
    ),
    case("spf-redirect", 0, &["bounce TXT \"v=spf1 redirect=bundle.others.example\""], &[("spf", "ok", "redirect=")]),
    case(
        "spf-redirect-amazon",
        0,
        &["bounce TXT \"v=spf1 redirect=amazonses.com\""],
        &[("spf", "ok", "redirect=amazonses.com"), ("spf.lookups", "ok", "1 of 10 lookups")],
    ),
    case(
        "spf-redirect-open",
        2,
        &["bounce TXT \"v=spf1 redirect=open.others.example\""],
        &[("spf", "ok", "redirect="), ("spf.all", "critical", "+all behind redirect=open.others.example")],
    ),
    case(
        "spf-behind",
        1,
        &["bounce TXT \"v=spf1 include:amazonses.com include:empty.others.example ~all\""],
        &[("spf", "warning", "for mail that is not from SES")],
    ),
    case(
        "spf-soft",
        2,
        &["bounce TXT \"v=spf1 ~include:amazonses.com -all\""],
        &[("spf", "critical", "its mail ends in softfail")],
    ),
    case(
        "spf-soft-behind",
        2,
        &["bounce TXT \"v=spf1 include:soft.others.example -all\""],
        &[("spf", "critical", "does not include amazonses.com")],
    ),
    case(
        "spf-soft-beside",
        0,
        &["bounce TXT \"v=spf1 -include:plain.others.example include:amazonses.com ~all\""],
        &[("spf", "ok", "include:amazonses.com")],
    ),
    case("spf-ptr", 1, &["bounce TXT \"v=spf1 include:amazonses.com ptr ~all\""], &[("spf.ptr", "warning", "ptr")]),
    case(
        "spf-macro",
        0,
        &["bounce TXT \"v=spf1 include:amazonses.com exists:%{i}.allowed.others.example ~all\""],
        &[("spf.lookups", "ok", "not followed")],
    ),
    case(
        "spf-foreign",
        2,
        &["bounce TXT \"v=spf1 include:plain.others.example ~all\""],
        &[("spf", "critical", "does not include amazonses.com")],
    ),
    case(
        "spf-fails",
        3,
        &["bounce TXT \"v=spf1 include:amazonses.com include:x.fails.example.net ~all\""],
        &[("spf.lookups", "unanswered", "x.fails.example.net")],
    ),
    case(
        "spf-silent",
        3,
        &["bounce TXT \"v=spf1 include:amazonses.com include:x.silent.example ~all\""],
        &[("spf.lookups", "unanswered", "x.silent.example")],
    ),
    case(
        "spf-large",
        1,
        &[
            "bounce TXT \"v=spf1 include:amazonses.com ip4:198.51.100.1 ip4:198.51.100.2 ip4:198.51.100.3 ip4:198.51.100.4 ip4:198.51.100.5 ip4:198.51.100.6 ip4:198.51.100.7 ip4:198.51.100.8 ip4:198.51.100.9 ip4:198.51.100.10 ip4:198.51.100.11 \" \"ip4:198.51.100.12 ip4:198.51.100.13 ip4:198.51.100.14 ~all\"",
            "bounce TXT \"a very long verification 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\" \"another 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\" \"another 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\" \"another 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\" \"another 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"",
        ],
        &[("spf", "ok", "ip4:198.51.100.14"), ("spf.flattened", "warning", "14 networks")],
    ),
    case("spf-alias-circle", 2, &["bounce CNAME ring1.others.example."], &[]),
    case("dkim-none", 2, &["-{t}._domainkey CNAME"], &[("dkim", "critical", "nothing is published")]),
    case(
        "dkim-wrong-zone",
        2,
        &["{t}._domainkey CNAME {t}.dkim.elsewhere.others.example."],
        &[("dkim", "critical", "SES names")],
    ),
    case(
        "dkim-circle",
        2,
        &["{t}._domainkey CNAME again._domainkey.{d}.", "again._domainkey CNAME {t}._domainkey.{d}."],
        &[("dkim", "critical", "circle")],
    ),
    case("dkim-1024", 1, &["{t}._domainkey TXT {1024}"], &[("dkim", "warning", "RSA 1024 bits")]),
    case(
        "dkim-2048",
        1,
        &["{t}._domainkey TXT {2048}"],
        &[("dkim", "warning", "RSA 2048 bits, published without the CNAME")],
    ),
    case("dkim-4096", 1, &["{t}._domainkey TXT {4096}"], &[("dkim", "warning", "RSA 4096 bits")]),
    case("dkim-revoked", 1, &["{t}._domainkey TXT \"v=DKIM1; p=\""], &[("dkim", "warning", "revoked")]),
    case(
        "dkim-cut",
        2,
        &["{t}._domainkey TXT \"v=DKIM1; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\""],
        &[("dkim", "critical", "no RSA key")],
    ),
    case("dkim-twice", 2, &["{t}._domainkey TXT \"v=DKIM1; p=; p=\""], &[("dkim", "critical", "p= stands twice")]),
    case("dmarc-none", 2, &["-_dmarc TXT"], &[("dmarc", "critical", "no DMARC record")]),
    case(
        "dmarc-two",
        2,
        &["_dmarc TXT \"v=DMARC1; p=none\"", "_dmarc TXT \"v=DMARC1; p=reject\""],
        &[("dmarc", "critical", "2 records")],
    ),
    case(
        "dmarc-ablehnen",
        2,
        &["_dmarc TXT \"v=DMARC1; p=ablehnen; rua=mailto:dmarc@{d}\""],
        &[("dmarc", "critical", "write p=reject")],
    ),
    case(
        "dmarc-utf8",
        2,
        &["_dmarc TXT \"v=DMARC1; p=Quarant\\195\\164ne; rua=mailto:dmarc@{d}\""],
        &[("dmarc", "critical", "write p=quarantine")],
    ),
    case(
        "dmarc-latin1",
        2,
        &["_dmarc TXT \"v=DMARC1; p=Quarant\\228ne; rua=mailto:dmarc@{d}\""],
        &[("dmarc", "critical", "write p=quarantine")],
    ),
    case(
        "dmarc-below",
        2,
        &["_dmarc TXT \"v=DMARC1; p=reject; sp=ablehnen; rua=mailto:dmarc@{d}\""],
        &[("dmarc", "critical", "write sp=reject"), ("dmarc.policy", "info", "p=none")],
    ),
    case(
        "dmarc-no-policy",
        1,
        &["_dmarc TXT \"v=DMARC1; rua=mailto:dmarc@{d}\""],
        &[("dmarc", "warning", "p is missing"), ("dmarc.policy", "info", "p=none")],
    ),
    case("dmarc-small", 2, &["_dmarc TXT \"v=dmarc1; p=none\""], &[("dmarc", "critical", "v=dmarc1")]),
    case(
        "dmarc-old",
        1,
        &["_dmarc TXT \"v=DMARC1; p=reject; pct=50; rf=afrf; ri=86400; rua=mailto:dmarc@{d}\""],
        &[("dmarc.tags", "warning", "pct=50")],
    ),
    case("dmarc-no-reports", 1, &["_dmarc TXT \"v=DMARC1; p=reject\""], &[("dmarc.reports", "warning", "no address")]),
    case(
        "dmarc-foreign",
        1,
        &["_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:a@reports.others.example\""],
        &[("dmarc.reports", "warning", "has not said")],
    ),
    case(
        "dmarc-agreed",
        0,
        &["_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:a@agreed.others.example\""],
        &[("dmarc.reports", "ok", "takes reports")],
    ),
    case("dmarc-fails", 3, &["_dmarc CNAME x.fails.example.net."], &[("dmarc", "unanswered", "SERVFAIL")]),
    case("dmarc-alias", 1, &["_dmarc CNAME _dmarc.sender-good.example."], &[("dmarc", "ok", "p=reject")]),
    case("mx-none", 2, &["-bounce MX"], &[("mail_from", "critical", "no MX")]),
    case(
        "mx-two",
        2,
        &["bounce MX 10 feedback-smtp.eu-central-1.amazonses.com.", "bounce MX 20 mail.{d}."],
        &[("mail_from", "critical", "2 MX records")],
    ),
    case(
        "mx-region",
        2,
        &["bounce MX 10 feedback-smtp.us-east-1.amazonses.com."],
        &[("mail_from", "critical", "another region")],
    ),
    case("mx-own", 2, &["bounce MX 10 mail.{d}."], &[("mail_from", "critical", "not Amazon's")]),
];
