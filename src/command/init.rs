//! `init`: writes a commented configuration, an example seed list and an example message. It overwrites nothing.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::{Context, Failure, Outcome};
use crate::cli::{InitArgs, called};

/// What is written where.
const FILES: [(&str, &str); 3] = [
    ("inboxed.toml", include_str!("init/inboxed.toml")),
    ("seeds/example.toml", include_str!("../../seeds/example.toml")),
    ("messages/newsletter.eml", include_str!("init/newsletter.eml")),
];

/// What to do with them.
fn next(dir: &Path) -> String {
    let (mut inboxed, config) = (called(), dir.join("inboxed.toml"));
    let place = if dir == Path::new(".") {
        String::new()
    } else {
        // Writing to a String cannot fail.
        let _ = write!(inboxed, " --config {}", shell_words::quote(&config.to_string_lossy()));
        format!("{}/", dir.display())
    };
    format!(
        "next:\n  1. set region and From in {place}inboxed.toml, and put the message you really send into {place}messages/\n  2. take \
         a seed out of its comment in {place}seeds/example.toml, and say where its secret lies\n  3. {inboxed} check\n  4. \
         {inboxed} run\n"
    )
}

/// Runs the verb.
pub(crate) fn execute(context: &Context, args: &InitArgs) -> Result<Outcome, Failure> {
    let taken: Vec<String> = FILES
        .iter()
        .map(|(name, _)| args.dir.join(name))
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if !taken.is_empty() {
        let exist = if taken.len() == 1 { "exists" } else { "exist" };
        return Err(Failure::bad_input(anyhow!(
            "{} {exist} already, so nothing was written; name another directory",
            taken.join(", ")
        )));
    }
    for (name, text) in FILES {
        write_new(&args.dir.join(name), text).map_err(Failure::bad_input)?;
    }
    let written: Vec<String> = FILES.iter().map(|(name, _)| args.dir.join(name).display().to_string()).collect();
    if context.json {
        return Ok(Outcome::ok(format!("{:#}\n", serde_json::json!({ "written": written }))));
    }
    Ok(Outcome::ok(format!("written:\n  {}\n\n{}", written.join("\n  "), next(&args.dir))))
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
        execute(&context, &InitArgs { dir: dir.to_owned() })
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
    fn nothing_is_overwritten_and_nothing_is_written_beside_what_is_there() {
        for (name, _) in FILES {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            // Even a link that leads nowhere is somebody's.
            std::os::unix::fs::symlink("nowhere", &path).unwrap();
            let failure = init(dir.path()).map(|_| ()).unwrap_err();
            assert_eq!(failure.exit, Exit::BadInput);
            let wanted = format!("{} exists already, so nothing was written; name another directory", path.display());
            assert_eq!(failure.error.to_string(), wanted);
            for (name, _) in FILES {
                assert!(!dir.path().join(name).exists(), "{name}");
            }
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
