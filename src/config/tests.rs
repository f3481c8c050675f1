use std::fs;
use std::path::Path;

use super::schedule::{Channel, Occasion};
use super::*;
use crate::domain::folder::Role;
use crate::domain::provider::{LoginForm, Tls};
use crate::domain::seed::{AuthKind, IpFamily};
use crate::domain::stream::{StreamKind, TagMode};
use crate::secret::SecretSource;

const STREAM: &str = "[[stream]]\nname = \"news\"\nmessage = \"m.eml\"\n";
const SEED: &str = "[[seed]]\naddress = \"anna@gmail.com\"\nprovider = \"gmail\"\nsecret = { env = \"P\" }\n";
const SMTP: &str = "transport = \"ses-smtp\"\n[stream.smtp]\nhost = \"127.0.0.1\"\nuser = \"AKIA\"\n";

/// Loads a configuration made of these files, in a directory whose name would be a pattern; the directory is left out of
/// the sentences.
fn load_files(files: &[(&str, &str)]) -> Result<Config, String> {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("a[b]*");
    for (name, text) in [("m.eml", "From: a@shop.example\r\n\r\nhello\r\n")].iter().chain(files) {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let shorten = |text: String| text.replace(&format!("{}/", dir.display()), "");
    Config::load(&dir.join("inboxed.toml")).map_err(|faults| shorten(faults.to_string()))
}

fn load(main: &str, seeds: &str) -> Result<Config, String> {
    load_files(&[("inboxed.toml", main), ("seeds/a.toml", seeds)])
}

#[track_caller]
fn check(main: &str, seeds: &str, sentence: &str) {
    let found = load(main, seeds).map(|_| ()).unwrap_err();
    assert_eq!(found, sentence, "\n{main}{seeds}");
}

#[test]
fn a_slip_in_the_main_file_is_told_with_line_key_and_remedy() {
    for (main, sentence) in [
        ("datebase = \"x\"\n", "inboxed.toml:1: datebase: unknown key; did you mean `database`?"),
        ("\n[thresold]\ninbox_warn = 0.8\n", "inboxed.toml:2: thresold: unknown key; did you mean `thresholds`?"),
        ("[run]\nwiat = \"15m\"\n", "inboxed.toml:2: run.wiat: unknown key; did you mean `wait`?"),
        ("[ses]\nqqqq = 1\n", "inboxed.toml:2: ses.qqqq: unknown key; the keys here are endpoint_url, region"),
        (
            "[run]\nwait = 15\n",
            "inboxed.toml:2: run.wait: must be a duration in quotes, such as \"15m\", not an integer",
        ),
        (
            "[run]\nwait = \"15 min\"\n",
            "inboxed.toml:2: run.wait: '15 min' is not a duration; write a number and s, m, h, d, w or y, such as 90s or 15m",
        ),
        ("[run]\nwait = \"0s\"\n", "inboxed.toml:2: run.wait: must be longer than 0s; write one such as \"15m\""),
        ("[run]\nmax_connections = 0\n", "inboxed.toml:2: run.max_connections: must be a whole number from 1 to 10000"),
        (
            "[run]\nmax_connections = -5\n",
            "inboxed.toml:2: run.max_connections: must be a whole number from 1 to 10000",
        ),
        ("run = true\n", "inboxed.toml:1: run: must be a table, not a boolean"),
        ("database = \"\"\n", "inboxed.toml:1: database: \"\" is not a text on one line that is not empty"),
        (
            "[ses]\nregion = \"Frankfurt\"\n",
            "inboxed.toml:2: ses.region: \"Frankfurt\" is not an AWS region; write one such as \"eu-central-1\"",
        ),
        (
            "[dns]\nresolver = \"localhost\"\n",
            "inboxed.toml:2: dns.resolver: \"localhost\" is not an address with a port; write one such as \"127.0.0.1:5353\"",
        ),
        (
            "[judge]\npromotions_as_inbox = 1\n",
            "inboxed.toml:2: judge.promotions_as_inbox: must be true or false, not an integer",
        ),
        (
            "[ses]\nendpoint_url = \"http://anna:hunter2@h/\"\n",
            "inboxed.toml:2: ses.endpoint_url: it is not an address without a user name that starts with https://; only this \
             very machine may be http://",
        ),
        (
            "[judge]\nconfidence = 1\n",
            "inboxed.toml:2: judge.confidence: must be between 0.5 and 0.9999; write one such as 0.95",
        ),
        (
            // The next below 1: its quantile has no number, and every range would be none.
            "[judge]\nconfidence = 0.9999999999999999\n",
            "inboxed.toml:2: judge.confidence: must be between 0.5 and 0.9999; write one such as 0.95",
        ),
        ("[thresholds]\ninbox_warn = 1.5\n", "inboxed.toml:2: thresholds.inbox_warn: must be a number from 0 to 1"),
        ("[thresholds]\ninbox_warn = nan\n", "inboxed.toml:2: thresholds.inbox_warn: must be a number from 0 to 1"),
        (
            "[thresholds]\nspam_warn = 0.1\ninbox_crit = 0.9\n",
            "inboxed.toml:3: thresholds.inbox_crit: 0.9 is above inbox_warn, 0.8; a rate turns critical below a warning",
        ),
        (
            "[thresholds]\nspam_warn = 0.3\n",
            "inboxed.toml:2: thresholds.spam_warn: 0.3 is above spam_crit, 0.2; a share turns critical above a warning",
        ),
        (
            "[weights]\ngmial = 0.5\n",
            "inboxed.toml:2: weights.gmial: there is no provider \"gmial\"; did you mean \"gmail\"?",
        ),
        ("[weights]\ngmail = 50\n", "inboxed.toml:2: weights.gmail: must be a number from 0 to 1"),
        (
            "[weights]\ngmail = 0\n",
            "inboxed.toml:2: weights: all are 0; give at least one provider a share, or take the section out",
        ),
        (
            "[schedule]\nat = \"Monday 6:00\"\n",
            "inboxed.toml:2: schedule.at: \"Monday 6:00\" is not a time of day, with or without a weekday; write one such as \
             \"Mon 06:00\", or a cron expression of five fields",
        ),
        (
            "[schedule]\nevery = \"7d\"\nat = \"0 6 * * MON\"\n",
            "inboxed.toml:2: schedule.every: says when a run is due, and so does the cron expression in `at`; take one out",
        ),
        (
            "[schedule]\nevery = \"12h\"\nat = \"06:00\"\n",
            "inboxed.toml:3: schedule.at: is a time of day, but `every` is not a number of days; take it out",
        ),
        (
            "[schedule]\nevery = \"3d\"\nat = \"Mon 06:00\"\n",
            "inboxed.toml:3: schedule.at: names a weekday, but `every` is not a number of weeks; write the time alone",
        ),
        (
            "[[alert]]\nkind = \"pager\"\n",
            "inboxed.toml:2: alert.kind: \"pager\" is not one of webhook, slack, teams, email, command, heartbeat",
        ),
        ("[[alert]]\nkind = \"slack\"\n", "inboxed.toml:1: alert.url: is missing; write url = { env = \"…\" }"),
        (
            "[[alert]]\nkind = \"email\"\nto = \"a@b.example\"\ncommand = \"x\"\n",
            "inboxed.toml:4: alert.command: is not used by an alert of kind \"email\"; take it out",
        ),
        (
            "[[alert]]\nkind = \"email\"\nto = \"a@b.example\"\non = [\"spam\"]\n",
            "inboxed.toml:4: alert.on: \"spam\" is not one of threshold, recovery, seed, dns, unjudged",
        ),
        ("seeds = \"seeds/*.toml\"\n", "inboxed.toml:1: seeds: must be a list of texts, such as [\"…\"], not a text"),
        (
            "seeds = [\"b.toml\"]\n",
            "inboxed.toml:1: seeds: b.toml does not exist; create it or take it out of the list",
        ),
        (
            "seeds = [\n  \"seeds/*.toml\",\n  \"./seeds/a.*\",\n]\n",
            "inboxed.toml:3: seeds: \"seeds/*.toml\" and \"./seeds/a.*\" both name ./seeds/a.toml; keep one of them",
        ),
        ("[run]\n[run]\n", "inboxed.toml:2: not valid TOML: duplicate key"),
    ] {
        check(main, SEED, sentence);
    }
}

#[test]
fn messages_travel_encrypted_or_not_out_of_this_machine() {
    let set = |url: &str| load(&format!("[ses]\nendpoint_url = \"{url}\"\n{STREAM}"), SEED);
    for url in ["http://mail.example:80", "http://192.0.2.1", "http://127.0.0.1.evil.example", "ftp://127.0.0.1"] {
        let told = format!(
            "inboxed.toml:2: ses.endpoint_url: \"{url}\" is not an address without a user name that starts with https://; only \
             this very machine may be http://"
        );
        assert_eq!(set(url).map(drop).unwrap_err(), told);
    }
    for url in ["http://127.0.0.1:4579", "http://localhost:4579", "http://[::1]:4579", "https://ses.example"] {
        assert_eq!(set(url).unwrap().ses.endpoint_url.as_deref(), Some(url));
    }
}

#[test]
fn a_slip_in_a_stream_is_told_with_line_key_and_remedy() {
    for (extra, sentence) in [
        ("kind = \"news\"\n", "inboxed.toml:4: stream.kind: \"news\" is not one of marketing, transactional, outreach"),
        ("transport = \"smtp\"\n", "inboxed.toml:4: stream.transport: \"smtp\" is not one of ses-api, ses-smtp"),
        (
            "transport = \"ses-smtp\"\n",
            "inboxed.toml:4: stream.transport: ses-smtp needs [stream.smtp] with host, port, tls, user and secret; add it",
        ),
        (
            "[stream.smtp]\nhost = \"127.0.0.1\"\nuser = \"u\"\nsecret = { env = \"P\" }\n",
            "inboxed.toml:4: stream.smtp: is used by transport = \"ses-smtp\" only; write that too, or take this out",
        ),
        (SMTP, "inboxed.toml:5: stream.smtp.secret: is missing; write secret = { env = \"…\" }"),
        (
            "from = \"News <news@shop.example>, b@shop.example\"\n",
            "inboxed.toml:4: stream.from: \"News <news@shop.example>, b@shop.example\" is not one sender; write \"News \
             <news@shop.example>\" or only the address",
        ),
        (
            "from = \"Nöws <nöws@shop.example>\"\n",
            "inboxed.toml:4: stream.from: \"nöws@shop.example\" has letters outside ASCII before its @, and SES delivers to no \
             such address (it speaks no SMTPUTF8); take a mailbox whose name is plain",
        ),
        ("tag = \"subject\"\n", "inboxed.toml:4: stream.tag: \"subject\" is not one of header, none"),
        ("contrl = true\n", "inboxed.toml:4: stream.contrl: unknown key; did you mean `control`?"),
        (
            "[[stream]]\nname = \"News\"\nmessage = \"m.eml\"\n",
            "inboxed.toml:5: stream.name: News is a second stream of that name, after inboxed.toml:1; rename one",
        ),
        (
            "[[stream]]\nname = \"b\"\n",
            "inboxed.toml:4: stream.message: is missing; write message = \"messages/newsletter.eml\"",
        ),
        (
            "[[stream]]\nname = \"b\"\nmessage = \"x.eml\"\n",
            "inboxed.toml:6: stream.message: x.eml does not exist; give the path of an .eml file",
        ),
        (
            "[[stream]]\nname = \"2nd\"\nmessage = \"m.eml\"\n",
            "inboxed.toml:5: stream.name: \"2nd\" is not a stream's name; write a letter, then letters, digits, '.', '_' or \
             '-', 64 at most",
        ),
    ] {
        check(&format!("{STREAM}{extra}"), SEED, sentence);
    }
    check(
        "[stream]\nname = \"x\"\n",
        SEED,
        "inboxed.toml:1: stream: must be a list of tables, each headed [[stream]], not a table",
    );
}

#[test]
fn a_slip_in_a_seed_is_told_with_line_key_and_remedy() {
    for (seeds, sentence) in [
        (format!("{SEED}junc = \"Bulk\"\n"), "seeds/a.toml:5: seed.junc: unknown key; did you mean `junk`?"),
        (
            SEED.replace("gmail\"", "gmial\""),
            "seeds/a.toml:3: seed.provider: there is no provider \"gmial\"; did you mean \"gmail\"?",
        ),
        (
            SEED.replace("provider = \"gmail\"\n", ""),
            "seeds/a.toml:1: seed.provider: is missing; write provider = \"gmail\"",
        ),
        (
            SEED.replace("anna@gmail.com", "anna"),
            "seeds/a.toml:2: seed.address: \"anna\" is not an e-mail address; write one such as \"anna@gmail.com\"",
        ),
        (
            format!("{SEED}\n{}", SEED.replace("anna", "ANNA")),
            "seeds/a.toml:6: seed.address: ANNA@gmail.com is listed twice, first at seeds/a.toml:1; take one out",
        ),
        (
            format!(
                "{}\n{}",
                SEED.replace("anna@gmail.com", "a@münchen.example"),
                SEED.replace("anna@gmail.com", "A@xn--mnchen-3ya.example")
            ),
            "seeds/a.toml:6: seed.address: A@xn--mnchen-3ya.example is listed twice, first at seeds/a.toml:1; take one out",
        ),
        (
            SEED.replace("provider = \"gmail\"", "provider = \"generic\""),
            "seeds/a.toml:1: seed.host: is missing; write host = \"imap.gmail.com\", as generic names none",
        ),
        (format!("{SEED}auth = \"oauth2\"\n"), "seeds/a.toml:5: seed.auth: \"oauth2\" is not one of password, oauth"),
        (format!("{SEED}tls = \"none\"\n"), "seeds/a.toml:5: seed.tls: \"none\" is not one of implicit, starttls"),
        (format!("{SEED}ip = \"v6\"\n"), "seeds/a.toml:5: seed.ip: \"v6\" is not one of any, v4"),
        (format!("{SEED}port = 70000\n"), "seeds/a.toml:5: seed.port: must be a whole number from 1 to 65535"),
        (
            format!("{SEED}host = \"imap.x.example:993\"\n"),
            "seeds/a.toml:5: seed.host: \"imap.x.example:993\" is not a host; write a name such as \"imap.mail.example\" or \
             an address, without port",
        ),
        (
            format!("{SEED}ca_file = \"ca.pem\"\n"),
            "seeds/a.toml:5: seed.ca_file: seeds/ca.pem does not exist; give the path of a PEM file",
        ),
        (
            format!("{SEED}labels = [\"a;b\"]\n"),
            "seeds/a.toml:5: seed.labels: has a label with ';', ',' or a space at an end, or of more than 64 characters; \
             shorten or split it",
        ),
        (
            SEED.replace("env = \"P\"", ""),
            "seeds/a.toml:4: seed.secret: names no place; write exactly one of { command = \"…\" }, { env = \"…\" }, { file = \
             \"…\" } or { keyring = \"…\" }",
        ),
        (
            SEED.replace("env = \"P\"", "command = \"pass 'x\""),
            "seeds/a.toml:4: seed.secret.command: has a quote that is not closed; close it, or write an array of words",
        ),
        (
            SEED.replace("env = \"P\"", "command = []"),
            "seeds/a.toml:4: seed.secret.command: is empty; name the program to run",
        ),
    ] {
        check(STREAM, &seeds, sentence);
    }
}

#[test]
fn a_slip_that_is_no_toml_is_told_with_what_to_write() {
    for (line, remedy) in [
        ("region = eu-central-1", "region: a text needs quotes, write region = \"…\""),
        ("region = nordic", "region: a text needs quotes, write region = \"…\""),
        ("region = 1st", "region: a text needs quotes, write region = \"…\""),
        ("region = “eu-central-1”", "region: write the quotes straight, region = \"…\""),
        ("region = \"eu-central-1", "region: end the text with the quote it began with"),
        ("inbox_warn = 80%", "inbox_warn: write a share, such as 0.8 for 80 %"),
        ("region =", "region: write a value behind the ="),
        ("control = no # for now", "control: write true or false"),
        ("control = True", "control: write true or false"),
        ("region: \"eu-central-1\"", "a key and its value are parted by =; write region = …"),
        ("[run", "end the heading with ]"),
        ("[[stream", "end the heading with ]]"),
    ] {
        let found = load(&format!("[ses]\n{line}\n"), "").map(|_| ()).unwrap_err();
        assert_eq!(found, format!("inboxed.toml:2: not valid TOML: {remedy}"), "{line}");
    }
}

#[test]
fn a_key_whose_heading_is_still_a_comment_is_told_where_it_belongs() {
    for (main, wanted) in [
        (
            "[thresholds]\nevery = \"7d\"\n",
            "inboxed.toml:2: thresholds.every: unknown key; it belongs below [schedule]: take the `# ` before that heading away, \
             or write it",
        ),
        (
            "[weights]\ngmail = 1\nevery = \"7d\"\n",
            "inboxed.toml:3: weights.every: must be a number from 0 to 1; it belongs below [schedule]: take the `# ` before \
             that heading away, or write it",
        ),
    ] {
        check(main, "", wanted);
    }
    let found = load(&format!("{STREAM}user = \"AKIA\"\n"), "").map(|_| ()).unwrap_err();
    assert!(found.contains("stream.user: unknown key; it belongs below [stream.smtp]: "), "{found}");
}

#[test]
fn a_secret_in_the_file_is_refused_and_never_repeated() {
    for (written, wanted) in [
        (
            "secret = \"hunter2\"",
            "seeds/a.toml:4: seed.secret: holds a secret, which must not stand in this file; write where",
        ),
        ("secret = [\"hunter2\"]", "seeds/a.toml:4: seed.secret: must be a table, not an array"),
        ("secret = { env = \"hunter2!\" }", "seeds/a.toml:4: seed.secret.env: is not a variable's name"),
        ("secret = hunter2", "seeds/a.toml:4: not valid TOML: "),
        ("secret = \"hunter2", "seeds/a.toml:4: not valid TOML: "),
        ("secret = { env = \"A\", file = \"hunter2\" }", "seeds/a.toml:4: seed.secret: names more than one place"),
        ("oauth = { client_secret = \"hunter2\" }", "seeds/a.toml:4: seed.oauth.client_secret: holds a secret"),
        ("oauth = { token_url = 2, auth_url = \"https://a\" }", "seeds/a.toml:4: seed.oauth.token_url: must be a text"),
    ] {
        let found = load(STREAM, &SEED.replace("secret = { env = \"P\" }", written)).map(|_| ()).unwrap_err();
        assert!(found.starts_with(wanted), "{written}: {found}");
        assert!(!found.contains("hunter2"), "{found}");
    }
    let alert = "[[alert]]\nkind = \"slack\"\nurl = \"https://hooks.example/hunter2\"\n";
    let found = load(alert, SEED).map(|_| ()).unwrap_err();
    assert!(found.starts_with("inboxed.toml:3: alert.url: holds a secret") && !found.contains("hunter2"), "{found}");
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_files_and_lines() {
    let main = "[weights]\nhooli = 1\n[ses]\nregion = \"x\"\n";
    check(
        main,
        &format!("{SEED}ip = \"v5\"\n"),
        "the configuration has 3 faults\n\
         inboxed.toml:2: weights.hooli: there is no provider \"hooli\"; known are aol, fastmail, generic, gmail, gmx, \
         google-workspace, icloud, microsoft-365, outlook, web.de, yahoo, zoho\n\
         inboxed.toml:4: ses.region: \"x\" is not an AWS region; write one such as \"eu-central-1\"\n\
         seeds/a.toml:5: seed.ip: \"v5\" is not one of any, v4",
    );
}

#[test]
fn a_file_that_is_missing_or_no_text_is_told() {
    let found = load_files(&[]).map(|_| ()).unwrap_err();
    assert_eq!(
        found,
        "inboxed.toml: cannot be read: No such file or directory (os error 2); run `inboxed init` to write one"
    );
    let own = "name = \"mine\"\ntitle = \"Mine\"\nhost = \"imap.mine.example\"\n";
    let main = "providers = [\"p/*.toml\"]\n";
    let found = load_files(&[("inboxed.toml", main), ("p/a.toml", own), ("p/b.toml", own)]).map(|_| ()).unwrap_err();
    assert_eq!(found, "p/b.toml: name: mine is the name of p/a.toml too; rename one of them");
}

#[test]
fn an_empty_file_is_a_configuration_with_the_documented_defaults() {
    let config = load_files(&[("inboxed.toml", "")]).unwrap();
    assert_eq!((config.run.wait.as_secs(), config.run.max_connections), (900, 200));
    assert_eq!(config.thresholds, Thresholds { inbox_warn: 0.80, inbox_crit: 0.60, spam_warn: 0.10, spam_crit: 0.20 });
    assert_eq!((config.judge.rules.promotions_as_inbox, config.judge.confidence), (false, 0.95));
    assert!(config.seeds.is_empty() && config.streams.is_empty() && config.weights.is_empty());
    assert_eq!((config.schedule, config.alerts, config.dns.resolver), (None, Vec::new(), None));
    let base = config.file.parent().unwrap();
    for (path, name) in
        [(&config.database, "inboxed.db"), (&config.tokens.directory, "tokens"), (&config.reports, "reports")]
    {
        assert_eq!(path, &base.join(name));
    }
}

#[test]
fn the_documented_file_says_what_it_says() {
    let main = "database = \"inboxed.db\"\nseeds = [\"seeds/*.toml\"]\nproviders = [\"providers/*.toml\"]\ntokens = \"tokens\"\n\
                reports = \"reports\"\n[ses]\nregion = \"eu-central-1\"\nendpoint_url = \"http://127.0.0.1:4579\"\n[run]\n\
                wait = \"15m\"\nmax_connections = 1_000\n[dns]\nresolver = \"127.0.0.1:5353\"\n[judge]\n\
                promotions_as_inbox = true\nconfidence = 0.9\n[thresholds]\ninbox_warn = 0.7\ninbox_crit = 0.5\n\
                spam_warn = 0\nspam_crit = 1\n[weights]\ngmail = 0.5\n[schedule]\nevery = \"7d\"\nat = \"Mon 06:00\"\n\
                zone = \"Europe/Berlin\"\n[[alert]]\nkind = \"webhook\"\nurl = { env = \"ALERT_URL\" }\n\
                on = [\"threshold\", \"recovery\", \"seed\", \"dns\", \"unjudged\"]\n[[alert]]\nkind = \"command\"\n\
                command = [\"logger\", \"-t\", \"inboxed\"]\non = [\"dns\"]\n[[stream]]\nname = \"news\"\nmessage = \"m.eml\"\n\
                kind = \"outreach\"\nfrom = \"News <news@shop.example>\"\nconfiguration_set = \"marketing\"\n\
                region = \"us-gov-west-1\"\ncontrol = true\ntag = \"none\"\n";
    let config = load(&format!("{main}{SMTP}port = 2465\nsecret = {{ env = \"P\" }}\n"), SEED).unwrap();
    assert_eq!(config.run.max_connections, 1_000);
    assert_eq!(config.dns.resolver.map(|at| at.port()), Some(5353));
    assert!(config.judge.rules.promotions_as_inbox);
    assert_eq!((config.thresholds.inbox_warn, config.thresholds.spam_crit), (0.7, 1.0));
    assert_eq!(config.weights.values().copied().collect::<Vec<_>>(), [0.5]);
    let schedule = config.schedule.unwrap();
    assert_eq!((schedule.every.as_secs(), schedule.weekday), (604_800, Some(jiff::civil::Weekday::Monday)));
    assert_eq!((schedule.time, schedule.zone.as_deref()), (Some(jiff::civil::time(6, 0, 0, 0)), Some("Europe/Berlin")));
    assert_eq!(config.alerts.len(), 2);
    assert_eq!(config.alerts[0].channel, Channel::Webhook(SecretSource::Env("ALERT_URL".to_owned())));
    assert_eq!(config.alerts[0].on.len(), 5);
    assert_eq!(config.alerts[1].on, [Occasion::Dns].into());
    let stream = &config.streams[0];
    assert_eq!((stream.kind, stream.tag, stream.control), (StreamKind::Outreach, TagMode::None, true));
    assert_eq!(stream.region.as_deref(), Some("us-gov-west-1"));
    let Transport::Smtp(smtp) = &stream.transport else { panic!("{:?}", stream.transport) };
    assert_eq!(
        (smtp.host.as_str(), smtp.port, smtp.tls, smtp.user.as_str()),
        ("127.0.0.1", 2465, Tls::StartTls, "AKIA")
    );
}

#[test]
fn a_preset_fills_what_a_seed_leaves_open_and_an_explicit_key_wins() {
    let seed = |extra: &str| load(STREAM, &format!("{SEED}{extra}")).unwrap().seeds.remove(0);
    let plain = seed("").seed;
    assert_eq!((plain.host.as_str(), plain.port, plain.tls), ("imap.gmail.com", 993, Tls::Implicit));
    assert_eq!((plain.login.as_str(), plain.auth, plain.ip), ("anna@gmail.com", AuthKind::Password, IpFamily::Any));
    // Seeds of one mailbox know the first of them.
    let aliases = ["b+2@gmail.com", "b+1@gmail.com"]
        .map(|address| format!("{}login = \"B@gmail.com\"\n", SEED.replace("anna@gmail.com", address)));
    let several = load(STREAM, &format!("{SEED}{}", aliases.concat())).unwrap();
    let firsts: Vec<Option<String>> =
        several.seeds.iter().map(|seed| several.first_of_mailbox(&seed.seed).map(|first| first.to_string())).collect();
    assert_eq!(firsts, [None, Some("b+1@gmail.com".to_owned()), Some("b+1@gmail.com".to_owned())]);
    // iCloud wants the part before the @, where the seed does not say otherwise.
    let apple = SEED.replace("gmail.com", "icloud.com").replace("\"gmail\"", "\"icloud\"");
    for (extra, login) in [("", "anna"), ("login = \"anna@icloud.com\"\n", "anna@icloud.com")] {
        assert_eq!(load(STREAM, &format!("{apple}{extra}")).unwrap().seeds[0].seed.login, login);
    }
    let own = seed(
        "host = \"::1\"\nlogin = \"anna\"\ntls = \"starttls\"\nip = \"v4\"\njunk = \"Bulk\"\nlabels = [\"b2c\"]\n",
    )
    .seed;
    assert_eq!((own.host.as_str(), own.port, own.tls), ("::1", 143, Tls::StartTls));
    assert_eq!((own.login.as_str(), own.ip, own.junk.as_deref()), ("anna", IpFamily::V4, Some("Bulk")));
    assert_eq!(own.labels, ["b2c"]);
    let words = seed("").secret;
    assert_eq!(words, Some(SecretSource::Env("P".to_owned())));
    let split = load(STREAM, &SEED.replace("env = \"P\"", "command = \"pass show 'a b'\"")).unwrap();
    let words = ["pass", "show", "a b"].map(str::to_owned).to_vec();
    assert_eq!(split.seeds[0].secret, Some(SecretSource::Command(words)));
    assert!(split.seeds[0].place.ends_with("seeds/a.toml:1"));
    let oauth = seed("auth = \"oauth\"\n[seed.oauth]\nflow = \"device\"\nclient_id = \"x\"\nscopes = \"a b\"\n");
    assert_eq!(
        (oauth.seed.auth, oauth.oauth.unwrap().choice.scopes),
        (AuthKind::OAuth, vec!["a".to_owned(), "b".to_owned()])
    );
}

#[test]
fn a_preset_of_the_users_own_replaces_ours_of_the_same_name() {
    let own = "name = \"gmail\"\ntitle = \"My Gmail\"\nhost = \"127.0.0.1\"\nport = 1993\nsign_in_gap = \"2s\"\n[folders]\njunk = [\"S\"]\n";
    let main = "providers = [\"p/*.toml\"]\n";
    let config = load_files(&[("inboxed.toml", main), ("seeds/a.toml", SEED), ("p/a.toml", own)]).unwrap();
    assert_eq!(config.seeds[0].seed.port, 1993);
    let gmail = &config.providers[&ProviderName::new("gmail").unwrap()];
    assert_eq!((gmail.title.as_str(), gmail.tabs, gmail.sign_in_gap.as_secs()), ("My Gmail", false, 2));
    assert_eq!(gmail.names, [(Role::Junk, vec!["S".to_owned()])].into());
}

#[test]
fn a_preset_says_which_headers_are_its_own_and_a_slip_in_it_is_told() {
    let with = |headers: &str| {
        let own = format!("name = \"my-own\"\ntitle = \"Mine\"\n[headers]\n{headers}\n");
        load_files(&[("inboxed.toml", "providers = [\"p.toml\"]\n"), ("seeds/a.toml", SEED), ("p.toml", &own)])
    };
    let config = with("authserv_ids = [\"mx*.my.example\"]\nborder = [\"MX1.my.example\"]\nnameless = true").unwrap();
    let receiver = &config.providers[&ProviderName::new("my-own").unwrap()].receiver;
    assert!(receiver.is_known() && receiver.nameless && receiver.authserv_ids[0].fits("mx7.my.example"));
    assert!(receiver.border[0].fits("mx1.my.example") && receiver.silent.is_none());
    for (headers, words) in [
        ("border = [\"*\"]", "p.toml:4: headers.border: \"*\" is no host"),
        ("boarder = [\"mx\"]", "p.toml:4: headers.boarder: unknown key; did you mean `border`?"),
        ("nameless = \"yes\"", "p.toml:4: headers.nameless"),
    ] {
        let fault = with(headers).unwrap_err();
        assert!(fault.contains(words), "{words} in {fault}");
    }
    for preset in preset::built_in().unwrap().values() {
        assert_eq!(preset.receiver.is_known(), preset.name.as_str() != "generic", "{}", preset.name.as_str());
    }
}

#[test]
fn every_preset_compiled_in_is_without_fault_and_leads_to_a_spam_folder() {
    let presets = preset::built_in().unwrap();
    let provider = |name: &str| Arc::clone(&presets[&ProviderName::new(name).unwrap()]);
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/providers")).unwrap();
    assert_eq!(presets.len(), files.count(), "each file of seeds/providers is compiled in");
    for (name, preset) in &presets {
        assert_eq!(preset.host.is_none(), name.as_str() == "generic");
        assert!(preset.sign_in_help.len() > 20 && !preset.sign_in_help.ends_with('.'), "{}", name.as_str());
        // Gmail's names are localised and its attributes always announced; everyone else may have to be known by name.
        assert_eq!(preset.names.contains_key(&Role::Junk), !preset.tabs, "{}", name.as_str());
        let folded: Vec<String> = preset.names.values().flatten().map(|name| name.to_lowercase()).collect();
        let mut once = folded.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), folded.len(), "{}: a folder name stands twice", name.as_str());
    }
    for (name, spam, tabs) in [
        ("gmail", false, true),
        ("google-workspace", false, true),
        ("outlook", true, false),
        ("microsoft-365", true, false),
        ("yahoo", false, false),
    ] {
        assert_eq!((provider(name).spam_threshold, provider(name).tabs), (spam, tabs), "{name}");
    }
    let short: Vec<&str> = presets
        .values()
        .filter(|preset| preset.login == LoginForm::LocalPart)
        .map(|preset| preset.name.as_str())
        .collect();
    assert_eq!(short, ["icloud"]);
    assert_eq!(provider("web.de").names[&Role::Unknown], ["Unbekannt"]);
    assert_eq!(provider("yahoo").names[&Role::Junk], ["Bulk", "Bulk Mail", "Spam"]);
    assert!(provider("outlook").names[&Role::Junk].contains(&"Courrier indésirable".to_owned()));
    let mut domains: Vec<&str> = presets.values().flat_map(|preset| &preset.domains).map(String::as_str).collect();
    let all = domains.len();
    domains.sort_unstable();
    domains.dedup();
    assert_eq!(domains.len(), all, "a domain belongs to one provider");
}

