//! `demo`: the whole job without any account.
//!
//! The built-in lab answers for SES and for three providers on loopback, and the program itself makes twelve weekly runs
//! against it by the lab's clock. Its sender signs with nobody's domain but Amazon's for six weeks; then its DNS is mended,
//! SPF and DKIM are aligned with From, and placement recovers. Every run is marked as simulated.

mod records;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

use super::compare::around_last_change;
use super::judgement::{hear, judge_run, open_to_read};
use super::{Context, Failure, Outcome, report, run};
use crate::Exit;
use crate::cli::{DemoArgs, ReportArgs, RunArgs, called};
use crate::config::DEMO_MARK;
use crate::domain::language::Language;
use crate::domain::run::{Label, RunId};
use crate::edge::clock::Clock;
use crate::lab::Lab;
use crate::lab::dns::{DnsServer, DnsZone};
use crate::lab::mailbox::{Character, Mailboxes, NewAccount, Role, Tab};
use crate::lab::receive::{Receiver, Verdict, stamp};
use crate::lab::ses::{Accepted, Identity, SesAccount, SesServer, SesSettings};
use crate::render::why::whys;
use crate::render::words::counted;

/// A seed whose probe the lab junks in the week before the change.
const SPAMMED: &str = "outlook02@outlook.example";
/// Weekly runs.
const WEEKS: u32 = 12;
/// The first week after the change.
const MENDED: u32 = 7;
/// How many times faster than ours the lab's clock runs: 15 minutes pass in about two seconds.
const SPEED: f64 = 400.0;
/// What the demo's mailboxes are opened with; the lab makes it up and forgets it.
const PASSWORD: &str = "the lab's own";

/// What a demo writes beside its configuration, and where somebody's own may lie.
const OWN_FILES: [&str; 5] = ["inboxed.db", "seeds/lab.toml", "lab-ca.pem", "lab.secret", "messages/newsletter.eml"];

/// Providers with the number of their seeds.
const SEEDS: [(&str, &str, Character, u32); 3] = [
    ("gmail", "gmail.example", Character::Gmail, 14),
    ("outlook", "outlook.example", Character::Outlook, 12),
    ("yahoo", "yahoo.example", Character::Yahoo, 10),
];

fn dir_of(args: &DemoArgs) -> PathBuf {
    args.dir.clone().unwrap_or_else(|| PathBuf::from("inboxed-demo"))
}

