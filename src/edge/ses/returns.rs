//! What SES counted of the account's mail: `GetSendStatistics`, which every account may ask, without a further service.
//!
//! It is a call of the first version of the API, at the same address and with the same signature as those of the second, and
//! answers in XML: a point for each quarter of an hour in which mail left, for two weeks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use xmlparser::{ElementEnd, Token, Tokenizer};

use super::answer::{self, Fault};
use super::api::{ApiSender, Trace};
use super::{SesFailure, one_line};
use crate::domain::reputation::Day;

const QUESTION: &str = "ask SES for bounces and complaints (GetSendStatistics)";
/// Where the call goes that is sent in place of `GetAccount`.
const ACCOUNT: &str = "/v2/email/account";
const STATISTICS: &str = "/?Action=GetSendStatistics&Version=2010-12-01";

impl ApiSender {
    /// What SES counted in this region, by days in UTC, the oldest first. Asked once: it can wait for the next run.
    pub(crate) async fn returns(&self) -> Result<Vec<Day>, SesFailure> {
        self.is_prepared()?;
        let trace = Trace::default();
        let call = self.client.get_account().customize().interceptor(trace.clone()).mutate_request(|request| {
            let root = request.uri().strip_suffix(ACCOUNT).map(str::to_owned);
            if let Some(root) = root {
                // Without it the answer is one of GetAccount, and understood as none.
                let _ = request.set_uri(format!("{root}{STATISTICS}"));
            }
        });
        let ended = call.send().await;
        let body = trace.text().unwrap_or_default();
        match ended {
            Err(error) if !error.raw_response().is_some_and(|answer| answer.status().is_success()) => {
                Err(self.failure(named(answer::fault(&error, trace.left()), &body), QUESTION))
            }
            // The SDK cannot read what it did not ask for; the trace kept it.
            Ok(_) | Err(_) => days_in(&body)
                .ok_or_else(|| SesFailure::Unsupported(format!("{QUESTION}: the answer holds no statistics"))),
        }
    }
}

/// An error with the name and the words that stand in its XML.
fn named(fault: Fault, body: &str) -> Fault {
    match fault {
        Fault::Answered(mut answer) if answer.code.is_none() => {
            let words = leaves(body).unwrap_or_default();
            let word = |name: &str| words.iter().find(|(leaf, _)| leaf == name).map(|(_, text)| one_line(text));
            answer.code = word("Code");
            answer.message = word("Message").unwrap_or_default();
            Fault::Answered(answer)
        }
        other @ (Fault::Answered(_) | Fault::Unprepared(_) | Fault::Disconnected(_) | Fault::Lost(_)) => other,
    }
}

/// The points of an answer, added up by days; `None` for anything else and for a point that lacks a figure.
fn days_in(xml: &str) -> Option<Vec<Day>> {
    let mut days: BTreeMap<jiff::civil::Date, Day> = BTreeMap::new();
    let leaves = leaves(xml)?;
    if !leaves.iter().any(|(name, _)| name == "GetSendStatisticsResponse") {
        return None;
    }
    let mut point: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, text) in &leaves {
        if name != "member" {
            point.insert(name, text);
            continue;
        }
        let figure = |name: &str| point.get(name)?.trim().parse::<u64>().ok();
        let at: Timestamp = point.get("Timestamp")?.trim().parse().ok()?;
        let date = at.to_zoned(TimeZone::UTC).date();
        let day = days.entry(date).or_insert(Day { date, attempts: 0, bounces: 0, complaints: 0 });
        day.attempts = day.attempts.saturating_add(figure("DeliveryAttempts")?);
        day.bounces = day.bounces.saturating_add(figure("Bounces")?);
        day.complaints = day.complaints.saturating_add(figure("Complaints")?);
        point.clear();
    }
    Some(days.into_values().collect())
}

