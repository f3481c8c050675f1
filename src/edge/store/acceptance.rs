//! Changes that the user accepted.

use super::fault::Doing as _;
use super::row::{parsed, time};
use super::{Store, StoreFault};
use crate::domain::monitor::Acceptance;
use crate::domain::provider::ProviderName;
use crate::domain::stream::StreamName;

impl Store {
    /// Keeps that the user accepted a change.
    pub(crate) async fn accept(&self, accepted: &Acceptance) -> Result<(), StoreFault> {
        const DOING: &str = "store what was accepted";
        let mut writing = self.write(DOING).await?;
        sqlx::query("INSERT INTO acceptance (stream, provider, accepted_at) VALUES ($1, $2, $3)")
            .bind(accepted.stream.as_str())
            .bind(accepted.provider.as_ref().map(ProviderName::as_str))
            .bind(accepted.at.as_millisecond())
            .execute(&mut *writing)
            .await
            .doing(DOING)?;
        writing.commit().await.doing(DOING)
    }

    /// Everything that was accepted, the oldest first.
    pub(crate) async fn acceptances(&self) -> Result<Vec<Acceptance>, StoreFault> {
        let rows: Vec<(String, Option<String>, i64)> =
            sqlx::query_as("SELECT stream, provider, accepted_at FROM acceptance ORDER BY accepted_at, id")
                .fetch_all(&self.reader)
                .await
                .doing("read what was accepted")?;
        let one = |(stream, provider, at): (String, Option<String>, i64)| {
            let provider = provider.map(|name| parsed("provider", &name, ProviderName::new)).transpose()?;
            Ok(Acceptance { stream: parsed("stream", &stream, StreamName::new)?, provider, at: time(at)? })
        };
        rows.into_iter().map(one).collect::<Result<_, _>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::store::fixture::{Place, at};

    #[tokio::test]
    async fn what_was_accepted_is_read_back_in_its_order() {
        let place = Place::new().await;
        let one = |provider: Option<&str>, then| Acceptance {
            stream: StreamName::new("news").unwrap(),
            provider: provider.map(|name| ProviderName::new(name).unwrap()),
            at: at(then),
        };
        let all = [one(Some("gmail"), 5), one(None, 5), one(None, 9)];
        for accepted in &all {
            place.store.accept(accepted).await.unwrap();
        }
        assert_eq!(place.store.acceptances().await.unwrap(), all);
    }
}
