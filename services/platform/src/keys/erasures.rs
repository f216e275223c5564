//! Drops the keys of people as soon as the registry's log says that they are erased, in every process that holds keys.
//! Invariant: it only hastens what the lease does anyway: an erasure that it misses, the registry being away, is learned when the lease ends.

use futures_util::StreamExt;
use prost::Name;
use tokio_util::sync::CancellationToken;

use super::Keys;
use crate::backoff::Backoff;
use crate::error::chain;
use crate::log::Recorded;
use crate::source::{Source, SourceError};

/// The most events read at once.
const RUN: usize = 500;

/// Watches the registry's log from its present end on. Ends when `stop` says so.
pub fn forget_erased(keys: Keys, registry: Source, stop: CancellationToken) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let mut backoff = Backoff::new();
        let watching = async {
            loop {
                let Err(err) = watch(&keys, &registry, &mut backoff).await;
                tracing::debug!(
                    error.chain = chain(&err),
                    "the registry's log cannot be read; erasures are learned as leases end"
                );
                tokio::time::sleep(backoff.failed()).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = watching => {}
        }
    })
}

async fn watch(
    keys: &Keys,
    registry: &Source,
    backoff: &mut Backoff,
) -> Result<std::convert::Infallible, SourceError> {
    let at = registry.stands().await?;
    let mut batches = registry.follow(at.log_id, at.position, RUN);
    while let Some(batch) = batches.next().await {
        batch?.events.iter().for_each(|recorded| forget(keys, recorded));
        backoff.succeeded();
    }
    Err(SourceError::Malformed { log: registry.name().to_owned(), what: "an end" })
}

fn forget(keys: &Keys, recorded: &Recorded) {
    // What cannot be read is the projections' to complain of.
    let Ok(event) = recorded.decode() else { return };
    if event.r#type == proto::registry::PersonErased::full_name()
        && let Ok(person) = event.person_id.parse()
    {
        keys.forget(person);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use futures_util::future::BoxFuture;
    use kernel::ids::Uuid;
    use kernel::{PersonId, StreamId};
    use prost::Message;

    use super::*;
    use crate::clock::Clock;
    use crate::keys::{KeyError, KeySource, KeyState};
    use crate::log::{Append, NewEvent};
    use crate::seal::PersonKey;
    use crate::store::{Store, StoreUrl};

    /// A source that never hears of an erasure.
    struct Behind;

    impl KeySource for Behind {
        fn keys<'a>(
            &'a self,
            people: &'a [PersonId],
        ) -> BoxFuture<'a, Result<Vec<(PersonId, KeyState)>, KeyError>> {
            let open = |person: &PersonId| (*person, KeyState::Open(PersonKey::new(*person, 1, &[1; 32])));
            let keys = people.iter().map(open).collect();
            Box::pin(async move { Ok(keys) })
        }
    }

    fn erased(person: PersonId, version: u64) -> Append {
        let (id, stream) = (Uuid::now_v7(), StreamId::new("person", person.uuid()));
        let kind = proto::registry::PersonErased::full_name();
        let event = proto::log::Event {
            id: id.to_string(),
            r#type: kind.clone(),
            stream: stream.to_string(),
            version,
            person_id: person.to_string(),
            ..Default::default()
        };
        let bytes = event.encode_to_vec().into();
        Append {
            request: None,
            expects: vec![(stream, version - 1)],
            events: vec![NewEvent { stream, version, id, kind, person: Some(person), bytes }],
            claims: vec![],
            cursor: None,
            agency: None,
            deadline: None,
        }
    }

    #[tokio::test]
    async fn an_erasure_in_the_registrys_log_ends_a_lease_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let url = StoreUrl::Sqlite(folder.path().to_owned());
        let store = Store::open(&url, "registry", clock.clone()).await.unwrap();
        let keys = Keys::new(Arc::new(Behind), clock);
        let (ana, ben) = (PersonId::of(1), PersonId::of(2));
        keys.of_all(&[ana, ben]).await.unwrap();
        let stop = CancellationToken::new();
        let source = Source::local("registry", store.log().clone());
        let watching = forget_erased(keys.clone(), source, stop.clone());
        // It watches from the end that it finds, so what it is told before it looks it does not see.
        for version in 1.. {
            store.log().append(erased(ana, version)).await.unwrap();
            // Sleeps: a pause between two tellings, not a wait for luck; the loop ends with the condition.
            tokio::time::sleep(Duration::from_millis(2)).await;
            if matches!(keys.of(ana).await, Ok(KeyState::Erased)) {
                break;
            }
            assert!(version < 2_000, "the erasure was never heard of");
        }
        assert!(matches!(keys.of(ben).await, Ok(KeyState::Open(_))));
        stop.cancel();
        watching.await.unwrap();
        store.close().await;
    }
}
