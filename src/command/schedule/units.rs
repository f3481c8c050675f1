//! What is to be written for somebody else to start the runs: files or lines, and what switches them on.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use jiff::civil::Weekday;

use crate::cli::{Starter, UnitArgs, program};
use crate::command::almanac::almanac;
use crate::command::{Context, Failure};
use crate::config::{Channel, Config, Transport};
use crate::domain::schedule::{Almanac, Rhythm};
use crate::render::unit::UnitText;
use crate::secret::SecretSource;

/// How many moments at which a run is due are named.
const NAMED: usize = 4;

/// Everything that `print` shows and `install` writes.
pub(super) struct Units {
    pub(super) kind: Starter,
    pub(super) system: bool,
    /// The files by path; a crontab has none of its own.
    pub(super) files: Vec<(PathBuf, String)>,
    /// The lines of the crontab, for cron.
    pub(super) lines: Option<String>,
    /// What switches them on.
    pub(super) commands: Vec<Vec<String>>,
    pub(super) notes: Vec<String>,
    pub(super) due: Vec<Timestamp>,
    pub(super) name: String,
}

/// The units as they are asked for.
pub(super) fn units(context: &Context, args: &UnitArgs) -> Result<Units, Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    let almanac = almanac(&config)?;
    let kind = args.kind.unwrap_or(if cfg!(target_os = "macos") { Starter::Launchd } else { Starter::Systemd });
    if args.daemon && kind != Starter::Systemd {
        return Err(Failure::bad_input(anyhow!("--daemon makes a systemd service; leave out --kind")));
    }
    let now = context.clock.now();
    let due: Vec<Timestamp> = std::iter::successors(almanac.next(now), |period| almanac.next(period.due))
        .take(NAMED)
        .map(|period| period.due)
        .collect();
    let mut notes = Vec::new();
    let text = unit_text(context, args, kind, &config, &almanac, due.first().copied().unwrap_or(now), &mut notes)?;
    text.check().map_err(|path| Failure::bad_input(anyhow!("{:?} has a control character; rename it", path.0)))?;
    let (files, lines) = match kind {
        Starter::Cron => (Vec::new(), Some(text.crontab())),
        Starter::Launchd => (vec![(launchd_path(args)?, text.property_list())], None),
        Starter::Systemd => {
            let dir = systemd_dir(args)?;
            let service = (dir.join(format!("{}.service", args.name)), text.service(args.daemon));
            let timer = (dir.join(format!("{}.timer", args.name)), text.timer());
            (if args.daemon { vec![service] } else { vec![service, timer] }, None)
        }
    };
    let commands = commands(args, kind, files.first().map(|(path, _)| path.as_path()));
    Ok(Units { kind, system: args.system, files, lines, commands, notes, due, name: args.name.clone() })
}

fn commands(args: &UnitArgs, kind: Starter, file: Option<&Path>) -> Vec<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    match kind {
        Starter::Cron => Vec::new(),
        Starter::Launchd => {
            let file = file.map_or(String::new(), |file| file.display().to_string());
            vec![words(&["launchctl", "load", "-w", &file])]
        }
        Starter::Systemd => {
            let unit = format!("{}.{}", args.name, if args.daemon { "service" } else { "timer" });
            let scope: &[&str] = if args.system { &["systemctl"] } else { &["systemctl", "--user"] };
            vec![words(&[scope, &["daemon-reload"]].concat()), words(&[scope, &["enable", "--now", &unit]].concat())]
        }
    }
}

