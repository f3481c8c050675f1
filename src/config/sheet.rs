//! A sheet: seeds in bulk, one a row, as a spreadsheet writes them (RFC 4180, and what Excel makes of it).
//!
//! The columns are named by the first line, in any order: `address,provider,login,auth,secret,labels`. A row that is wrong
//! is named by its line and left out; the others are taken. A cell that may hold a secret is never repeated.

mod cells;
mod row;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use csv::ByteRecord;

use self::cells::{COLUMNS, Cells, delimiter, header, is_cut_off, line_of};
use super::reader::{Fault, nearest, one_line};
use crate::domain::provider::{Provider, ProviderName};
use crate::domain::seed::{Address, AuthKind};
use crate::secret::SecretSource;

pub(crate) use row::SheetRow;

/// How a secret is written in a cell.
const SECRETS: &str = "env:NAME, file:PATH, command:PROGRAM or keyring:ENTRY";

type Providers = BTreeMap<ProviderName, Arc<Provider>>;

/// A sheet that was read.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    /// The rows that are right, in order.
    pub(crate) rows: Vec<SheetRow>,
    /// What is wrong with the others.
    pub(crate) faults: Vec<Fault>,
}

impl Sheet {
    /// Reads a sheet. Only a sheet without a usable first line is refused as a whole.
    pub(crate) fn read(file: &Path, bytes: &[u8], providers: &Providers) -> Result<Self, Fault> {
        let whole = |what: &str| Fault { file: file.to_owned(), line: None, what: what.to_owned() };
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(whole("it is UTF-16 text; save it as \"CSV UTF-8\""));
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let (delimiter, text, skipped) = delimiter(text);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text);
        let mut record = ByteRecord::new();
        let mut sheet = Self::default();
        let mut columns: Option<Vec<&str>> = None;
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        let mut last = None;
        while reader.read_byte_record(&mut record).map_err(|error| whole(&format!("cannot be read: {error}")))? {
            let line = record.position().map_or(0, |position| line_of(text, position)).saturating_add(skipped);
            if record.iter().all(<[u8]>::is_empty) {
                continue;
            }
            last = record.position().map(|position| (position.byte(), line));
            let fault = |what: String| Fault { file: file.to_owned(), line: Some(line), what };
            let Some(columns) = &columns else {
                columns = Some(header(&record).map_err(fault)?);
                continue;
            };
            match row(&Cells { columns, record: &record, line }, file, providers) {
                Err(what) => sheet.faults.push(fault(what)),
                Ok(row) => {
                    if let Some(first) = lines.insert(row.address.folded(), line) {
                        let what = format!("{} stands in line {first} already; take one of them out", row.address);
                        lines.insert(row.address.folded(), first);
                        sheet.faults.push(fault(what));
                    } else {
                        sheet.rows.push(row);
                    }
                }
            }
        }
        if let Some((_, line)) = last.filter(|(place, _)| is_cut_off(text, *place, delimiter)) {
            sheet.rows.retain(|row| row.line != line);
            sheet.faults.retain(|fault| fault.line != Some(line));
            let what =
                "a quote that is opened here is not closed up to the end of the file; is the file cut off?".to_owned();
            sheet.faults.push(Fault { file: file.to_owned(), line: Some(line), what });
        }
        if columns.is_none() {
            return Err(whole(&format!("it is empty; its first line names the columns: {}", COLUMNS.join(","))));
        }
        Ok(sheet)
    }
}

