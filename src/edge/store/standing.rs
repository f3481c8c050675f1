//! How each seed's mailbox stands with its provider, from run to run. Read, changed and written in one transaction, as
//! `check` and a run may work at once.

use jiff::Timestamp;

use super::fault::Doing as _;
use super::row::{maybe_time, number, parsed, time};
use super::{Store, StoreFault, Writing};
use crate::domain::seed::Address;
use crate::domain::sign_in::SignIn;
use crate::domain::standing::{Mark, Refused, Standing};

const DOING: &str = "store how sign-ins went";

type Row = (i64, Option<String>, Option<String>, Option<i64>, Option<i64>, i64, Option<i64>);

impl Store {
    /// Changes a seed's standing, on the disk when this returns. What changes nothing writes nothing.
    pub(crate) async fn change_standing<T>(
        &self,
        seed: &Address,
        change: impl FnOnce(&mut Standing) -> T,
    ) -> Result<T, StoreFault> {
        let address = seed.as_str().to_lowercase();
        let mut writing = self.write(DOING).await?;
        let before = standing(&mut writing, &address).await?;
        let mut after = before.clone();
        let outcome = change(&mut after);
        if after == before {
            writing.rollback().await.doing(DOING)?;
            return Ok(outcome);
        }
        replace(&mut writing, &address, &after).await?;
        writing.commit().await.doing(DOING)?;
        Ok(outcome)
    }
}

async fn standing(writing: &mut Writing, address: &str) -> Result<Standing, StoreFault> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT refusals, outcome, said, refused_at, mark, throttles, quiet_until FROM standing WHERE address = $1",
    )
    .bind(address)
    .fetch_optional(&mut **writing)
    .await
    .doing(DOING)?;
    let begun: Vec<i64> = sqlx::query_scalar("SELECT begun_at FROM sign_in WHERE address = $1 ORDER BY begun_at, id")
        .bind(address)
        .fetch_all(&mut **writing)
        .await
        .doing(DOING)?;
    let begun = begun.into_iter().map(time).collect::<Result<Vec<Timestamp>, StoreFault>>()?;
    let Some((refusals, outcome, said, refused_at, mark, throttles, quiet_until)) = row else {
        return Ok(Standing { begun, ..Standing::default() });
    };
    let refused = match (outcome, said, maybe_time(refused_at)?, mark) {
        (Some(outcome), Some(said), Some(at), Some(mark)) => Some(Refused {
            outcome: parsed("outcome of a sign-in", &outcome, SignIn::of_word)?,
            said,
            at,
            mark: Mark(u16::try_from(number(mark)?).unwrap_or(u16::MAX)),
            times: number(refusals)?,
        }),
        _ => None,
    };
    Ok(Standing { refused, throttles: number(throttles)?, quiet_until: maybe_time(quiet_until)?, begun })
}

async fn replace(writing: &mut Writing, address: &str, standing: &Standing) -> Result<(), StoreFault> {
    let refused = standing.refused.as_ref();
    sqlx::query(
        "INSERT INTO standing (address, refusals, outcome, said, refused_at, mark, throttles, quiet_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (address) DO UPDATE SET
             refusals = excluded.refusals, outcome = excluded.outcome, said = excluded.said,
             refused_at = excluded.refused_at, mark = excluded.mark, throttles = excluded.throttles,
             quiet_until = excluded.quiet_until",
    )
    .bind(address)
    .bind(refused.map_or(0, |refused| refused.times))
    .bind(refused.map(|refused| refused.outcome.word()))
    .bind(refused.map(|refused| refused.said.as_str()))
    .bind(refused.map(|refused| refused.at.as_millisecond()))
    .bind(refused.map(|refused| refused.mark.0))
    .bind(standing.throttles)
    .bind(standing.quiet_until.map(Timestamp::as_millisecond))
    .execute(&mut **writing)
    .await
    .doing(DOING)?;
    sqlx::query("DELETE FROM sign_in WHERE address = $1").bind(address).execute(&mut **writing).await.doing(DOING)?;
    for begun in &standing.begun {
        sqlx::query("INSERT INTO sign_in (address, begun_at) VALUES ($1, $2)")
            .bind(address)
            .bind(begun.as_millisecond())
            .execute(&mut **writing)
            .await
            .doing(DOING)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::store::fixture::{Place, address, at};

    #[tokio::test]
    async fn a_standing_comes_back_as_it_was_and_belongs_to_one_mailbox_in_any_case() {
        let place = Place::new().await;
        let anna = address("Anna@gmail.com");
        let refused = Refused {
            outcome: SignIn::AppPasswordNeeded,
            said: "\u{201c}no\u{201d}".to_owned(),
            at: at(5),
            mark: Mark(65_535),
            times: 2,
        };
        let wanted = Standing {
            refused: Some(refused),
            throttles: 3,
            quiet_until: Some(at(9)),
            begun: vec![at(1), at(1), at(4)],
        };
        place.store.change_standing(&anna, |standing| *standing = wanted.clone()).await.unwrap();
        let found = place.store.change_standing(&address("anna@gmail.com"), |standing| standing.clone()).await.unwrap();
        assert_eq!(found, wanted);
        let other = place.store.change_standing(&address("bert@gmail.com"), |standing| standing.clone()).await.unwrap();
        assert_eq!(other, Standing::default());
        place.store.change_standing(&anna, |standing| *standing = Standing::default()).await.unwrap();
        assert_eq!(place.count("SELECT count(*) FROM standing WHERE outcome IS NOT NULL").await, 0);
        assert_eq!(place.count("SELECT count(*) FROM sign_in").await, 0);
        assert_eq!(place.count("SELECT count(*) FROM standing").await, 1, "a question alone writes nothing");
    }

    #[tokio::test]
    async fn two_who_change_one_standing_at_once_both_count() {
        let place = Place::new().await;
        let other = Store::open(place.store.path()).await.unwrap();
        let anna = address("anna@gmail.com");
        let begin = |store: Store| {
            let anna = anna.clone();
            async move {
                for _ in 0..20 {
                    store.change_standing(&anna, |standing| standing.begun.push(at(1))).await.unwrap();
                }
            }
        };
        tokio::join!(begin(place.store.clone()), begin(other));
        assert_eq!(place.count("SELECT count(*) FROM sign_in").await, 40);
    }
}
