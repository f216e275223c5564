//! What a service calls off because somebody died.
//! Invariant: by level, not by edge: whatever is told of a death or a link, or is planned here, what is still to come is called off while any record of
//! that human is told to be dead. That a death was an error brings nothing back.
//!
//! Read are the registry's log, for what is told, and the own one, for what is planned after that: by whom the word had not reached, by a record, or by
//! what follows by itself. Of a death and a plan one is written before the other is looked for, so that none slips between the two.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kernel::PersonId;
use prost::Message;
use proto::registry::RegistryEvent;
use proto::registry::registry_event::Kind;
use tokio::time::Instant;
use tonic::Status;
use uuid::Uuid;

use super::People;
use crate::command::{Ask, Desk};
use crate::error::of_gone;
use crate::log::Append;
use crate::projection::Views;
use crate::reaction::{ReactError, Reaction, Read};

/// How long the views may take to read what is looked up; then it is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

/// The person of whom an event of the registry's log tells something that may change whether they are dead: a death, that it was an error, a link.
///
/// # Errors
/// A payload that this release cannot read.
#[allow(clippy::wildcard_enum_match_arm, reason = "only these kinds tell of a death, or of who is one human")]
pub fn concerned(event: &proto::log::Event) -> Result<Option<PersonId>, ReactError> {
    let unknown = || ReactError::Unknown("the event cannot be read by this release".into());
    let told = RegistryEvent::decode(event.payload.clone()).map_err(|_| unknown())?;
    match told.kind.ok_or_else(unknown)? {
        Kind::PersonDied(_)
        | Kind::PersonDeathEnteredInError(_)
        | Kind::PersonEnteredInError(_)
        | Kind::PersonsLinked(_)
        | Kind::PersonsUnlinked(_) => event.person_id.parse().map(Some).map_err(|_| unknown()),
        _ => Ok(None),
    }
}

/// What a service has that a death calls off.
pub trait CallsOff: Send + Sync + 'static {
    /// Whether an event of this kind, by its full name, plans something more here.
    fn plans(kind: &str) -> bool;

    /// What of this record is still to come at that instant.
    fn to_come(&self, record: PersonId, now: Timestamp) -> BoxFuture<'_, Result<Vec<Uuid>, Status>>;

    /// Calls one of these off; what was held or called off since it was listed stays as it is.
    fn call_off<'a>(&'a self, ask: &'a Ask, id: Uuid, now: Timestamp) -> BoxFuture<'a, Result<(), Status>>;
}

/// A death calls off what is still to come, of all agencies and under whichever of the person's records.
///
/// Each is a command of its own, named by the event and the thing, so that a look that was broken off goes on where it was.
pub struct Deaths<C> {
    log: &'static str,
    name: &'static str,
    desk: Desk,
    people: People,
    lists: Views,
    calls_off: C,
    /// The own log, and up to where of it all that was told before is known.
    heard: Mutex<(Uuid, u64)>,
}

impl<C: CallsOff> Deaths<C> {
    /// Follows, at this desk, what the registry tells; `lists` are the service's own, by which it knows what it has.
    pub fn told(desk: Desk, people: People, lists: Views, calls_off: C) -> Self {
        let (log, name) = ("registry", "cancels-for-death");
        Self { log, name, desk, people, lists, calls_off, heard: Mutex::default() }
    }

    /// Follows what is planned in the own log.
    pub fn planned(desk: Desk, people: People, lists: Views, calls_off: C) -> Self {
        let (log, name) = (desk.service(), "cancels-for-death-of-planned");
        Self { log, name, desk, people, lists, calls_off, heard: Mutex::default() }
    }

    /// Whether all is known that was told before this position of the own log was written, waiting until then. One look is as good for all that was
    /// planned before it, so that many plans at a time do not ask the registry one by one.
    async fn hears(&self, planned: u64, until: Instant) -> Result<bool, ReactError> {
        let head = self.desk.log().head().await?;
        let (log_id, heard) = *self.heard();
        if log_id == head.log_id && planned <= heard {
            return Ok(true);
        }
        let told = self.people.views().up_to_now(until).await;
        if told {
            *self.heard() = (head.log_id, head.position);
        }
        Ok(told)
    }

    fn heard(&self) -> MutexGuard<'_, (Uuid, u64)> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whom to look at because of this event, once the views hold all that was told and planned before.
    async fn concerns(&self, read: &Read) -> Result<Option<PersonId>, ReactError> {
        let until = Instant::now() + PATIENCE;
        let (person, told, own) = if self.log == "registry" {
            let Some(person) = concerned(&read.event)? else { return Ok(None) };
            let own = self.desk.log().head().await?.position;
            let views = self.people.views();
            (person, views.read_to("registry", read.recorded.position, until).await, own)
        } else {
            if !C::plans(&read.event.r#type) {
                return Ok(None);
            }
            let person = read.event.person_id.parse();
            let person = person.map_err(|_| ReactError::Unknown("its person is damaged".into()))?;
            let planned = read.recorded.position;
            (person, self.hears(planned, until).await?, planned)
        };
        if told && self.lists.read_to(self.desk.service(), own, until).await {
            return Ok(Some(person));
        }
        Err(ReactError::Failed("the views have not read it yet".into()))
    }

    async fn follow(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let Some(person) = self.concerns(read).await? else { return Ok(None) };
        if !self.people.died(person).await? {
            return Ok(None);
        }
        let cause =
            Uuid::try_parse(&read.event.id).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        // Clocks of machines differ: it is at least when the event was recorded.
        let now = self.desk.clock().now().max(read.recorded.recorded_at);
        for record in self.people.group(person, None).await? {
            for id in self.calls_off.to_come(record, now).await.map_err(failed)? {
                let request = Uuid::new_v5(&cause, id.as_bytes());
                let ask = self.desk.own_ask("CallOffForDeath", request, Some(&read.event));
                match self.calls_off.call_off(&ask, id, now).await {
                    Err(status) if !of_gone(&status) => return Err(failed(status)),
                    Ok(()) | Err(_) => {}
                }
            }
        }
        Ok(None)
    }
}

impl<C: CallsOff> Reaction for Deaths<C> {
    fn name(&self) -> &'static str {
        self.name
    }
    fn source(&self) -> &'static str {
        self.log
    }
    fn react<'a>(&'a self, read: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.follow(read))
    }
}

fn failed(status: Status) -> ReactError {
    ReactError::Failed(Box::new(status))
}

#[cfg(test)]
mod tests {
    use proto::registry as pb;

    use super::*;

    #[test]
    fn a_death_its_error_and_a_link_concern_whom_they_are_told_of_and_nothing_else_does() {
        let ana = PersonId::of(10);
        let told = |kind| proto::log::Event {
            person_id: ana.to_string(),
            payload: RegistryEvent { kind }.encode_to_vec().into(),
            ..Default::default()
        };
        for kind in [
            Kind::PersonDied(pb::PersonDied::default()),
            Kind::PersonDeathEnteredInError(pb::PersonDeathEnteredInError::default()),
            Kind::PersonEnteredInError(pb::PersonEnteredInError::default()),
            Kind::PersonsLinked(pb::PersonsLinked::default()),
            Kind::PersonsUnlinked(pb::PersonsUnlinked::default()),
        ] {
            assert!(matches!(concerned(&told(Some(kind))), Ok(Some(person)) if person == ana));
        }
        let served = Kind::ServingAgencyAdded(pb::ServingAgencyAdded::default());
        assert!(matches!(concerned(&told(Some(served))), Ok(None)));
        assert!(matches!(concerned(&told(None)), Err(ReactError::Unknown(_))));
    }
}