fn row(cells: &Cells<'_>, file: &Path, providers: &Providers) -> Result<SheetRow, String> {
    cells.check()?;
    let address = Address::new(cells.get("address")).ok_or_else(|| match cells.get("address") {
        "" => "address: is empty; write one such as anna@gmail.com".to_owned(),
        text if text.contains('@') => {
            format!("address: \"{}\" is not an e-mail address; write one such as anna@gmail.com", text.escape_debug())
        }
        _ => "address: is not an e-mail address; write one such as anna@gmail.com".to_owned(),
    })?;
    if let Some(why) = address.undeliverable() {
        return Err(format!("address: \"{address}\" {why}"));
    }
    let (provider, guessed) = provider(cells.get("provider"), &address, providers)?;
    if provider.host.is_none() {
        return Err(format!(
            "provider: {} names no server; write a preset of your own (`providers` in inboxed.toml), or the seed by hand \
             with its `host`",
            provider.name.as_str()
        ));
    }
    let auth = match cells.get("auth").to_ascii_lowercase().as_str() {
        "" | "password" if provider.takes_passwords => AuthKind::Password,
        "" | "oauth" => AuthKind::OAuth,
        "password" => return Err(format!("auth: {} takes no password over IMAP; write oauth", provider.title)),
        _ => return Err("auth: must be password or oauth, or empty for what the provider takes".to_owned()),
    };
    let login = match cells.get("login") {
        "" => provider.login_of(&address),
        login => login,
    };
    let login = one_line(login).ok_or("login: must be one line")?;
    let login_is_usual = login == provider.login_of(&address);
    let (secret, written) = secret(cells.get("secret"), auth, file)?;
    let labels = labels(cells.get("labels"))?;
    let provider = provider.name.clone();
    let line = cells.line;
    Ok(SheetRow { line, address, provider, guessed, login, login_is_usual, auth, secret, written, labels })
}

/// The provider, and whether it was guessed.
fn provider<'p>(word: &str, address: &Address, providers: &'p Providers) -> Result<(&'p Arc<Provider>, bool), String> {
    let known = || providers.keys().map(ProviderName::as_str);
    if word.is_empty() {
        let domain = address.domain();
        let guess = providers.values().find(|provider| provider.domains.contains(&domain));
        return guess.map(|provider| (provider, true)).ok_or_else(|| {
            format!(
                "provider: is empty, and none is known for {domain}; write one of {}",
                known().collect::<Vec<_>>().join(", ")
            )
        });
    }
    let lower = word.to_ascii_lowercase();
    ProviderName::new(&lower).and_then(|name| providers.get(&name)).map(|provider| (provider, false)).ok_or_else(|| {
        let remedy = nearest(&lower, known()).map_or_else(
            || format!("known are {}", known().collect::<Vec<_>>().join(", ")),
            |nearest| format!("did you mean {nearest}?"),
        );
        format!("provider: there is none of this name; {remedy}")
    })
}

