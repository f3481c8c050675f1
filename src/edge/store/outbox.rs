//! The outbox: what is to be told, to whom, and whether it was.
//!
//! An event is stored once for its key, with one delivery for each receiver. A delivery is claimed before it is tried, so
//! that two processes never try the same one at once; a process that dies in between leaves it to be tried again, and the
//! receiver knows it by the event's number.

use jiff::Timestamp;

use super::fault::Doing as _;
use super::row::{maybe_time, number, time};
use super::{Store, StoreFault};
use crate::domain::run::RunId;

/// An event that is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewEvent {
    /// What it is about.
    pub(crate) key: String,
    /// Its occasion.
    pub(crate) occasion: &'static str,
    /// The run it came from.
    pub(crate) run: Option<RunId>,
    /// What is told, as JSON.
    pub(crate) document: String,
    /// Whom it is told.
    pub(crate) receivers: Vec<String>,
}

/// A delivery that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// The event's number.
    pub(crate) event: i64,
    /// Whom it is for.
    pub(crate) receiver: String,
    /// How often it was tried.
    pub(crate) tries: u32,
    /// When the event happened.
    pub(crate) happened_at: Timestamp,
    /// When it was due.
    pub(crate) next_at: Timestamp,
    /// What is told, as JSON.
    pub(crate) document: String,
}

/// What waits in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Waiting {
    /// Deliveries that are still to be made.
    pub(crate) pending: u32,
    /// Deliveries that were given up within the last week.
    pub(crate) given_up: u32,
    /// When the next one is due.
    pub(crate) next_at: Option<Timestamp>,
}

impl Store {
    /// Stores events that are new, each with its deliveries, due at once; how many were new.
    pub(crate) async fn note_events(&self, events: &[NewEvent], at: Timestamp) -> Result<usize, StoreFault> {
        const DOING: &str = "store what is to be told";
        let mut writing = self.write(DOING).await?;
        let mut new = 0_usize;
        for event in events {
            let id: Option<i64> = sqlx::query_scalar(
                "INSERT INTO event (key, occasion, happened_at, run, document) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (key) DO NOTHING RETURNING id",
            )
            .bind(event.key.as_str())
            .bind(event.occasion)
            .bind(at.as_millisecond())
            .bind(event.run.map(|run| run.0))
            .bind(event.document.as_str())
            .fetch_optional(&mut *writing)
            .await
            .doing(DOING)?;
            let Some(id) = id else { continue };
            new = new.saturating_add(1);
            for receiver in &event.receivers {
                sqlx::query("INSERT INTO delivery (event, receiver, next_at) VALUES ($1, $2, $3)")
                    .bind(id)
                    .bind(receiver.as_str())
                    .bind(at.as_millisecond())
                    .execute(&mut *writing)
                    .await
                    .doing(DOING)?;
            }
        }
        writing.commit().await.doing(DOING)?;
        Ok(new)
    }

