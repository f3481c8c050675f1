//! LIST (RFC 3501 §6.3.8, RFC 5258, RFC 6154), STATUS, EXAMINE and SELECT, CLOSE and UNSELECT.

use super::answer::Answer;
use super::command::{Argument, Command};
use super::manners;
use super::session::{Open, Session, argument_text, rows};
use crate::lab::fault::Verb;
use crate::lab::mailbox::{Character, Folder};

/// What a LIST asks for.
struct Question<'a> {
    /// Only folders with a special use.
    special_only: bool,
    /// Reference and pattern together, each.
    patterns: Vec<String>,
    /// The words behind RETURN.
    returns: &'a [Argument],
}

impl<'a> Question<'a> {
    fn of(arguments: &'a [Argument]) -> Option<Self> {
        let (special_only, arguments) = match arguments {
            [Argument::List(options), rest @ ..] if options.iter().all(|option| option.is_word("SPECIAL-USE")) => {
                (!options.is_empty(), rest)
            }
            [Argument::List(_), ..] => return None,
            all => (false, all),
        };
        let (reference, patterns, returns) = match arguments {
            [reference, patterns] => (reference, patterns, [].as_slice()),
            [reference, patterns, word, Argument::List(returns)] if word.is_word("RETURN") => {
                (reference, patterns, returns.as_slice())
            }
            _ => return None,
        };
        let known = |word: &Argument| word.is_word("SPECIAL-USE") || word.is_word("CHILDREN");
        if !returns.iter().all(known) {
            return None;
        }
        let reference = reference.text()?;
        let patterns = match patterns {
            Argument::List(patterns) => patterns.iter().map(Argument::text).collect::<Option<Vec<_>>>()?,
            Argument::Atom(_) | Argument::Text(_) => vec![patterns.text()?],
        };
        let patterns = patterns.iter().map(|pattern| format!("{reference}{pattern}")).collect();
        Some(Self { special_only, patterns, returns })
    }

    fn is_extended(&self, arguments: &[Argument]) -> bool {
        arguments.len() != 2 || matches!(arguments, [_, Argument::List(_)]) || self.special_only
    }
}

impl Session {
    pub(super) fn list(&self, command: &Command) -> Answer {
        let question = Question::of(&command.arguments);
        let extended = question.as_ref().is_some_and(|question| question.is_extended(&command.arguments));
        let question = match question {
            Some(question) if !extended || self.character() != Character::Outlook => question,
            Some(_) | None => return Answer::bad("Command Argument Error. 12"),
        };
        let mut answer = self.done(command);
        if question.patterns.iter().all(String::is_empty) {
            answer.line("LIST (\\Noselect) \"/\" \"\"");
            return answer;
        }
        let asked = question.special_only || question.returns.iter().any(|word| word.is_word("SPECIAL-USE"));
        let told = match self.character() {
            Character::Gmail | Character::Yahoo => true,
            Character::Plain => asked,
            Character::Outlook => false,
        };
        self.with_account(|account| {
            for folder in &account.folders {
                let special = folder.role.special_use().filter(|_| folder.announces_role);
                let wanted = question.patterns.iter().any(|pattern| is_like(&folder.name, pattern));
                if wanted && (special.is_some() || !question.special_only) {
                    let attributes = folder.attributes.iter().map(String::as_str).chain(special.filter(|_| told));
                    let attributes: Vec<&str> = attributes.collect();
                    answer.line(format!("LIST ({}) \"/\" {}", attributes.join(" "), spelled(&folder.name)));
                }
            }
        });
        answer
    }

    pub(super) fn status(&self, command: &Command) -> Answer {
        let [name, Argument::List(items)] = command.arguments.as_slice() else {
            return Answer::bad("Could not parse command");
        };
        let (Some(name), Some(items)) = (name.text(), items.iter().map(Argument::text).collect::<Option<Vec<_>>>())
        else {
            return Answer::bad("Could not parse command");
        };
        let found =
            self.with_account(|account| account.folder(name).filter(|f| f.is_selectable()).map(|f| figures(f, &items)));
        match found.flatten() {
            None => Answer::no(manners::no_folder(self.character(), name)),
            Some(None) => Answer::bad("Unknown status item"),
            Some(Some(figures)) => {
                let mut answer = self.done(command);
                answer.line(format!("STATUS {} ({figures})", spelled(name)));
                answer
            }
        }
    }