/// Where the secret lies, and what of it has to be kept as it was written. What is no place may be the secret itself and is not repeated.
fn secret(cell: &str, auth: AuthKind, file: &Path) -> Result<(Option<SecretSource>, Option<String>), String> {
    if auth == AuthKind::OAuth {
        let remedy = "a seed that signs in by OAuth has none; leave it empty and run `inboxed seeds sign-in`";
        return if cell.is_empty() { Ok((None, None)) } else { Err(format!("secret: {remedy}")) };
    }
    if cell.is_empty() {
        return Err(format!("secret: is empty; say where it lies: {SECRETS}"));
    }
    let place = cell.split_once(':').map(|(kind, rest)| (kind.to_ascii_lowercase(), rest.trim()));
    match place.as_ref().map(|(kind, rest)| (kind.as_str(), *rest)) {
        Some(("env", name)) if is_variable(name) => Ok((Some(SecretSource::Env(name.to_owned())), None)),
        Some(("env", _)) => {
            Err("secret: behind env: stands the name of a variable: letters, digits and _ only".to_owned())
        }
        Some(("file", path)) if !path.is_empty() => {
            let base = file.parent().unwrap_or(Path::new("."));
            let written = Path::new(path).is_absolute().then(|| path.to_owned());
            Ok((Some(SecretSource::File(base.join(path))), written))
        }
        Some(("keyring", entry)) if !entry.is_empty() => Ok((Some(SecretSource::Keyring(entry.to_owned())), None)),
        Some(("command", line)) => match shell_words::split(line) {
            Ok(words) if words.first().is_some_and(|word| !word.is_empty()) => {
                Ok((Some(SecretSource::Command(words)), Some(line.to_owned())))
            }
            Ok(_) => Err("secret: behind command: stands the program to run".to_owned()),
            Err(_) => Err("secret: the command has a quote that is not closed".to_owned()),
        },
        _ => Err(format!(
            "secret: must say where it lies and must not be the secret itself (it is not repeated here); write {SECRETS}"
        )),
    }
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn labels(cell: &str) -> Result<Vec<String>, String> {
    let labels: Vec<String> =
        cell.split(';').map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned).collect();
    if labels.iter().any(|label| label.contains(',') || label.chars().count() > 64) {
        return Err("labels: one has a comma or more than 64 characters; part them by ';'".to_owned());
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sheet(bytes: &[u8]) -> Result<Sheet, Fault> {
        Sheet::read(Path::new("s.csv"), bytes, &crate::config::preset::built_in().unwrap())
    }

    /// The rows as `line address provider auth secret labels`, and the faults as they are told.
    fn check(bytes: &[u8], rows: &[&str], faults: &[&str]) {
        let text = String::from_utf8_lossy(bytes);
        let sheet = sheet(bytes).unwrap();
        let shown: Vec<String> = sheet
            .rows
            .iter()
            .map(|row| {
                let auth = if row.auth == AuthKind::OAuth { "oauth" } else { "password" };
                let secret = row.secret.as_ref().map_or("none".to_owned(), ToString::to_string);
                let (line, address, provider) = (row.line, &row.address, row.provider.as_str());
                let guessed = if row.guessed { "?" } else { "" };
                format!("{line} {address} {provider}{guessed} {auth} {secret} {}", row.labels.join("+"))
            })
            .collect();
        assert_eq!(shown, rows, "{text:?}");
        let told: Vec<String> = sheet.faults.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), faults.len(), "{text:?}: {told:?}");
        for (told, wanted) in told.iter().zip(faults) {
            assert!(told.starts_with(wanted), "{text:?}: {told} is not {wanted}");
        }
    }

    #[test]
    fn a_sheet_is_read_as_spreadsheets_write_it() {
        let anna = "2 anna@gmail.com gmail? password env ANNA a+b";
        check(b"address,secret,labels\nanna@gmail.com,env:ANNA,a;b\n", &[anna], &[]);
        check(b"\xef\xbb\xbfAddress , Secret,LABELS\r\n\"anna@gmail.com\",\" env:ANNA\",a; b;\r\n", &[anna], &[]);
        check(b"labels;secret;address\n\"a;b\";env:ANNA;anna@gmail.com\n", &[anna], &[]);
        check(b"address\tsecret\tlabels\nanna@gmail.com\tenv:ANNA\ta;b", &[anna], &[]);
        let told = "3 anna@gmail.com gmail? password env ANNA a+b";
        check(b"sep=;\r\naddress;secret;labels\r\nanna@gmail.com;env:ANNA;\"a;b\"\r\n", &[told], &[]);
        check(
            b"address,provider,login,auth,secret,labels\n\n,,,,,\nbert@shop.example,Yahoo,bert,password,file:s/b,\n\
              carla@outlook.com,,,,,\ndora@shop.example,google-workspace,,,\"command:pass show \"\"a b\"\"\",x\n",
            &[
                "4 bert@shop.example yahoo password file s/b ",
                "5 carla@outlook.com outlook? oauth none ",
                "6 dora@shop.example google-workspace password command pass x",
            ],
            &[],
        );
        // What a provider wants of who names no login is not written down, and anything else is.
        let apple = b"address,login,secret\nanna@icloud.com,,env:A\nbert@icloud.com,bert@icloud.com,env:B\n";
        let rows = sheet(apple).unwrap().rows;
        assert_eq!(rows.iter().map(|row| row.login.as_str()).collect::<Vec<_>>(), ["anna", "bert@icloud.com"]);
        assert!(!rows[0].as_toml(Path::new(".")).unwrap().contains("login"));
        assert!(rows[1].as_toml(Path::new(".")).unwrap().contains("login = \"bert@icloud.com\"\n"));
    }

    #[test]
    fn a_wrong_row_is_named_by_its_line_and_stops_no_other() {
        check(
            b"address,provider,auth,secret\nanna@gmail.com,,,env:A\nnot-me,,,env:A\n@x,,,env:A\nb@gmail.com,gmial,,env:A\n\
              b@nowhere.example,,,env:A\nb@web.de,generic,,env:A\nb@gmail.com,,maybe,env:A\nb@outlook.com,,password,env:A\n\
              ANNA@gmail.com,,,env:A\nb@gmail.com,,,env:A,more\nb@gmail.com,,,caf\xe9\nbert@gmail.com,,,env:B\n",
            &["2 anna@gmail.com gmail? password env A ", "13 bert@gmail.com gmail? password env B "],
            &[
                "s.csv:3: address: is not an e-mail address; write one",
                "s.csv:4: address: \"@x\" is not an e-mail address",
                "s.csv:5: provider: there is none of this name; did you mean gmail?",
                "s.csv:6: provider: is empty, and none is known for nowhere.example; write one of aol, ",
                "s.csv:7: provider: generic names no server; write a preset of your own",
                "s.csv:8: auth: must be password or oauth",
                "s.csv:9: auth: Outlook takes no password over IMAP; write oauth",
                "s.csv:10: ANNA@gmail.com stands in line 2 already",
                "s.csv:11: it has 5 cells, but the first line names 4 columns",
                "s.csv:12: it is not UTF-8 text; save the sheet as",
            ],
        );
        check(
            b"address,secret\nanna@gmail.com,\"env:A\nbert@gmail.com,env:B\n",
            &[],
            &["s.csv:2: a quote that is opened here is not closed up to the end of the file"],
        );
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_refused_and_never_repeated() {
        for row in [
            "anna@gmail.com,hunter2",
            "anna@gmail.com,env:hunter2-x",
            "anna@gmail.com,http://hunter2",
            "anna@gmail.com,command:\"hunter2",
            "anna@outlook.com,hunter2",
            "hunter2,env:A",
            "anna@gmail.com,env:A,hunter2",
        ] {
            let sheet = sheet(format!("address,secret\n{row}\n").as_bytes()).unwrap();
            assert_eq!((sheet.rows.len(), sheet.faults.len()), (0, 1), "{row}");
            assert!(!sheet.faults[0].to_string().contains("hunter2"), "{row}: {}", sheet.faults[0]);
        }
        let without_header = sheet(b"anna@gmail.com,hunter2\n").unwrap_err().to_string();
        assert_eq!(
            without_header,
            "s.csv:1: the first line must name the columns, at least `address`: address,provider,login,auth,secret,labels"
        );
    }

    #[test]
    fn a_sheet_without_columns_is_refused_as_a_whole() {
        for (bytes, wanted) in [
            (&b""[..], "s.csv: it is empty; its first line names the columns"),
            (b"\n\n", "s.csv: it is empty"),
            (b"\xff\xfea\0", "s.csv: it is UTF-16 text; save it as \"CSV UTF-8\""),
            (b"address,secrets\n", "s.csv:1: column 2 is called \"secrets\"; did you mean `secret`?"),
            (b"address,secret,secret\n", "s.csv:1: two columns are called secret"),
            (b"address,phone\n", "s.csv:1: column 2 is called \"phone\"; the columns are address,"),
        ] {
            let fault = sheet(bytes).unwrap_err().to_string();
            assert!(fault.starts_with(wanted), "{fault}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_sheet_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = sheet(&bytes);
        }

        #[test]
        fn whatever_a_cell_holds_the_list_reads_it_back(
            local in "[a-z]{1,8}", login in "[ -~äöü]{1,20}", label in "[a-zA-Z \"'\\\\#]{1,12}", entry in "[ -~é]{1,20}",
        ) {
            let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            let text = format!(
                "address,login,secret,labels\n{local}@gmail.com,{},{},{}\n",
                cell(&login), cell(&format!("keyring:{entry}")), cell(&label)
            );
            let sheet = sheet(text.as_bytes()).unwrap();
            for row in &sheet.rows {
                let list: toml::Table = row.as_toml(Path::new(".")).unwrap().parse().unwrap();
                let seed = &list["seed"][0];
                prop_assert_eq!(seed["address"].as_str(), Some(row.address.as_str()));
                prop_assert_eq!(seed.get("login").map_or(row.address.as_str(), |v| v.as_str().unwrap()), &row.login);
                let secret = SecretSource::Keyring(seed["secret"]["keyring"].as_str().unwrap().to_owned());
                prop_assert_eq!(Some(&secret), row.secret.as_ref());
                let labels: Vec<&str> = seed.get("labels").map_or_else(Vec::new, |labels| {
                    labels.as_array().unwrap().iter().map(|label| label.as_str().unwrap()).collect()
                });
                prop_assert_eq!(&labels, &row.labels);
            }
        }
    }
}