fn unit_text(
    context: &Context,
    args: &UnitArgs,
    kind: Starter,
    config: &Config,
    almanac: &Almanac,
    next: Timestamp,
    notes: &mut Vec<String>,
) -> Result<UnitText, Failure> {
    let file = absolute(&context.config_path)?;
    let directory = file.parent().unwrap_or(Path::new("/")).to_owned();
    let (files, variables) = secrets(config);
    if !variables.is_empty() {
        let names = variables.join(", ");
        notes.push(match kind {
            Starter::Systemd => format!(
                "a timer has no variables of your shell: write {names} into {}/{}.env (chmod 600), or name files instead",
                directory.display(),
                args.name
            ),
            Starter::Cron | Starter::Launchd => {
                format!("{names} must be set where the runs are started; a secret in a file needs nothing")
            }
        });
    }
    let aws = args.aws_credentials.clone().or_else(|| {
        let usual = args.home.as_ref()?.join(".aws/credentials");
        usual.is_file().then_some(usual)
    });
    let credentials = files.iter().map(|path| {
        let path = absolute(path)?;
        // systemd takes no path with `..` in it; the name is made of the path as it is written.
        Ok((crate::secret::credential_name(&path), text_of(&fs::canonicalize(&path).unwrap_or(path))?))
    });
    let writable = [config.database.parent().unwrap_or(Path::new(".")), &config.tokens.directory, &config.reports];
    let writable = writable.into_iter().map(|path| {
        let path = absolute(if path.as_os_str().is_empty() { Path::new(".") } else { path })?;
        Ok((text_of(&path)?, path.is_dir()))
    });
    let owner = fs::metadata(&file).map(|facts| (facts.uid(), facts.gid())).ok();
    if kind == Starter::Launchd && args.system && owner.is_some_and(|(user, _)| user != 0) {
        // launchd wants a name, and without one all the files would become root's.
        return Err(Failure::bad_input(anyhow!(
            "{}: is not root's, and launchd would run it as root; leave --system out, so that it runs as its owner",
            file.display()
        )));
    }
    if args.system && owner.is_some_and(|(user, _)| user == 0) {
        notes.push(
            "the configuration belongs to root, so the service runs as root; give it to a user of its own".to_owned(),
        );
    }
    Ok(UnitText {
        name: args.name.clone(),
        program: text_of(&program().context("find this program").map_err(Failure::internal)?)?,
        config: text_of(&file)?,
        directory: text_of(&directory)?,
        writable: writable.collect::<Result<_, Failure>>()?,
        credentials: credentials.collect::<Result<_, Failure>>()?,
        aws: aws.map(|path| text_of(&absolute(&path)?)).transpose()?,
        calendar: calendar(almanac, config.schedule.as_ref().and_then(|schedule| schedule.zone.as_deref())),
        minute: next.to_zoned(jiff::tz::TimeZone::system()).minute(),
        patience: config.run.wait.as_secs().saturating_add(3_600),
        user: owner.filter(|(user, _)| args.system && *user != 0),
        system: args.system,
    })
}

/// When systemd asks whether a run is due. Where its calendar cannot say it, it asks every quarter of an hour.
fn calendar(almanac: &Almanac, zone: Option<&str>) -> String {
    let zone = zone.map_or(String::new(), |zone| format!(" {zone}"));
    match almanac.rhythm() {
        Rhythm::Days { days, weekday, time } => {
            let day = if days.is_multiple_of(7) { format!("{} ", short_day(*weekday)) } else { String::new() };
            format!("{day}*-*-* {:02}:{:02}:00{zone}", time.hour(), time.minute())
        }
        Rhythm::Seconds(_) | Rhythm::Expression(_) => "*-*-* *:00/15:00".to_owned(),
    }
}

fn short_day(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

/// The files that hold secrets, and the variables that do.
fn secrets(config: &Config) -> (Vec<PathBuf>, Vec<String>) {
    let seeds = config.seeds.iter().flat_map(|seed| {
        let client = seed.oauth.as_ref().and_then(|oauth| oauth.client_secret.as_ref());
        seed.secret.iter().chain(client)
    });
    let own = config.seeds.iter().filter_map(|seed| seed.oauth.as_ref());
    let clients = own.chain(config.oauth.values()).filter_map(|oauth| oauth.client_secret.as_ref());
    let streams = config.streams.iter().filter_map(|stream| match &stream.transport {
        Transport::Api => None,
        Transport::Smtp(smtp) => Some(&smtp.secret),
    });
    let alerts = config.alerts.iter().filter_map(|alert| match &alert.channel {
        Channel::Webhook(url) | Channel::Slack(url) | Channel::Teams(url) | Channel::Heartbeat(url) => Some(url),
        Channel::Email { .. } | Channel::Command(_) => None,
    });
    let (mut files, mut variables) = (BTreeSet::new(), BTreeSet::new());
    for source in seeds.chain(clients).chain(streams).chain(alerts) {
        match source {
            SecretSource::File(path) => drop(files.insert(path.clone())),
            SecretSource::Env(name) => drop(variables.insert(name.clone())),
            SecretSource::Command(_) | SecretSource::Keyring(_) => {}
        }
    }
    (files.into_iter().collect(), variables.into_iter().collect())
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).with_context(|| format!("find {}", path.display())).map_err(Failure::bad_input)
}

fn text_of(path: &Path) -> Result<String, Failure> {
    let text =
        path.to_str().ok_or_else(|| Failure::bad_input(anyhow!("{} is not UTF-8; rename it", path.display())))?;
    Ok(text.to_owned())
}

fn systemd_dir(args: &UnitArgs) -> Result<PathBuf, Failure> {
    if args.system {
        return Ok(PathBuf::from("/etc/systemd/system"));
    }
    let config = args.config_home.clone().or_else(|| Some(args.home.as_ref()?.join(".config")));
    Ok(config.ok_or_else(no_home)?.join("systemd/user"))
}

fn launchd_path(args: &UnitArgs) -> Result<PathBuf, Failure> {
    let file = format!("{}.plist", args.name);
    if args.system {
        return Ok(Path::new("/Library/LaunchDaemons").join(file));
    }
    Ok(args.home.as_ref().ok_or_else(no_home)?.join("Library/LaunchAgents").join(file))
}

fn no_home() -> Failure {
    Failure::bad_input(anyhow!("HOME is not set, so there is no place for your own units; use --system or --dir"))
}
