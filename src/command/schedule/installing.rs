//! Units put where they belong: whole or not at all, twice without a change, and nothing of anybody else touched.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::units::Units;
use crate::command::Failure;
use crate::edge::service::call;
use crate::render::unit::MARK;

/// A file that is there and not ours is left as it is.
pub(super) fn refuse_foreign(path: &Path) -> Result<(), Failure> {
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
pub(super) fn write_unit(path: &Path, text: &str) -> Result<String, Failure> {
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
pub(super) async fn install_lines(units: &Units, lines: &str, dir: Option<&Path>) -> Result<String, Failure> {
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

pub(super) async fn switch(command: &[String]) -> Result<String, Failure> {
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