    pub(super) fn open_folder(&mut self, command: &Command) -> Answer {
        let (Some(name), 1) = (argument_text(command, 0), command.arguments.len()) else {
            return Answer::bad("Could not parse command");
        };
        let read_only = command.verb == Verb::Examine;
        if !read_only {
            self.wire.entry.sin(format!("{} SELECT {}", command.tag, spelled(name)));
        }
        self.open = None;
        let found = self.with_account(|account| account.folder(name).filter(|folder| folder.is_selectable()).cloned());
        let Some(folder) = found.flatten() else {
            return Answer::no(manners::no_folder(self.character(), name));
        };
        let mode = if read_only { "READ-ONLY" } else { "READ-WRITE" };
        let mut answer = Answer::ok(match self.character() {
            Character::Gmail => format!("[{mode}] {name} selected. (Success)"),
            Character::Outlook | Character::Yahoo | Character::Plain => {
                format!("[{mode}] {}", manners::done(self.character(), &command.name))
            }
        });
        let permanent = if read_only { "" } else { "\\Answered \\Flagged \\Deleted \\Seen \\Draft" };
        answer.line("FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)");
        answer.line(format!("OK [PERMANENTFLAGS ({permanent})] Flags permitted."));
        answer.line(format!("OK [UIDVALIDITY {}] UIDs valid.", folder.uid_validity));
        answer.line(format!("{} EXISTS", folder.copies.len()));
        answer.line("0 RECENT");
        answer.line(format!("OK [UIDNEXT {}] Predicted next UID.", folder.uid_next));
        let rows = rows(&folder);
        self.open = Some(Open { folder: folder.name, read_only, uid_validity: folder.uid_validity, rows });
        answer
    }

    /// CLOSE also expunges what was opened by SELECT (RFC 3501 §6.4.2), UNSELECT never does (RFC 3691).
    pub(super) fn close(&mut self, command: &Command) -> Answer {
        let writable = self.open.as_ref().is_some_and(|open| !open.read_only);
        if command.verb == Verb::Close && writable {
            self.wire.entry.sin(format!("{} CLOSE", command.tag));
            self.with_folder(|folder| folder.copies.retain(|copy| !copy.flags.contains("\\Deleted")));
        }
        self.open = None;
        self.done(command)
    }
}

fn figures(folder: &Folder, items: &[&str]) -> Option<String> {
    let figure = |item: &&str| {
        let item = item.to_ascii_uppercase();
        let value = match item.as_str() {
            "MESSAGES" => folder.copies.len().to_string(),
            "RECENT" => "0".to_owned(),
            "UIDNEXT" => folder.uid_next.to_string(),
            "UIDVALIDITY" => folder.uid_validity.to_string(),
            "UNSEEN" => folder.copies.iter().filter(|copy| !copy.flags.contains("\\Seen")).count().to_string(),
            _ => return None,
        };
        Some(format!("{item} {value}"))
    };
    items.iter().map(figure).collect::<Option<Vec<_>>>().map(|figures| figures.join(" "))
}

/// A name as a string: quoted, or as a literal if it holds what quotes cannot.
pub(super) fn spelled(name: &str) -> String {
    if name.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        format!("{{{}}}\r\n{name}", name.len())
    }
}

/// Whether a name fits a pattern: `*` stands for anything, `%` for anything without the delimiter.
fn is_like(name: &str, pattern: &str) -> bool {
    let Some((first, rest)) = split_first(pattern) else { return name.is_empty() };
    match first {
        '*' | '%' => {
            let mut left = name;
            loop {
                if is_like(left, rest) {
                    return true;
                }
                match split_first(left) {
                    Some((skipped, behind)) if first == '*' || skipped != '/' => left = behind,
                    Some(_) | None => return false,
                }
            }
        }
        _ if name.eq_ignore_ascii_case("INBOX") && pattern.eq_ignore_ascii_case("INBOX") => true,
        _ => split_first(name).is_some_and(|(letter, behind)| letter == first && is_like(behind, rest)),
    }
}

fn split_first(text: &str) -> Option<(char, &str)> {
    let mut letters = text.chars();
    letters.next().map(|first| (first, letters.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_rfc_3501() {
        for (name, pattern, fits) in [
            ("INBOX", "*", true),
            ("[Gmail]/Spam", "*", true),
            ("[Gmail]/Spam", "%", false),
            ("[Gmail]/Spam", "[Gmail]/%", true),
            ("Inbox", "INBOX", true),
            ("Junk", "junk", false),
            ("Junk Email", "J*l", true),
            ("Junk", "J", false),
            ("", "*", true),
        ] {
            assert_eq!(is_like(name, pattern), fits, "{name} {pattern}");
        }
    }

    #[test]
    fn names_are_quoted_or_sent_as_literals() {
        for (name, wire) in [("Junk", "\"Junk\""), ("a\"b\\", "\"a\\\"b\\\\\""), ("Post\u{e9}", "{6}\r\nPost\u{e9}")] {
            assert_eq!(spelled(name), wire);
        }
    }
}
