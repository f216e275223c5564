//! What follows from events by itself: an acceptance makes an agency serve a person, and an erasure destroys the key.
//! Invariant: each may be done twice and comes to the same; no agency comes to serve somebody by its own word.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use kernel::ids::Uuid;
use kernel::{AgencyId, By, Decider, PersonId};
use platform::command::{Asked, Changes, Desk, Encoding, Stream, id_of};
use platform::keys::Keys;
use platform::log::Append;
use platform::reaction::{ReactError, Reaction, Read};

use crate::domain::person::{Command, Event, Person, Refusal, State};
use crate::keystore::KeyStore;
use crate::policy::Accepted;
use crate::{policy, wire};

/// Whoever accepts a referral serves its person, where the person or who serves them sent them there. To serve is to find whoever is restricted, so it
/// cannot be taken: an agency may refer anybody to its own programme, or to another's under an override, and accept that.
pub struct Serves {
    desk: Desk,
}

impl Serves {
    /// At this desk.
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    async fn serve(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let accepted =
            policy::accepted(&read.event).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let Some(accepted) = accepted else { return Ok(None) };
        if !self.is_sent(accepted).await? {
            return Ok(None);
        }
        let Accepted { person, agency, .. } = accepted;
        let cause =
            Uuid::try_parse(&read.event.id).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let ask = self.desk.own_ask("ServeByReferral", Uuid::new_v5(&cause, b"serves"), Some(&read.event));
        let stream = id_of::<Person>(person.uuid());
        let prepared = self.desk.prepared(&ask, stream, Stream::<Person>::of(person.uuid()), |now| {
            let events = Person::decide(now, Command::AddServingAgency { by: By::System, agency })?;
            Ok::<_, Refusal>(Changes::none().write::<Person>(now, events))
        });
        let asked = Asked { reaction: self.name(), log: self.source(), record: stream };
        self.desk.settled(&ask, read, asked, prepared.await, wire::reaction_refused).await
    }

    /// Whether an accepted referral went by the person's word (a directive, or their own act), or was asked for by an agency that serves them. One that
    /// does not say by what it went makes nobody serve anybody.
    async fn is_sent(&self, accepted: Accepted) -> Result<bool, ReactError> {
        match accepted {
            Accepted { by_their_word: true, .. } => Ok(true),
            Accepted { requester: Some(requester), person, .. } => self.serves(requester, person).await,
            Accepted { requester: None, .. } => Ok(false),
        }
    }

    /// Whether the agency serves the person, by any record of that human.
    async fn serves(&self, agency: AgencyId, person: PersonId) -> Result<bool, ReactError> {
        let (mut records, mut seen) = (vec![person], BTreeSet::new());
        while let Some(record) = records.pop() {
            if !seen.insert(record) {
                continue;
            }
            let now = self.desk.load::<Person>(record.uuid()).await;
            let now = now.map_err(|status| ReactError::Failed(Box::new(status)))?;
            if matches!(&*now, State::Active(known) if known.serving.contains(&agency)) {
                return Ok(true);
            }
            let linked =
                now.known().into_iter().flat_map(|known| known.members.iter().chain(&known.member_of));
            records.extend(linked);
        }
        Ok(false)
    }
}

impl Reaction for Serves {
    fn name(&self) -> &'static str {
        "serves-by-referral"
    }
    fn source(&self) -> &'static str {
        "referrals"
    }
    fn react<'a>(&'a self, read: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.serve(read))
    }
}

/// An erasure destroys the key, should the command that told it not have come so far.
pub struct Shreds {
    keystore: KeyStore,
    keys: Vec<Keys>,
}

impl Shreds {
    /// Destroys in this store, and in what holds keys in memory.
    pub fn new(keystore: KeyStore, keys: Vec<Keys>) -> Self {
        Self { keystore, keys }
    }

    async fn shred(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let Ok((Person::CATEGORY, id)) = kernel::ids::parse_stream(&read.event.stream) else {
            return Ok(None);
        };
        let event = Person::decode(&read.event).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        if event == Event::Erased {
            let person = PersonId::new(id);
            self.keys.iter().for_each(|keys| keys.forget(person));
            let destroyed = self.keystore.destroy(person).await;
            destroyed.map_err(|wrong| ReactError::Failed(Box::new(wrong)))?;
        }
        Ok(None)
    }
}

impl Reaction for Shreds {
    fn name(&self) -> &'static str {
        "shreds-keys"
    }
    fn source(&self) -> &'static str {
        crate::NAME
    }
    fn react<'a>(&'a self, read: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.shred(read))
    }
}

/// Shreds again whom the ledger names and a restored backup brought back: the log is told first where it does not know, since nothing can be
/// written about a person without a key.
///
/// # Errors
/// The ledger or the store of the keys fails.
pub async fn shred_restored(desk: &Desk, keystore: &KeyStore) -> Result<(), crate::keystore::KeyStoreError> {
    for &person in keystore.restored() {
        let ask = desk.own_ask("EraseRestored", Uuid::new_v5(&person.uuid(), b"restored"), None);
        let told = desk.decide::<Person>(&ask, person.uuid(), Command::Erase { by: By::System }).await;
        if let Err(status) = told {
            // A log restored with the keys refuses appends until it is forked; that must not keep a key alive.
            tracing::warn!(status.code = ?status.code(), "an erased person's record could not be told so");
        }
        keystore.destroy(person).await?;
    }
    Ok(())
}
