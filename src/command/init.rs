//! `init`: writes a commented configuration, an example seed list and an example message. It overwrites nothing.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::{Context, Failure, Outcome};
use crate::cli::{InitArgs, called};

/// The configuration, unless `--config` names it otherwise.
const CONFIG: &str = "inboxed.toml";

/// What is written where.
const FILES: [(&str, &str); 3] = [
    (CONFIG, include_str!("init/inboxed.toml")),
    ("seeds/example.toml", include_str!("../../seeds/example.toml")),
    ("messages/newsletter.eml", include_str!("init/newsletter.eml")),
];

/// What to do with them.
fn next(config: &Path) -> String {
    let mut inboxed = called();
    let dir = directory(config);
    if config != Path::new("inboxed.toml") {
        // Writing to a String cannot fail.
        let _ = write!(inboxed, " --config {}", shell_words::quote(&config.to_string_lossy()));
    }
    let place = if dir == Path::new(".") { String::new() } else { format!("{}/", dir.display()) };
    let config = config.display();
    format!(
        "next:\n  1. set region and From in {config}, and put the message you really send into {place}messages/\n  2. take a seed \
         out of its comment in {place}seeds/example.toml, and say where its secret lies\n  3. {inboxed} check\n  4. {inboxed} run\n"
    )
}

/// Where a configuration lies, and what it names by relative paths.
fn directory(config: &Path) -> &Path {
    config.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Runs the verb: what is there already is kept, and what is not is written.
pub(crate) fn execute(context: &Context, args: &InitArgs) -> Result<Outcome, Failure> {
    let config = match &args.dir {
        // A directory that is named goes before that of a configuration that the environment may name.
        Some(dir) if dir != Path::new(".") => dir.join(context.config_path.file_name().unwrap_or_default()),
        Some(_) | None => context.config_path.clone(),
    };
    let dir = directory(&config);
    let in_dir = |name: &str| if dir == Path::new(".") { PathBuf::from(name) } else { dir.join(name) };
    let place = |name: &str| if name == CONFIG { config.clone() } else { in_dir(name) };
    let files = FILES.map(|(name, text)| (place(name), text));
    let (taken, missing): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| path.symlink_metadata().is_ok());
    let names = |files: &[&(PathBuf, &str)]| -> Vec<String> {
        files.iter().map(|(path, _)| path.display().to_string()).collect()
    };
    let (kept, written) = (names(&taken), names(&missing));
    if written.is_empty() {
        let kept = kept.join(", ");
        return Err(Failure::bad_input(anyhow!(
            "{kept} exist already, so nothing was written; name another directory"
        )));
    }
    for (path, text) in missing {
        write_new(path, text).map_err(Failure::bad_input)?;
    }
    if context.json {
        return Ok(Outcome::ok(format!("{:#}\n", serde_json::json!({ "written": written, "kept": kept }))));
    }
    let kept = if kept.is_empty() { String::new() } else { format!("kept as it is:\n  {}\n", kept.join("\n  ")) };
    Ok(Outcome::ok(format!("written:\n  {}\n{kept}\n{}", written.join("\n  "), next(&config))))
}

