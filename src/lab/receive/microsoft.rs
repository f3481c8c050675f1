//! Outlook.com and Microsoft 365: results without an id above the message, the filter's report below its header.

use super::facts::Facts;
use super::{Dkim, Policy, Spf, Verdict, date};

/// What Microsoft's filter writes down, key by key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MicrosoftFilter {
    /// Spam confidence: -1 skipped, 0 and 1 not spam, 5 and 6 spam, 7 to 9 spam for sure.
    pub scl: i8,
    /// Bulk complaint level, 0 to 9.
    pub bcl: u8,
    /// Why: NSPM, SPM, SFE, BLK and others.
    pub sfv: String,
    /// The category: NONE, SPM, BULK, HSPM and others.
    pub cat: String,
    /// Where the mailbox put it: I inbox, J junk, C a folder of the owner's.
    pub dest: char,
    /// What overrode the filter, such as `CustomRules`; usually nothing.
    pub ofr: Option<String>,
    /// The country of the sending address.
    pub country: String,
}

impl MicrosoftFilter {
    /// What the filter usually writes for this verdict.
    pub fn of(verdict: Verdict) -> Self {
        let (scl, sfv, cat, dest) = match verdict {
            Verdict::Inbox => (1, "NSPM", "NONE", 'I'),
            Verdict::Spam => (5, "SPM", "SPM", 'J'),
        };
        Self {
            scl,
            bcl: 0,
            sfv: sfv.to_owned(),
            cat: cat.to_owned(),
            dest,
            ofr: (verdict == Verdict::Spam).then(|| "SpamFilterAuthJ".to_owned()),
            country: "US".to_owned(),
        }
    }
}

pub(super) fn above(facts: &Facts<'_>) -> String {
    let mut noise = facts.noise.clone();
    let receiver = facts.receiver;
    let (taken, filed) = (date::short_utc(receiver.received_at), date::short_utc(receiver.filed_at()));
    let front = format!("DB5EUR02FT{:03}", noise.below(1000));
    let back = format!("AS8P194MB{:04}", noise.below(10_000));
    let tls =
        receiver.tls.map_or_else(String::new, |tls| format!("(version={}, cipher={})\r\n ", tls.version, tls.cipher));
    let inner = "(version=TLS1_3,\r\n cipher=TLS_AES_256_GCM_SHA384)";
    let [mailbox, hop] = [(); 2].map(|()| format!("2001:db8:10a6:{}::{}", noise.hex(3), noise.below(99)));
    format!(
        "Received: from {back}.EURP194.PROD.OUTLOOK.COM ({mailbox})\r\n by {back}.EURP194.PROD.OUTLOOK.COM with HTTPS; \
         {filed}\r\n\
         Received: from {front}.eop-EUR02.prod.protection.outlook.com\r\n ({hop}) by {back}.outlook.office365.com\r\n \
         ({mailbox}) with Microsoft SMTP Server {inner} id 15.20.8314.16; {filed}\r\n\
         Authentication-Results: {results}\r\n\
         Received-SPF: {spf} (protection.outlook.com: {sentence})\r\n receiver=protection.outlook.com; client-ip={ip}; \
         helo={host};{verified}\r\n\
         Received: from {host} ({ip}) by\r\n {front}.mail.protection.outlook.com (198.51.100.{last}) with Microsoft SMTP \
         Server\r\n {tls}id 15.20.8314.16 via Frontend Transport; {taken}\r\n\
         X-IncomingTopHeaderMarker:\r\n OriginalChecksum:{checksum};UpperCasedChecksum:{upper};SizeAsReceived:4211;Count:15\r\n",
        results = results(facts),
        spf = spf_capitalised(receiver.spf),
        sentence = facts.spf_sentence(&facts.accepted.mail_from),
        ip = facts.ip,
        host = facts.host,
        verified = if receiver.spf == Spf::Pass { " pr=C" } else { "" },
        last = noise.below(254) + 1,
        checksum = noise.hex(64).to_ascii_uppercase(),
        upper = noise.hex(64).to_ascii_uppercase(),
    )
}