#[test]
fn oauth_is_chosen_once_for_a_provider_and_a_seed_may_choose_otherwise() {
    let main = "[oauth.gmail]\nclient_id = \"shared\"\nclient_secret = { env = \"SHARED\" }\ntenant = \"t\"\n";
    let of = |extra: &str| {
        let mut config = load(&format!("{main}{STREAM}"), &format!("{SEED}auth = \"oauth\"\n{extra}")).unwrap();
        let seed = config.seeds.remove(0);
        let oauth = config.oauth_of(&seed);
        (oauth.choice.client_id.unwrap(), oauth.client_secret, oauth.choice.tenant.unwrap())
    };
    let shared = Some(SecretSource::Env("SHARED".to_owned()));
    assert_eq!(of(""), ("shared".to_owned(), shared.clone(), "t".to_owned()));
    assert_eq!(of("[seed.oauth]\ntenant = \"u\"\n"), ("shared".to_owned(), shared, "u".to_owned()));
    // A secret goes to no client but its own.
    assert_eq!(of("[seed.oauth]\nclient_id = \"own\"\n"), ("own".to_owned(), None, "t".to_owned()));
    let tokens = |main: &str| load(&format!("{main}{STREAM}"), SEED).unwrap().tokens;
    assert!(tokens("tokens = \"keyring\"\n").keyring && !tokens("tokens = \"./keyring\"\n").keyring);
}

