//! `schedule print` and `schedule install`: what it takes that somebody else starts the runs.

mod installing;
mod units;

use std::fmt::Write as _;

use serde_json::json;

use self::installing::{install_lines, refuse_foreign, switch, write_unit};
use self::units::{Units, units};
use super::{Context, Failure, Outcome};
use crate::cli::{InstallArgs, Starter, UnitArgs};
use crate::edge::service::has_systemd;
use crate::render::json::{document, moment};

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