pub(super) fn below(facts: &Facts<'_>) -> String {
    let mut noise = facts.noise.clone();
    let (receiver, filter) = (facts.receiver, &facts.receiver.microsoft);
    let junked = filter.dest == 'J';
    let aligned = facts.authentication().dmarc == Some(true);
    let ofr = filter.ofr.as_ref().map_or_else(String::new, |ofr| format!("OFR:{ofr};"));
    format!(
        "X-IncomingHeaderCount: 15\r\n\
         Return-Path: {path}\r\n\
         X-MS-Exchange-Organization-ExpirationStartTime: {received} (UTC)\r\n\
         X-MS-Exchange-Organization-Network-Message-Id:\r\n {uuid}\r\n\
         X-MS-Exchange-Organization-SCL: {scl}\r\n\
         X-Forefront-Antispam-Report:\r\n CIP:{ip};CTRY:{country};LANG:en;SCL:{scl};SRV:;IPV:NLI;SFV:{sfv};H:{host};\
         PTR:{host};CAT:{cat};SFS:(13230040)(69100299015)(2092899012);DIR:INB;\r\n\
         X-Microsoft-Antispam: BCL:{bcl};ARA:14566002|461199028|47200799021|1602099012;\r\n\
         X-MS-Exchange-Transport-EndToEndLatency: 00:00:{latency:02}.{fraction:07}\r\n\
         X-Microsoft-Antispam-Mailbox-Delivery:\r\n ucf:0;jmr:{jmr};ex:0;auth:{auth};dest:{dest};{ofr}\
         ENG:(5062000308)(920221119095)(90000117);\r\n",
        path = facts.return_path,
        received = receiver.received_at.strftime("%d %b %Y %H:%M:%S.0000"),
        uuid = noise.uuid(),
        scl = filter.scl,
        ip = facts.ip,
        country = filter.country,
        sfv = filter.sfv,
        host = facts.host,
        cat = filter.cat,
        bcl = filter.bcl,
        latency = receiver.filing.as_secs().min(59),
        fraction = noise.below(10_000_000),
        jmr = u8::from(junked),
        auth = u8::from(aligned),
        dest = filter.dest,
    )
}

fn results(facts: &Facts<'_>) -> String {
    let receiver = facts.receiver;
    let signatures: Vec<String> = facts
        .signatures
        .iter()
        .map(|signature| {
            let (word, comment) = match signature.result {
                Dkim::Pass => ("pass", "signature was verified"),
                Dkim::Fail | Dkim::Neutral => ("fail", "body hash did not verify"),
                Dkim::TempError => ("temperror", "key query timeout"),
                Dkim::PermError => ("fail", "no key for signature"),
            };
            format!("dkim={word} ({comment})\r\n header.d={}", signature.domain)
        })
        .collect();
    let dkim = if signatures.is_empty() {
        "dkim=none (message not signed)\r\n header.d=none".to_owned()
    } else {
        signatures.join(";")
    };
    let authentication = facts.authentication();
    let would_pass = authentication.spf_aligned || authentication.dkim_aligned;
    let (dmarc, action, compauth) = match (receiver.policy, would_pass) {
        (Some(_), true) => ("pass", "none", "pass\r\n reason=100"),
        (None, true) => ("bestguesspass", "none", "pass\r\n reason=109"),
        (None, false) => ("none", "none", "fail\r\n reason=001"),
        (Some(Policy::None), false) => ("fail", "none", "fail\r\n reason=001"),
        (Some(Policy::Quarantine), false) => ("fail", "quarantine", "fail\r\n reason=000"),
        (Some(Policy::Reject), false) => ("fail", "oreject", "fail\r\n reason=000"),
    };
    format!(
        "spf={} (sender IP is {})\r\n smtp.mailfrom={}; {dkim};dmarc={dmarc} action={action}\r\n \
         header.from={};compauth={compauth}",
        receiver.spf.word(),
        facts.ip,
        facts.accepted.mail_from,
        facts.domain,
    )
}

fn spf_capitalised(spf: Spf) -> &'static str {
    match spf {
        Spf::Pass => "Pass",
        Spf::Neutral => "Neutral",
        Spf::SoftFail => "SoftFail",
        Spf::Fail => "Fail",
        Spf::None => "None",
        Spf::TempError => "TempError",
        Spf::PermError => "PermError",
    }
}
