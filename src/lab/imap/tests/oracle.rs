//! What the servers say is IMAP in the eyes of an independent decoder.

use imap_codec::ResponseCodec;
use imap_codec::decode::Decoder as _;
use imap_codec::imap_types::fetch::MessageDataItem;
use imap_codec::imap_types::response::{Data, Response, Status, StatusKind};

use super::*;

/// Reads a whole conversation; panics at the first byte that is no response.
fn decode(mut said: &[u8]) -> Vec<Response<'_>> {
    let mut responses = Vec::new();
    while !said.is_empty() {
        let shown = String::from_utf8_lossy(&said[..said.len().min(80)]).into_owned();
        let (rest, response) = ResponseCodec::default().decode(said).unwrap_or_else(|why| panic!("{why:?}: {shown}"));
        responses.push(response);
        said = rest;
    }
    responses
}

#[tokio::test]
async fn every_answer_to_a_standard_command_is_decoded_to_its_end() {
    for character in Character::ALL {
        let lab = lab().await;
        fill(&lab, character);
        let mut client = Client::sign_in(&lab, character).await;
        client
            .send(
                "a CAPABILITY\r\nb LIST \"\" \"*\"\r\nc STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)\r\n\
                 d EXAMINE INBOX\r\ne UID SEARCH ALL\r\n\
                 f UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER] BODY.PEEK[TEXT]<2.100>)\r\n\
                 g EXAMINE nowhere\r\nh ID NIL\r\ni LOGOUT\r\n",
            )
            .await;
        let said = client.until("i").await;
        let responses = decode(said.as_bytes());
        let fetched: Vec<_> = responses
            .iter()
            .filter_map(|response| {
                let Response::Data(Data::Fetch { items, .. }) = response else { return None };
                Some(items.as_ref())
            })
            .collect();
        assert_eq!(fetched.len(), 2, "{character:?}");
        let holds = |wanted: &[u8]| {
            fetched[0].iter().any(|item| {
                matches!(item, MessageDataItem::BodyExt { data, .. }
                    if data.0.as_ref().is_some_and(|data| data.as_ref() == wanted))
            })
        };
        assert!(holds(&MESSAGE[..86]) && holds(b"dy\r\n"), "{character:?} {:?}", fetched[0]);
        let refused: Vec<_> = responses
            .iter()
            .filter(|response| {
                matches!(response, Response::Status(Status::Tagged(tagged))
                    if tagged.body.kind != StatusKind::Ok)
            })
            .collect();
        assert_eq!(refused.len(), 1, "{character:?} {refused:?}");
    }
}