/// Every element at its end, with the text directly before that; `None` for what is no XML.
fn leaves(xml: &str) -> Option<Vec<(String, String)>> {
    let (mut ended, mut open, mut text) = (Vec::new(), Vec::new(), String::new());
    for token in Tokenizer::from(xml) {
        match token.ok()? {
            Token::ElementStart { local, .. } => {
                open.push(local.as_str().to_owned());
                text.clear();
            }
            Token::Text { text: found } => found.as_str().clone_into(&mut text),
            Token::ElementEnd { end: ElementEnd::Close(..) | ElementEnd::Empty, .. } => {
                ended.push((open.pop()?, std::mem::take(&mut text)));
            }
            Token::ElementEnd { end: ElementEnd::Open, .. }
            | Token::Attribute { .. }
            | Token::Cdata { .. }
            | Token::Comment { .. }
            | Token::Declaration { .. }
            | Token::ProcessingInstruction { .. }
            | Token::DtdStart { .. }
            | Token::EmptyDtd { .. }
            | Token::EntityDeclaration { .. }
            | Token::DtdEnd { .. } => {}
        }
    }
    open.is_empty().then_some(ended)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn answer(points: &str) -> String {
        format!(
            "<GetSendStatisticsResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\">\n <GetSendStatisticsResult>\n  \
             <SendDataPoints>{points}</SendDataPoints>\n </GetSendStatisticsResult>\n <ResponseMetadata>\n  \
             <RequestId>c2b66ee5-c866-11e0-b17f-cddb0ab334db</RequestId>\n </ResponseMetadata>\n</GetSendStatisticsResponse>\n"
        )
    }

    fn point(at: &str, attempts: &str, bounces: &str, complaints: &str) -> String {
        format!(
            "\n   <member>\n    <DeliveryAttempts>{attempts}</DeliveryAttempts>\n    <Timestamp>{at}</Timestamp>\n    \
             <Rejects>0</Rejects>\n    <Bounces>{bounces}</Bounces>\n    <Complaints>{complaints}</Complaints>\n   </member>"
        )
    }

    #[test]
    fn points_are_added_up_by_days_and_no_mail_is_an_answer() {
        let points = point("2026-11-26T23:45:00Z", "10", "1", "0")
            + &point("2026-11-27T00:00:00Z", "8", "0", "1")
            + &point("2026-11-26T00:00:00Z", "2", "1", "0");
        let wanted = [
            Day { date: date(2026, 11, 26), attempts: 12, bounces: 2, complaints: 0 },
            Day { date: date(2026, 11, 27), attempts: 8, bounces: 0, complaints: 1 },
        ];
        assert_eq!(days_in(&answer(&points)).unwrap(), wanted);
        assert_eq!(days_in(&answer("")).unwrap(), []);
        assert_eq!(days_in(&answer("").replace("<SendDataPoints></SendDataPoints>", "<SendDataPoints/>")).unwrap(), []);
    }

    #[test]
    fn what_is_no_such_answer_is_not_taken_for_no_mail() {
        let good = answer(&point("2026-11-26T23:45:00Z", "10", "1", "0"));
        for bad in [
            "",
            "{}",
            "<html><body>It works!</body></html>",
            good.get(..good.len() / 2).unwrap(),
            &good.replace("<Bounces>1</Bounces>", ""),
            &good.replace("<Bounces>1</Bounces>", "<Bounces>-1</Bounces>"),
            &good.replace("23:45:00Z", "late"),
        ] {
            assert_eq!(days_in(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_error_is_named_by_its_xml() {
        let body = "<ErrorResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><Error><Type>Sender</Type><Code>AccessDenied\
                    </Code><Message>User is not authorized to perform ses:GetSendStatistics</Message></Error></ErrorResponse>";
        let answered = |code: Option<&str>| {
            let code = code.map(str::to_owned);
            Fault::Answered(answer::Answer { status: 403, code, message: String::new(), retry_after: None })
        };
        let Fault::Answered(told) = named(answered(None), body) else { panic!("it was answered") };
        assert_eq!(told.code.as_deref(), Some("AccessDenied"));
        assert!(told.message.contains("ses:GetSendStatistics"), "{told:?}");
        assert_eq!(named(answered(None), "<html>"), answered(None));
        assert_eq!(named(answered(Some("Throttling")), body), answered(Some("Throttling")));
    }

    proptest! {
        #[test]
        fn no_answer_however_odd_is_a_fault_of_ours(text in "(<|>|/|member|Bounces|&|\\PC){0,60}") {
            let _read = (days_in(&text), days_in(&answer(&text)));
        }
    }
}
