//! `schedule print` and `schedule install`: what it takes that somebody else starts the runs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use jiff::civil::Weekday;
use serde_json::json;

use super::scheduled::almanac;
use super::{Context, Failure, Outcome};
use crate::cli::{InstallArgs, Starter, UnitArgs, program};
use crate::config::{Channel, Config, Transport};
use crate::domain::schedule::{Almanac, Rhythm};
use crate::edge::service::{call, has_systemd};
use crate::render::json::{document, moment};
use crate::render::unit::{MARK, UnitText};
use crate::secret::SecretSource;

/// How many moments at which a run is due are named.
const NAMED: usize = 4;

/// Everything that `print` shows and `install` writes.
struct Units {
    kind: Starter,
    system: bool,
    /// The files by path; a crontab has none of its own.
    files: Vec<(PathBuf, String)>,
    /// The lines of the crontab, for cron.
    lines: Option<String>,
    /// What switches them on.
    commands: Vec<Vec<String>>,
    notes: Vec<String>,
    due: Vec<Timestamp>,
    name: String,
}

/// Prints the units.
pub(crate) fn print(context: &Context, args: &UnitArgs) -> Result<Outcome, Failure> {
    let units = units(context, args)?;
    if context.json {
        return told(&units, None);
    }
    for note in &units.notes {
        context.note(note);
    }
    let text = match (&units.lines, units.files.as_slice()) {
        (Some(lines), _) => lines.clone(),
        (None, [(_, only)]) => only.clone(),
        (None, files) => {
            let headed = files.iter().map(|(path, text)| format!("# {}\n{text}", path.display()));
            headed.collect::<Vec<_>>().join("\n")
        }
    };
    Ok(Outcome::ok(text))
}

/// Writes the units and switches them on.
pub(crate) async fn install(context: &Context, args: &InstallArgs) -> Result<Outcome, Failure> {
    let mut units = units(context, &args.unit)?;
    if let Some(dir) = &args.dir {
        for (path, _) in &mut units.files {
            if let Some(name) = path.file_name() {
                *path = dir.join(name);
            }
        }
    }
    let mut done = Vec::new();
    if let Some(lines) = units.lines.clone() {
        done.push(install_lines(&units, &lines, args.dir.as_deref()).await?);
    } else {
        // All are checked before the first is written.
        for (path, _) in &units.files {
            refuse_foreign(path)?;
        }
        for (path, text) in &units.files {
            done.push(write_unit(path, text)?);
        }
    }
    let can_switch = match units.kind {
        Starter::Systemd => has_systemd(),
        Starter::Launchd => cfg!(target_os = "macos"),
        Starter::Cron => false,
    };
    if args.dir.is_none() && can_switch {
        for command in &units.commands {
            done.push(switch(command).await?);
        }
        units.commands.clear();
    }
    if context.json {
        return told(&units, Some(&done));
    }
    for note in &units.notes {
        context.note(note);
    }
    let mut text = done.join("\n") + "\n";
    if args.dir.is_none() && !units.commands.is_empty() {
        text.push_str("Switch it on with:\n");
        for command in &units.commands {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {}", shell_words::join(command));
        }
    }
    if let Some(next) = units.due.first() {
        let next = moment(*next);
        let _ = writeln!(text, "The first run follows at once, as this period has none yet; the next is due {next}.");
    }
    Ok(Outcome::ok(text))
}

fn told(units: &Units, done: Option<&[String]>) -> Result<Outcome, Failure> {
    let files: Vec<_> =
        units.files.iter().map(|(path, text)| json!({"path": path.display().to_string(), "text": text})).collect();
    let commands: Vec<String> = units.commands.iter().map(shell_words::join).collect();
    let due: Vec<String> = units.due.iter().copied().map(moment).collect();
    let kind = match units.kind {
        Starter::Systemd => "systemd",
        Starter::Cron => "cron",
        Starter::Launchd => "launchd",
    };
    let mut value = json!({
        "kind": kind, "scope": if units.system { "system" } else { "user" }, "files": files, "crontab": units.lines,
        "commands": commands, "due": due, "notes": units.notes,
    });
    if let (Some(done), Some(object)) = (done, value.as_object_mut()) {
        object.insert("done".to_owned(), json!(done));
    }
    document(&value).map(Outcome::ok).map_err(Failure::internal)
}

fn units(context: &Context, args: &UnitArgs) -> Result<Units, Failure> {
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

/// A file that is there and not ours is left as it is.
fn refuse_foreign(path: &Path) -> Result<(), Failure> {
    match fs::read(path) {
        Ok(bytes) if String::from_utf8_lossy(&bytes).contains(MARK) => Ok(()),
        Ok(_) => Err(Failure::bad_input(anyhow!(
            "{} is somebody else's and is left as it is; choose another --name, or move it away",
            path.display()
        ))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::bad_input(anyhow!("{} cannot be read: {error}", path.display()))),
    }
}

/// Writes one unit, whole or not at all.
fn write_unit(path: &Path, text: &str) -> Result<String, Failure> {
    if fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes()) {
        return Ok(format!("unchanged: {}", path.display()));
    }
    let write = || -> anyhow::Result<()> {
        let directory = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(text.as_bytes())?;
        fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("write {}", path.display())).map_err(Failure::bad_input)?;
    Ok(format!("written: {}", path.display()))
}