/// The configuration that a demo leaves.
pub(crate) fn config_path(args: &DemoArgs) -> PathBuf {
    dir_of(args).join("inboxed.toml")
}

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &DemoArgs) -> Result<Outcome, Failure> {
    let dir = dir_of(args);
    clear(&dir).map_err(Failure::bad_input)?;
    let starts = context.clock.now().checked_sub(SignedDuration::from_hours(24 * 7 * i64::from(WEEKS)));
    let clock = Clock::simulated(starts.map_err(Failure::internal)?, SPEED);
    let lab = Lab::start(clock.clone()).await.map_err(Failure::internal)?;
    open_mailboxes(&lab.mailboxes);
    let week = Arc::new(AtomicU32::new(1));
    let account = SesAccount::new(
        SesSettings { max_send_rate: 50.0, identities: vec![sender(false)], ..SesSettings::default() },
        clock.clone(),
        deliver_into(lab.mailboxes.clone(), Arc::clone(&week)),
    );
    let ses = SesServer::start(account.clone()).await.map_err(Failure::internal)?;
    let dns = DnsServer::start(DnsZone::new()).await.map_err(Failure::internal)?;
    records::publish_first(dns.zone());
    write_files(&dir, &lab, &ses.endpoint_url(), &dns).map_err(Failure::bad_input)?;

    let inside = Context {
        config_path: config_path(args),
        clock: clock.clone(),
        simulated: true,
        json: false,
        ..context.clone()
    };
    let mut last = String::new();
    for number in 1..=WEEKS {
        week.store(number, Ordering::SeqCst);
        if number == MENDED {
            // SES signs, and uses the MAIL FROM domain, as soon as it finds the records.
            records::mend(dns.zone());
            account.change(|settings| settings.identities = vec![sender(true)]);
        }
        let label = Label::new(&format!("week-{number}"));
        let args = RunArgs { streams: Vec::new(), wait: None, label, dry_run: false, scheduled: false };
        let ended = Box::pin(run::execute(&inside, &args)).await?;
        if ended.exit == Exit::Interrupted {
            return Ok(ended);
        }
        last = ended.stdout;
        if context.progress {
            context.note(&format!("week {number} of {WEEKS}"));
        }
        clock.advance(Duration::from_hours(7 * 24));
    }
    let drawn = report::execute(
        &inside,
        &ReportArgs { stream: None, since: None, out: None, lang: Language::English, only: Vec::new(), show: false },
    )
    .await?
    .stdout;
    if context.json {
        let document = serde_json::json!({
            "simulated": true, "dir": dir.display().to_string(), "runs": WEEKS, "charts": drawn.lines().collect::<Vec<_>>(),
        });
        return Ok(Outcome::ok(format!("{document:#}\n")));
    }
    let (before, after) = why_of_both_ends(&inside).await?;
    let change = result(&inside).await?;
    Ok(Outcome::ok(format!(
        "{last}\n{WEEKS} simulated weekly runs are stored in {dir}; from week {MENDED} on SPF and DKIM align with From.\n\nWhy, in the \
         week before that:\n{before}and in the last one:\n{after}\n{change}{}\n{}",
        pictures(&drawn),
        next(&inside.config_path),
        dir = dir.display(),
    )))
}

/// Where the report lies, and what of it to look at first.
fn pictures(drawn: &str) -> String {
    const FIRST: [(&str, &str); 2] =
        [("report.html", "the whole page, for a browser"), ("trend-newsletter.png", "placement over the twelve weeks")];
    let paths: Vec<&Path> = drawn.lines().map(Path::new).collect();
    let Some(dir) = paths.first().and_then(|path| path.parent()) else { return String::new() };
    let first = FIRST.map(|(name, what)| format!("  {name:<22}{what}\n")).concat();
    let others = counted(paths.len().saturating_sub(FIRST.len()), "further file");
    format!(
        "Look at, in {}:\n{first}and {others}: before and after, seeds, latencies, each also dark; CSV, JSON\n",
        dir.display()
    )
}

/// What to type next.
fn next(config: &Path) -> String {
    let inboxed = called();
    let config = config.to_string_lossy();
    let config = shell_words::quote(&config);
    let line = |words: &str| format!("  {inboxed} --config {config} {words}\n");
    let read = [
        "runs",
        "show last",
        &format!("show week-{} {SPAMMED}", MENDED - 1),
        "compare --change last",
        "dns diff",
        "status",
        "report --show",
    ];
    let read: String = read.into_iter().map(line).collect();
    format!(
        "Try next (the lab is gone, so that `check`, `run` and `sweep` find nobody there):\n{read}Then with your own mail:\n  \
         {inboxed} init mail\n"
    )
}

/// What the change did to placement, as `compare --change last` has it.
async fn result(inside: &Context) -> Result<String, Failure> {
    let (config, store) = open_to_read(inside).await?;
    let runs = store.runs(u32::MAX, store.holder_run()).await.map_err(Failure::internal)?;
    let Some(stream) = runs.first().and_then(|run| run.streams.first().cloned()) else { return Ok(String::new()) };
    let compared = around_last_change(&store, &config, &runs, &stream, inside.clock.now()).await;
    let Ok(report) = compared.map_err(Failure::internal)? else { return Ok(String::new()) };
    let told = report.result_words().map(|words| format!("What the change did: {words}.\n"));
    Ok(told.map_or_else(String::new, |told| format!("{told}{}\n\n", report.notes.join("\n"))))
}

