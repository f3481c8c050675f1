//! A row of a sheet, and the seed that a list makes of it.

use std::path::{Component, Path, PathBuf};

use crate::config::ConfiguredSeed;
use crate::domain::provider::ProviderName;
use crate::domain::seed::{Address, AuthKind};
use crate::secret::SecretSource;

/// A row that makes a seed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SheetRow {
    /// Its line.
    pub(crate) line: usize,
    /// The address.
    pub(crate) address: Address,
    /// The provider.
    pub(crate) provider: ProviderName,
    /// Whether the provider was guessed from the address.
    pub(crate) guessed: bool,
    /// What to sign in as.
    pub(crate) login: String,
    /// Whether that is what the provider wants of who names no login.
    pub(super) login_is_usual: bool,
    /// How it signs in.
    pub(crate) auth: AuthKind,
    /// Where its secret lies; a file's path is that of the sheet's directory.
    pub(crate) secret: Option<SecretSource>,
    /// The command, or the path that does not depend on where the sheet lies, as it was written.
    pub(super) written: Option<String>,
    /// Free labels.
    pub(crate) labels: Vec<String>,
}

impl SheetRow {
    /// The row as a seed list has it, for a list in this directory; `None` where the path of its secret is no text.
    pub(crate) fn as_toml(&self, directory: &Path) -> Option<String> {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut text = format!(
            "\n[[seed]]\naddress = {}\nprovider = {}\n",
            quoted(self.address.as_str()),
            quoted(self.provider.as_str())
        );
        let mut line = |key: &str, value: String| {
            text.push_str(key);
            text.push_str(" = ");
            text.push_str(&value);
            text.push('\n');
        };
        if !self.login_is_usual {
            line("login", quoted(&self.login));
        }
        if self.auth == AuthKind::OAuth {
            line("auth", quoted("oauth"));
        }
        let place = |kind: &str, text: &str| format!("{{ {kind} = {} }}", quoted(text));
        match &self.secret {
            Some(SecretSource::Env(name)) => line("secret", place("env", name)),
            Some(SecretSource::Keyring(entry)) => line("secret", place("keyring", entry)),
            Some(SecretSource::File(path)) => match &self.written {
                Some(written) => line("secret", place("file", written)),
                None => line("secret", place("file", relative(path, directory).to_str()?)),
            },
            Some(SecretSource::Command(_)) => {
                line("secret", place("command", self.written.as_deref().unwrap_or_default()));
            }
            None => {}
        }
        if !self.labels.is_empty() {
            let labels: Vec<String> = self.labels.iter().map(|label| quoted(label)).collect();
            line("labels", format!("[{}]", labels.join(", ")));
        }
        Some(text)
    }

    /// What an existing seed has otherwise; `None` if it is the same.
    pub(crate) fn difference(&self, seed: &ConfiguredSeed) -> Option<&'static str> {
        let (own, other) = (self.secret.as_ref().map(plain), seed.secret.as_ref().map(plain));
        [
            ("provider", self.provider == seed.seed.provider),
            ("login", self.login == seed.seed.login),
            ("auth", self.auth == seed.seed.auth),
            ("secret", own == other),
            ("labels", self.labels == seed.seed.labels),
        ]
        .into_iter()
        .find(|(_, same)| !same)
        .map(|(key, _)| key)
    }
}

/// A place with its path, if it has one, in its only form.
fn plain(secret: &SecretSource) -> SecretSource {
    match secret {
        SecretSource::File(path) => SecretSource::File(settled(path)),
        SecretSource::Command(_) | SecretSource::Env(_) | SecretSource::Keyring(_) => secret.clone(),
    }
}

/// A path whose directory is named without links, `.` and `..`; the file itself may be a link, or not exist yet.
fn settled(path: &Path) -> PathBuf {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (Some(directory), Some(name)) = (full.parent(), full.file_name()) else { return canonical(&full) };
    canonical(directory).join(name)
}

/// A directory without links as far as it exists, and without `.` and `..`.
fn canonical(directory: &Path) -> PathBuf {
    let Some((known, real)) = directory.ancestors().find_map(|known| Some((known, known.canonicalize().ok()?))) else {
        return directory.to_owned();
    };
    let rest = directory.strip_prefix(known).unwrap_or(Path::new(""));
    rest.components().fold(real, |mut plain, component| {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(component),
        }
        plain
    })
}

/// A path as it is seen from a directory.
fn relative(path: &Path, directory: &Path) -> PathBuf {
    let (path, directory) = (settled(path), canonical(&std::path::absolute(directory).unwrap_or(directory.to_owned())));
    let shared = path.components().zip(directory.components()).take_while(|(one, other)| one == other).count();
    let up = directory.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    fn row(path: &Path, written: Option<&str>) -> SheetRow {
        SheetRow {
            line: 2,
            address: Address::new("anna@gmail.com").unwrap(),
            provider: ProviderName::new("gmail").unwrap(),
            guessed: false,
            login: "anna@gmail.com".to_owned(),
            login_is_usual: true,
            auth: AuthKind::Password,
            secret: Some(SecretSource::File(path.to_owned())),
            written: written.map(str::to_owned),
            labels: Vec::new(),
        }
    }

    #[test]
    fn a_path_is_written_as_the_list_sees_it() {
        for (path, directory, wanted) in [
            ("/nowhere/b/secrets/x", "/nowhere/b/seeds", "../secrets/x"),
            ("/nowhere/b/seeds/x", "/nowhere/b/seeds", "x"),
            ("/nowhere/b/../c/./x", "/nowhere/b/seeds", "../../c/x"),
        ] {
            assert_eq!(relative(Path::new(path), Path::new(directory)), Path::new(wanted));
        }
    }

    #[test]
    fn the_written_path_leads_to_the_secret_through_links_too() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        std::fs::create_dir_all(root.join("deep/down/config/seeds")).unwrap();
        std::fs::create_dir_all(root.join("sheets")).unwrap();
        symlink(root.join("deep/down/config"), root.join("config")).unwrap();
        std::fs::write(root.join("sheets/anna"), "secret").unwrap();
        let list = root.join("config/seeds");
        let text = row(&root.join("sheets/../sheets/anna"), None).as_toml(&list).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let written = table["seed"][0]["secret"]["file"].as_str().unwrap();
        assert_eq!(std::fs::read_to_string(list.join(written)).unwrap(), "secret", "{written}");
        let absolute = root.join("sheets/anna");
        let text = row(&absolute, absolute.to_str()).as_toml(&list).unwrap();
        assert!(text.contains(&format!("{{ file = \"{}\" }}", absolute.display())), "{text}");
        assert_eq!(row(Path::new(OsStr::from_bytes(b"/nowhere/\xff/x")), None).as_toml(&list), None);
    }
}