#[test]
fn tokens_travel_encrypted_or_not_out_of_this_machine() {
    let url = |url: &str| load(STREAM, &format!("{SEED}[seed.oauth]\ntoken_url = \"{url}\"\n")).map(|_| ());
    for good in
        ["https://login.example/{tenant}/token", "http://127.0.0.1:8080/t", "http://[::1]/t", "http://localhost/"]
    {
        assert_eq!(url(good), Ok(()), "{good}");
    }
    for bad in
        ["http://login.example/token", "http://127.0.0.1.example/", "ftp://127.0.0.1/", "https://a:b@login.example/"]
    {
        let fault = url(bad).unwrap_err();
        let words =
            "is not an address without a user name that starts with https://; only this very machine may be http://";
        assert!(fault.starts_with("seeds/a.toml:6: seed.oauth.token_url: ") && fault.ends_with(words), "{fault}");
    }
    for (main, sentence) in [
        (
            "[oauth.gmial]\nclient_id = \"x\"\n",
            "inboxed.toml:1: oauth.gmial: there is no provider \"gmial\"; did you mean \"gmail\"?",
        ),
        (
            "[oauth.gmail]\nflow = \"code\"\n",
            "inboxed.toml:2: oauth.gmail.flow: \"code\" is not one of device, loopback, app",
        ),
        (
            "[oauth.gmail]\nclientid = \"x\"\n",
            "inboxed.toml:2: oauth.gmail.clientid: unknown key; did you mean `client_id`?",
        ),
        (
            "[oauth.gmail]\ntenant = \"a/../b\"\n",
            "inboxed.toml:2: oauth.gmail.tenant: \"a/../b\" is not a tenant; write its id or a domain of it",
        ),
        ("[oauth]\ngmail = \"x\"\n", "inboxed.toml:2: oauth.gmail: must be a table"),
    ] {
        check(&format!("{main}{STREAM}"), SEED, sentence);
    }
}