    /// Whether an event of this key is stored.
    pub(crate) async fn has_event(&self, key: &str) -> Result<bool, StoreFault> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM event WHERE key = $1)")
            .bind(key)
            .fetch_one(&self.reader)
            .await
            .doing("read what is to be told")
    }

    /// The key of the newest event whose key has this part; `None` without one.
    pub(crate) async fn last_event(&self, part: &str) -> Result<Option<String>, StoreFault> {
        sqlx::query_scalar("SELECT key FROM event WHERE instr(key, $1) > 0 ORDER BY id DESC LIMIT 1")
            .bind(part)
            .fetch_optional(&self.reader)
            .await
            .doing("read what was told")
    }

    /// Deliveries that are due, the oldest first.
    pub(crate) async fn due_deliveries(&self, now: Timestamp) -> Result<Vec<Delivery>, StoreFault> {
        let rows: Vec<(i64, String, i64, i64, i64, String)> = sqlx::query_as(
            "SELECT event.id, delivery.receiver, delivery.tries, event.happened_at, delivery.next_at, event.document
             FROM delivery JOIN event ON event.id = delivery.event
             WHERE delivery.next_at <= $1 ORDER BY event.id, delivery.receiver",
        )
        .bind(now.as_millisecond())
        .fetch_all(&self.reader)
        .await
        .doing("read what is to be told")?;
        let delivery = |(event, receiver, tries, happened_at, next_at, document)| {
            let (happened_at, next_at) = (time(happened_at)?, time(next_at)?);
            Ok(Delivery { event, receiver, tries: number(tries)?, happened_at, next_at, document })
        };
        rows.into_iter().map(delivery).collect()
    }

    /// Claims a delivery that is about to be tried: should the process die, it is tried again at `again`. False when another
    /// process was faster.
    pub(crate) async fn claim_delivery(&self, delivery: &Delivery, again: Timestamp) -> Result<bool, StoreFault> {
        let claimed = sqlx::query(
            "UPDATE delivery SET tries = tries + 1, next_at = $4 WHERE event = $1 AND receiver = $2 AND next_at = $3",
        )
        .bind(delivery.event)
        .bind(delivery.receiver.as_str())
        .bind(delivery.next_at.as_millisecond())
        .bind(again.as_millisecond())
        .execute(&self.writer)
        .await
        .doing("claim what is to be told")?;
        Ok(claimed.rows_affected() == 1)
    }

    /// It was delivered.
    pub(crate) async fn delivered(&self, delivery: &Delivery, at: Timestamp) -> Result<(), StoreFault> {
        self.end_delivery(delivery, None, Some(at), None).await
    }

    /// It was not delivered, and is tried again at `again`, or never.
    pub(crate) async fn not_delivered(
        &self,
        delivery: &Delivery,
        again: Option<Timestamp>,
        why: &str,
    ) -> Result<(), StoreFault> {
        self.end_delivery(delivery, again, None, Some(why)).await
    }

    async fn end_delivery(
        &self,
        delivery: &Delivery,
        next_at: Option<Timestamp>,
        delivered_at: Option<Timestamp>,
        why: Option<&str>,
    ) -> Result<(), StoreFault> {
        sqlx::query(
            "UPDATE delivery SET next_at = $3, delivered_at = $4, why = $5
             WHERE event = $1 AND receiver = $2 AND delivered_at IS NULL",
        )
        .bind(delivery.event)
        .bind(delivery.receiver.as_str())
        .bind(next_at.map(Timestamp::as_millisecond))
        .bind(delivered_at.map(Timestamp::as_millisecond))
        .bind(why)
        .execute(&self.writer)
        .await
        .doing("store what was told")?;
        Ok(())
    }

    /// What waits, and what was given up for events since `since`.
    pub(crate) async fn waiting_deliveries(&self, since: Timestamp) -> Result<Waiting, StoreFault> {
        let (pending, given_up, next_at): (i64, i64, Option<i64>) = sqlx::query_as(
            "SELECT count(*) FILTER (WHERE next_at IS NOT NULL),
                    count(*) FILTER (WHERE next_at IS NULL AND delivered_at IS NULL AND happened_at >= $1),
                    min(next_at)
             FROM delivery JOIN event ON event.id = delivery.event",
        )
        .bind(since.as_millisecond())
        .fetch_one(&self.reader)
        .await
        .doing("read what is to be told")?;
        Ok(Waiting { pending: number(pending)?, given_up: number(given_up)?, next_at: maybe_time(next_at)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::store::fixture::{Place, at};

    fn event(key: &str, receivers: &[&str]) -> NewEvent {
        NewEvent {
            key: key.to_owned(),
            occasion: "threshold",
            run: None,
            document: "{}".to_owned(),
            receivers: receivers.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[tokio::test]
    async fn an_event_is_stored_once_and_delivered_to_each_receiver_once() {
        let place = Place::new().await;
        let store = &place.store;
        assert_eq!(store.note_events(&[event("a", &["one", "two"]), event("b", &["one"])], at(0)).await.unwrap(), 2);
        assert_eq!(store.note_events(&[event("a", &["one", "three"])], at(5)).await.unwrap(), 0, "told already");
        let due = store.due_deliveries(at(0)).await.unwrap();
        assert_eq!(due.iter().map(|one| one.receiver.as_str()).collect::<Vec<_>>(), ["one", "two", "one"]);
        for delivery in &due {
            assert!(store.claim_delivery(delivery, at(60_000)).await.unwrap());
            assert!(!store.claim_delivery(delivery, at(60_000)).await.unwrap(), "another process");
        }
        assert_eq!(store.due_deliveries(at(59_999)).await.unwrap(), []);
        store.delivered(&due[0], at(1)).await.unwrap();
        store.not_delivered(&due[1], Some(at(90_000)), "503").await.unwrap();
        store.not_delivered(&due[2], None, "a day has passed").await.unwrap();
        store.not_delivered(&due[0], Some(at(9)), "late words of another try").await.unwrap();
        let waiting = store.waiting_deliveries(at(0)).await.unwrap();
        assert_eq!(waiting, Waiting { pending: 1, given_up: 1, next_at: Some(at(90_000)) });
        let [left] = &store.due_deliveries(at(90_000)).await.unwrap()[..] else { panic!() };
        assert_eq!((left.receiver.as_str(), left.tries, left.happened_at), ("two", 1, at(0)));
        assert_eq!(store.waiting_deliveries(at(1)).await.unwrap().given_up, 0);
    }
}
