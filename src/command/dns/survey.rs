//! Asking DNS until a survey has no question left, or no time.

use std::collections::BTreeMap;
use std::pin::pin;

use futures_util::StreamExt as _;

use crate::domain::dns::answer::{Answer, Question, Reply};
use crate::domain::dns::snapshot::Place;
use crate::domain::dns::subject::Subject;
use crate::domain::dns::survey::Survey;
use crate::edge::resolver::Resolver;

/// Surveys a subject. `also` are names that are asked besides; `stop` ends it, and what is open then stays unanswered.
/// Without a resolver nothing is answered, for the reason given.
pub(super) async fn survey(
    resolver: &Result<Resolver, String>,
    subject: Subject,
    also: BTreeMap<Question, Place>,
    stop: impl Future<Output = ()>,
) -> Survey {
    let mut survey = Survey::new(subject, also);
    let resolver = match resolver {
        Ok(resolver) => resolver,
        Err(why) => {
            close(&mut survey, why);
            return survey;
        }
    };
    let mut stop = pin!(stop);
    loop {
        let open = survey.open_questions();
        if open.is_empty() {
            return survey;
        }
        let mut asking = pin!(resolver.ask_all(open));
        loop {
            tokio::select! {
                answered = asking.next() => match answered {
                    Some((question, reply)) => survey.answer(question, reply),
                    None => break,
                },
                () = &mut stop => {
                    close(&mut survey, "there was no time left to wait for the answer");
                    return survey;
                }
            }
        }
    }
}

fn close(survey: &mut Survey, why: &str) {
    loop {
        let open = survey.open_questions();
        if open.is_empty() {
            return;
        }
        for question in open {
            survey.answer(question, Reply::direct(Answer::Unanswered(why.to_owned())));
        }
    }
}