/// What the receivers wrote in the week before the change and in the last one, a line for each provider.
async fn why_of_both_ends(inside: &Context) -> Result<(String, String), Failure> {
    let (config, store) = open_to_read(inside).await?;
    let mut told = Vec::new();
    for week in [MENDED - 1, WEEKS] {
        let mut report =
            judge_run(&store, &config, RunId(i64::from(week)), inside.clock.now()).await.map_err(Failure::internal)?;
        hear(&store, &config, &mut report).await.map_err(Failure::internal)?;
        let lines: Vec<String> = whys(&report).iter().map(|why| format!("  {why}\n")).collect();
        told.push(lines.concat());
    }
    let mut told = told.into_iter();
    Ok((told.next().unwrap_or_default(), told.next().unwrap_or_default()))
}

/// Makes room: a directory that holds an earlier demo is emptied of it; any other one is left alone.
fn clear(dir: &Path) -> anyhow::Result<()> {
    let config = dir.join("inboxed.toml");
    if !config.exists() {
        let own = OWN_FILES.iter().map(|name| dir.join(name)).find(|path| path.symlink_metadata().is_ok());
        return own.map_or(Ok(()), |path| {
            Err(anyhow!(
                "{} is no demo's and would be written over; choose another directory with --dir",
                path.display()
            ))
        });
    }
    let text = fs::read_to_string(&config).with_context(|| format!("read {}", config.display()))?;
    if !text.starts_with(DEMO_MARK) {
        return Err(anyhow!("{} is no demo's; choose another directory with --dir", config.display()));
    }
    for name in ["inboxed.db", "inboxed.db-wal", "inboxed.db-shm", "inboxed.db.lock"] {
        match fs::remove_file(dir.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("remove {}", dir.join(name).display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The sender as SES knows it, before and after its records are found in DNS.
fn sender(mended: bool) -> Identity {
    let mut identity = Identity::domain(records::DOMAIN).with_mail_from(records::MAIL_FROM);
    identity.dkim = mended;
    if let Some(mail_from) = &mut identity.mail_from {
        mail_from.working = mended;
    }
    identity
}

fn address(local: &str, domain: &str, number: u32) -> String {
    format!("{local}{number:02}@{domain}")
}

fn open_mailboxes(mailboxes: &Mailboxes) {
    for (local, domain, character, count) in SEEDS {
        for number in 1..=count {
            mailboxes.open(NewAccount::new(character, &address(local, domain, number), PASSWORD));
        }
    }
}

/// Everything that `show` and `report` need after the lab is gone.
fn write_files(dir: &Path, lab: &Lab, endpoint: &str, dns: &DnsServer) -> anyhow::Result<()> {
    let resolver = dns.address();
    let seed = |(local, domain, character, count): (&str, &str, Character, u32)| {
        let port = lab.imap(character).port();
        let one = |number| {
            format!(
                "[[seed]]\naddress = \"{}\"\nprovider = \"{local}\"\nhost = \"127.0.0.1\"\nport = {port}\nca_file = \
                 \"../lab-ca.pem\"\nsecret = {{ file = \"../lab.secret\" }}\n",
                address(local, domain, number),
            )
        };
        (1..=count).map(one).collect::<Vec<_>>()
    };
    let seeds = SEEDS.into_iter().flat_map(seed).collect::<Vec<_>>().join("\n");
    let config = format!(
        "{DEMO_MARK}\n[ses]\nregion = \"eu-central-1\"\nendpoint_url = \"{endpoint}\"   # the lab, gone when the demo \
         ended\n\n[dns]\nresolver = \"{resolver}\"   # the lab's, too\n\n[run]\nwait = \"15m\"\n\n[[stream]]\nname = \"newsletter\"\nkind = \"marketing\"\nfrom = \"News \
         <news@shop.example>\"\nmessage = \"messages/newsletter.eml\"\n"
    );
    let files: BTreeMap<&str, &str> = BTreeMap::from([
        ("inboxed.toml", config.as_str()),
        ("seeds/lab.toml", seeds.as_str()),
        ("lab-ca.pem", lab.ca_pem()),
        ("lab.secret", PASSWORD),
        ("messages/newsletter.eml", include_str!("init/newsletter.eml")),
    ]);
    for (name, text) in files {
        let path = dir.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        let closed = written.and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)));
        closed.with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

/// Where mail lands: the scenario, as SES's way into the mailboxes.
fn deliver_into(mailboxes: Mailboxes, week: Arc<AtomicU32>) -> Arc<dyn Fn(Accepted) + Send + Sync> {
    Arc::new(move |accepted: Accepted| {
        let week = week.load(Ordering::SeqCst);
        let Some(landing) = landing(week, &accepted.recipient) else { return };
        let verdict = if landing.place == Role::Junk { Verdict::Spam } else { Verdict::Inbox };
        let at = accepted.accepted_at.checked_add(landing.after).unwrap_or(accepted.accepted_at);
        let mut receiver = Receiver::new(landing.character, verdict, at);
        receiver.microsoft.bcl = landing.bulk;
        if let Some((scl, cat)) = landing.category.filter(|_| verdict == Verdict::Spam) {
            (receiver.microsoft.scl, receiver.microsoft.cat) = (scl, cat.to_owned());
        }
        let bytes = stamp(&accepted, &receiver);
        // A mailbox that is none loses its mail, as it does at a provider.
        let _ = mailboxes.deliver(&accepted.recipient, landing.place, landing.tab, bytes, receiver.filed_at());
    })
}

struct Landing {
    character: Character,
    place: Role,
    tab: Option<Tab>,
    after: Duration,
    /// Microsoft's bulk complaint level.
    bulk: u8,
    /// Microsoft's confidence and category, where it is another than of plain spam.
    category: Option<(i8, &'static str)>,
}

/// Where the probe of one week lands in one mailbox; `None` when it is swallowed. Drawn from a hash, so that every demo
/// tells the same story.
fn landing(week: u32, recipient: &str) -> Option<Landing> {
    let (_, _, character, _) = SEEDS.into_iter().find(|(_, domain, _, _)| recipient.ends_with(domain))?;
    let draw = |what: &str| {
        let digest = Sha256::digest(format!("{what} {week} {recipient}"));
        digest.iter().take(2).fold(0_u32, |sum, byte| sum * 256 + u32::from(*byte)) * 100 / 65_536
    };
    // Per cent in spam: it creeps up while nothing aligns, and falls within three weeks once it does.
    let spam = match (character, week) {
        (Character::Gmail, 1..MENDED) => 8 + 4 * week,
        (Character::Outlook, 1..MENDED) => 20 + 5 * week,
        (_, 1..MENDED) => 10 + 3 * week,
        (Character::Outlook, _) => 34_u32.saturating_sub(12 * (week - MENDED)).max(4),
        _ => 18_u32.saturating_sub(7 * (week - MENDED)).max(3),
    };
    if draw("lost") < 2 {
        return None;
    }
    let after = Duration::from_secs(u64::from(3 + draw("delay") / 2));
    let junked = draw("spam") < spam;
    let tab = match (character, junked) {
        (Character::Gmail, false) if draw("tab") < 22 => Some(Tab::Promotions),
        (Character::Gmail, false) => Some(Tab::Primary),
        _ => None,
    };
    // Some of what does not align is taken for spoofed; what is junked although it aligns, for bulk mail.
    let category = match (week, draw("category")) {
        (1..MENDED, 0..40) => Some((5, "SPOOF")),
        (1..MENDED, _) => None,
        (_, 0..70) => Some((6, "BULK")),
        _ => None,
    };
    let bulk = if junked && category.is_some_and(|(_, cat)| cat == "BULK") { 6 } else { 2 };
    Some(Landing { character, place: if junked { Role::Junk } else { Role::Inbox }, tab, after, bulk, category })
}