/// Puts our lines into the user's crontab, in place of those of the same name; all others stay. Into a directory only the
/// lines themselves are written.
async fn install_lines(units: &Units, lines: &str, dir: Option<&Path>) -> Result<String, Failure> {
    if let Some(dir) = dir {
        let path = dir.join(format!("{}.crontab", units.name));
        let foreign = fs::read_to_string(&path).is_ok_and(|text| !text.contains(MARK));
        if foreign {
            refuse_foreign(&path)?;
        }
        return write_unit(&path, lines);
    }
    let listed = call("crontab", &["-l"], None).await.map_err(|why| Failure::bad_input(anyhow!("{why}")))?;
    let old = match listed.success {
        true => listed.stdout,
        false if listed.stderr.contains("no crontab for") => String::new(),
        false => return Err(Failure::bad_input(anyhow!("crontab -l failed: {}", listed.stderr.trim()))),
    };
    let new = with_lines(&old, &units.name, lines);
    if new == old {
        return Ok("unchanged: the crontab".to_owned());
    }
    let mut file = tempfile::NamedTempFile::new().context("write a crontab").map_err(Failure::internal)?;
    file.write_all(new.as_bytes()).context("write a crontab").map_err(Failure::internal)?;
    let set = call("crontab", &[], Some(file.path())).await.map_err(|why| Failure::bad_input(anyhow!("{why}")))?;
    if !set.success {
        return Err(Failure::bad_input(anyhow!("crontab does not take the line: {}", set.stderr.trim())));
    }
    Ok("written: the crontab; all other lines are as they were".to_owned())
}

/// A crontab with our two lines, where an earlier installation had them or at the end.
fn with_lines(old: &str, name: &str, lines: &str) -> String {
    let head = format!("# inboxed {name}: {MARK}");
    let mut kept: Vec<&str> = old.lines().collect();
    let place = kept.iter().position(|line| *line == head);
    if let Some(place) = place {
        let end = place.saturating_add(2).min(kept.len());
        kept.drain(place..end);
    }
    let (before, after) = kept.split_at(place.unwrap_or(kept.len()));
    let joined = |part: &[&str]| part.iter().flat_map(|line| [*line, "\n"]).collect::<String>();
    joined(before) + lines + &joined(after)
}

async fn switch(command: &[String]) -> Result<String, Failure> {
    let told = shell_words::join(command);
    let (program, arguments) = command.split_first().ok_or_else(|| Failure::internal(anyhow!("an empty command")))?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = call(program, &arguments, None).await.map_err(|why| Failure::bad_input(anyhow!("{why}")))?;
    if ended.success {
        return Ok(format!("done: {told}"));
    }
    Err(Failure::bad_input(anyhow!("the units are written, but `{told}` failed: {}", ended.stderr.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_lines_replace_their_own_and_leave_every_other_line() {
        let ours = |command: &str| format!("# inboxed weekly: {MARK}\n3 * * * * {command}\n");
        let foreign = "MAILTO=ops\n# a comment\n* * * * * true\n";
        let first = with_lines(foreign, "weekly", &ours("old"));
        assert_eq!(first, format!("{foreign}{}", ours("old")));
        let more = format!("{first}0 0 * * * backup\n");
        let second = with_lines(&more, "weekly", &ours("new"));
        assert_eq!(second, format!("{foreign}{}0 0 * * * backup\n", ours("new")));
        assert_eq!(with_lines(&second, "weekly", &ours("new")), second);
        assert_eq!(with_lines("", "weekly", &ours("new")), ours("new"));
        let other = with_lines(&second, "other", &ours("x").replace("weekly", "other"));
        assert!(other.starts_with(&second), "{other}");
    }

    #[test]
    fn a_foreign_unit_is_left_as_it_is_and_ours_is_written_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("units/inboxed.timer");
        refuse_foreign(&path).unwrap();
        let text = |more: &str| format!("# {MARK}\n{more}\n");
        assert!(write_unit(&path, &text("a")).unwrap().starts_with("written: "));
        assert!(write_unit(&path, &text("a")).unwrap().starts_with("unchanged: "));
        refuse_foreign(&path).unwrap();
        assert!(write_unit(&path, &text("b")).unwrap().starts_with("written: "));
        fs::write(&path, "[Timer]\n").unwrap();
        let refused = format!("{:#}", refuse_foreign(&path).unwrap_err().error);
        assert!(refused.contains("somebody else's and is left as it is"), "{refused}");
    }
}
