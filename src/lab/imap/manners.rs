//! The words of each provider: greeting, capabilities and the text behind OK and NO.
//!
//! As seen until autumn 2026, less the capabilities that the lab does not speak (COMPRESS, ENABLE, CONDSTORE, UIDONLY).

use crate::lab::mailbox::Character;

/// What CAPABILITY says. `encrypted` is false before STARTTLS.
pub(super) fn capabilities(character: Character, encrypted: bool, signed_in: bool, limit: Option<usize>) -> String {
    if !encrypted {
        return "IMAP4rev1 ID STARTTLS LOGINDISABLED".to_owned();
    }
    let words = match (character, signed_in) {
        (Character::Gmail, false) => {
            "IMAP4rev1 UNSELECT IDLE NAMESPACE ID CHILDREN X-GM-EXT-1 XYZZY SASL-IR AUTH=XOAUTH2 AUTH=PLAIN"
        }
        (Character::Gmail, true) => {
            "IMAP4rev1 UNSELECT IDLE NAMESPACE ID CHILDREN X-GM-EXT-1 UIDPLUS MOVE LIST-EXTENDED LITERAL- SPECIAL-USE \
             APPENDLIMIT=35651584"
        }
        (Character::Outlook, false) => {
            "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
        }
        (Character::Outlook, true) => {
            "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES \
             CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+"
        }
        (Character::Yahoo, _) => {
            "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 ID MOVE NAMESPACE XYMHIGHESTMODSEQ UIDPLUS LITERAL+ CHILDREN \
             UNSELECT X-MSG-EXT IDLE LIST-EXTENDED SPECIAL-USE APPENDLIMIT=41697280"
        }
        (Character::Plain, false) => "IMAP4rev1 SASL-IR ID IDLE LITERAL+ AUTH=PLAIN AUTH=XOAUTH2",
        (Character::Plain, true) => {
            "IMAP4rev1 SASL-IR ID IDLE LITERAL+ UNSELECT CHILDREN NAMESPACE UIDPLUS MOVE LIST-EXTENDED SPECIAL-USE"
        }
    };
    match limit {
        Some(limit) if signed_in => format!("{words} MESSAGELIMIT={limit}"),
        Some(_) | None => words.to_owned(),
    }
}

/// The text of the greeting.
pub(super) fn greeting(character: Character, capabilities: &str) -> String {
    match character {
        Character::Gmail => "Gimap ready for requests from 127.0.0.1 inboxed lab".to_owned(),
        Character::Outlook => "The Microsoft Exchange IMAP4 service is ready. [aQBuAGIAbwB4AGUAZAA=]".to_owned(),
        Character::Yahoo => format!("[CAPABILITY {capabilities}] IMAP4rev1 Hello"),
        Character::Plain => format!("[CAPABILITY {capabilities}] Lab ready."),
    }
}

/// The text behind the OK to a command of this name.
pub(super) fn done(character: Character, name: &str) -> String {
    match character {
        Character::Gmail => "Success".to_owned(),
        Character::Outlook => format!("{name} completed."),
        Character::Yahoo => format!("{name} completed"),
        Character::Plain => format!("{name} completed (0.001 + 0.000 secs)."),
    }
}

/// The text behind the OK to a sign-in.
pub(super) fn welcome(character: Character, name: &str, login: &str, capabilities: &str) -> String {
    match character {
        Character::Gmail => format!("{login} authenticated (Success)"),
        Character::Outlook | Character::Yahoo => done(character, name),
        Character::Plain => format!("[CAPABILITY {capabilities}] Logged in"),
    }
}

/// The text behind the NO to a wrong secret.
pub(super) fn refusal(character: Character, name: &str) -> String {
    match character {
        Character::Gmail => "[AUTHENTICATIONFAILED] Invalid credentials (Failure)".to_owned(),
        Character::Outlook => format!("{name} failed."),
        Character::Yahoo => format!("[AUTHENTICATIONFAILED] (#AUTH901) {name} Invalid credentials"),
        Character::Plain => "[AUTHENTICATIONFAILED] Authentication failed.".to_owned(),
    }
}

/// The text behind the NO to a folder that is not there.
pub(super) fn no_folder(character: Character, folder: &str) -> String {
    match character {
        Character::Gmail => format!("[NONEXISTENT] Unknown Mailbox: {folder} (Failure)"),
        Character::Outlook => format!("{folder} doesn't exist."),
        Character::Yahoo => "[CANNOT] EXAMINE error - Mailbox does not exist".to_owned(),
        Character::Plain => format!("[NONEXISTENT] Mailbox doesn't exist: {folder}"),
    }
}
