//! The memory of SES's suppression list, so that a thousand seeds are not asked for before each run.

use jiff::Timestamp;

use super::fault::Doing as _;
use super::{Store, StoreFault};
use crate::domain::seed::Address;

/// What SES said of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listing {
    /// It is not on the list.
    Free,
    /// It is on the list: SES accepts mail to it and delivers none.
    Suppressed {
        /// Why it was put there.
        why: String,
    },
}

impl Store {
    /// What SES said of an address in a region at `since` or later; `None` when it was not asked since then. Without a
    /// region the one of the AWS environment is meant.
    pub(crate) async fn suppression_known(
        &self,
        region: Option<&str>,
        address: &Address,
        since: Timestamp,
    ) -> Result<Option<Listing>, StoreFault> {
        let why: Option<Option<String>> = sqlx::query_scalar(
            "SELECT why FROM suppression
             WHERE coalesce(region, '') = coalesce($1, '') AND address = $2 AND asked_at >= $3",
        )
        .bind(region)
        .bind(address.as_str())
        .bind(since.as_millisecond())
        .fetch_optional(&self.reader)
        .await
        .doing("read what is known of the suppression list")?;
        Ok(why.map(|why| why.map_or(Listing::Free, |why| Listing::Suppressed { why })))
    }

    /// Keeps what SES said at `at` of each address, in place of what it said before.
    pub(crate) async fn remember_suppression(
        &self,
        region: Option<&str>,
        answers: &[(Address, Listing)],
        at: Timestamp,
    ) -> Result<(), StoreFault> {
        const DOING: &str = "store what is known of the suppression list";
        let mut writing = self.write(DOING).await?;
        for (address, listing) in answers {
            let why = match listing {
                Listing::Free => None,
                Listing::Suppressed { why } => Some(why.as_str()),
            };
            sqlx::query(
                "INSERT INTO suppression (region, address, why, asked_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (coalesce(region, ''), address)
                 DO UPDATE SET why = excluded.why, asked_at = excluded.asked_at",
            )
            .bind(region)
            .bind(address.as_str())
            .bind(why)
            .bind(at.as_millisecond())
            .execute(&mut *writing)
            .await
            .doing(DOING)?;
        }
        writing.commit().await.doing(DOING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::store::fixture::{Place, address, at};

    #[tokio::test]
    async fn an_answer_is_known_for_its_region_and_time_and_the_newest_one_holds() {
        let place = Place::new().await;
        let (anna, bert) = (address("anna@gmail.com"), address("bert@gmail.com"));
        let bounced = Listing::Suppressed { why: "BOUNCE".to_owned() };
        let known = async |region, who, since| place.store.suppression_known(region, who, at(since)).await.unwrap();
        let answers = [(anna.clone(), Listing::Free), (bert.clone(), bounced.clone())];
        place.store.remember_suppression(Some("eu-central-1"), &answers, at(100)).await.unwrap();
        place.store.remember_suppression(None, &[(anna.clone(), bounced.clone())], at(100)).await.unwrap();
        assert_eq!(known(Some("eu-central-1"), &anna, 100).await, Some(Listing::Free));
        assert_eq!(known(Some("eu-central-1"), &bert, 100).await, Some(bounced.clone()));
        assert_eq!(known(Some("eu-central-1"), &anna, 101).await, None, "asked too long ago");
        assert_eq!(known(Some("us-east-1"), &anna, 0).await, None, "another region");
        assert_eq!(known(None, &anna, 0).await, Some(bounced.clone()));
        assert_eq!(known(None, &bert, 0).await, None);
        place.store.remember_suppression(None, &[(anna.clone(), Listing::Free)], at(200)).await.unwrap();
        assert_eq!(known(None, &anna, 150).await, Some(Listing::Free));
        assert_eq!(place.count("SELECT count(*) FROM suppression").await, 3);
    }
}