/// A new file that only its owner can read: seed lists say where secrets lie.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("make {}", parent.display()))?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("write {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::Exit;
    use crate::config::{Config, Transport};
    use crate::domain::seed::AuthKind;
    use crate::edge::clock::Clock;
    use crate::render::table::Screen;

    fn init(dir: &Path) -> Result<Outcome, Failure> {
        let context = Context {
            config_path: dir.join("inboxed.toml"),
            json: false,
            screen: Screen { width: None, colour: false },
            clock: Clock::system(),
            progress: false,
            quiet: false,
            simulated: false,
        };
        execute(&context, &InitArgs { dir: Some(dir.to_owned()) })
    }

    /// The text with every key and heading taken out of its comment.
    fn uncommented(text: &str) -> String {
        let is_setting = |line: &str| {
            let is_key = |(key, _): (&str, &str)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            line.starts_with('[') || line.split_once(" = ").is_some_and(is_key)
        };
        let line = |line: &str| match line.strip_prefix("# ") {
            Some(setting) if is_setting(setting) => format!("{setting}\n"),
            Some(_) | None => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    }

    #[test]
    fn what_was_written_is_private_and_loads_at_once() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("new/place");
        let told = init(&dir).unwrap().stdout;
        for (name, text) in FILES {
            let path = dir.join(name);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{name}");
            assert!(told.contains(&path.display().to_string()), "{told}");
        }
        let config = Config::load(&dir.join("inboxed.toml")).unwrap();
        assert_eq!((config.streams.len(), config.seeds.len()), (1, 0));
    }

    #[test]
    fn what_is_there_is_kept_and_only_what_is_missing_is_written() {
        for (taken, _) in FILES {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(taken);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            // Even a link that leads nowhere is somebody's.
            std::os::unix::fs::symlink("nowhere", &path).unwrap();
            let told = init(dir.path()).unwrap().stdout;
            assert!(told.contains(&format!("kept as it is:\n  {}\n", path.display())), "{told}");
            for (name, text) in FILES {
                let is_written = std::fs::read_to_string(dir.path().join(name)).is_ok_and(|found| found == text);
                assert_eq!(is_written, name != taken, "{name}");
            }
            let failure = init(dir.path()).map(|_| ()).unwrap_err();
            assert_eq!(failure.exit, Exit::BadInput);
            assert!(
                failure.error.to_string().ends_with(" exist already, so nothing was written; name another directory")
            );
            assert!(path.read_link().is_ok());
        }
    }

    #[test]
    fn every_key_that_the_comments_explain_is_one_that_the_program_knows() {
        let dir = tempfile::tempdir().unwrap();
        init(dir.path()).unwrap();
        for (name, text) in FILES.into_iter().take(2) {
            let text = uncommented(text).replace("transport = \"ses-api\"", "transport = \"ses-smtp\"");
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        for name in ["ca.pem", "seeds/ca.pem"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let config = Config::load(&dir.path().join("inboxed.toml")).map_err(|faults| faults.to_string()).unwrap();
        assert!(matches!(config.streams[0].transport, Transport::Smtp(_)));
        assert_eq!((config.weights.len(), config.alerts.len(), config.schedule.is_some()), (3, 1, true));
        let providers: Vec<&str> = config.seeds.iter().map(|seed| seed.seed.provider.as_str()).collect();
        assert_eq!(providers, ["gmail", "yahoo", "outlook", "generic"]);
        assert_eq!(config.seeds[2].seed.auth, AuthKind::OAuth);
        assert_eq!((config.seeds[3].seed.port, config.seeds[3].seed.junk.as_deref()), (143, Some("Bulk")));
        // And each section and key of the documented file is explained.
        let text = uncommented(FILES[0].1);
        for wanted in [
            "database",
            "seeds",
            "providers",
            "tokens",
            "reports",
            "[ses]",
            "endpoint_url",
            "[run]",
            "wait",
            "max_connections",
            "[dns]",
            "resolver",
            "[judge]",
            "promotions_as_inbox",
            "confidence",
            "[thresholds]",
            "inbox_warn",
            "inbox_crit",
            "spam_warn",
            "spam_crit",
            "[weights]",
            "[schedule]",
            "every",
            "at",
            "zone",
            "[[alert]]",
            "url",
            "on",
            "[[stream]]",
            "name",
            "kind",
            "from",
            "message",
            "transport",
            "configuration_set",
            "region",
            "control",
            "tag",
            "[stream.smtp]",
            "host",
            "port",
            "tls",
            "user",
            "secret",
            "ca_file",
        ] {
            let is_it = |line: &str| {
                let is_key = line.split_once(" = ").is_some_and(|(key, _)| key == wanted);
                is_key || (wanted.starts_with('[') && line.starts_with(wanted))
            };
            assert!(text.lines().any(is_it), "{wanted} is not explained");
        }
    }
}
