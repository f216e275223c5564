//! Who looked: reads by those who run or audit the system, and by medical staff in an emergency, are written down before they are answered.
//! Invariant: a read that could not be written down is not answered.

use kernel::{Actor, Caller, Decider, EmergencyId, PersonId, RefusalKind};
use platform::command::{Changes, Desk, Encoding, Ink, Payload, Stream, Unreadable, id_of};
use prost::{Message, Name};
use proto::timeline::timeline_event::Kind;
use proto::timeline::{TimelineEvent, TimelineRead};
use tonic::Status;
use uuid::Uuid;

use crate::api::Sight;

/// The list of who read one person's timeline.
pub struct Audit;

/// Somebody read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The records read as one person, the one asked for first.
    pub records: Vec<PersonId>,
    /// How many entries were shown.
    pub entries: u32,
    /// The medical emergencies by which they were, if by any.
    pub emergencies: Vec<EmergencyId>,
}

/// A list of reads refuses nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match *self {}
    }
    fn reason(&self) -> &'static str {
        match *self {}
    }
}

impl Decider for Audit {
    const CATEGORY: &'static str = "audit";
    type State = Option<PersonId>;
    type Command = Looked;
    type Event = Looked;
    type Refusal = Refusal;

    fn decide(_: &Self::State, looked: Looked) -> Result<Vec<Looked>, Refusal> {
        Ok(vec![looked])
    }
    fn evolve(_: Self::State, looked: &Looked) -> Self::State {
        looked.records.first().copied()
    }
}

impl Encoding for Audit {
    fn person(after: &Self::State) -> Option<PersonId> {
        *after
    }

    fn encode(looked: &Looked, _: &Self::State, _: &Ink<'_>) -> Result<Payload, Status> {
        let read = TimelineRead {
            person_ids: looked.records.iter().map(ToString::to_string).collect(),
            entries: looked.entries,
            emergency_ids: looked.emergencies.iter().map(ToString::to_string).collect(),
        };
        Ok(Payload::new(TimelineRead::full_name(), &TimelineEvent { kind: Some(Kind::TimelineRead(read)) }))
    }

    fn decode(stored: &proto::log::Event) -> Result<Looked, Unreadable> {
        let event = TimelineEvent::decode(stored.payload.clone());
        let kind = event.map_err(|_| Unreadable::new(stored, "its payload is damaged"))?.kind;
        let Some(Kind::TimelineRead(read)) = kind else {
            return Err(Unreadable::new(stored, "a newer release wrote it"));
        };
        let damaged = |_| Unreadable::new(stored, "an id in it is damaged");
        let records =
            read.person_ids.iter().map(|id| id.parse()).collect::<Result<_, _>>().map_err(damaged)?;
        let emergencies = read.emergency_ids.iter().map(|id| id.parse());
        let emergencies = emergencies.collect::<Result<_, _>>().map_err(damaged)?;
        Ok(Looked { records, entries: read.entries, emergencies })
    }
}

/// Writes down that the caller read what this sight shows.
///
/// # Errors
/// The log does not take it.
pub(crate) async fn read(desk: &Desk, caller: &Caller, sight: &Sight, entries: usize) -> Result<(), Status> {
    let Some(first) = sight.records.first() else { return Ok(()) };
    // The list of a person: one stream for each reader, so that readers do not wait for each other.
    let reader = match &caller.actor {
        Actor::Worker(worker) => worker.uuid(),
        Actor::Person(person) => person.uuid(),
        Actor::Service(name) => Uuid::new_v5(&first.uuid(), name.as_bytes()),
    };
    let list = Uuid::new_v5(&first.uuid(), reader.as_bytes());
    let mut ask = desk.own_ask("TimelineRead", Uuid::now_v7(), None);
    ask.caller = caller.clone();
    let looked = Looked {
        records: sight.records.clone(),
        entries: u32::try_from(entries).unwrap_or(u32::MAX),
        emergencies: sight.emergencies.iter().copied().collect(),
    };
    let done = desk.execute(&ask, id_of::<Audit>(list), Stream::<Audit>::of(list), |now| {
        Ok::<_, Refusal>(Changes::none().write::<Audit>(now, Audit::decide(now, looked.clone())?))
    });
    match done.await {
        Ok(_) => Ok(()),
        // Whoever is not known any more, or was erased, has a timeline without names; who read it is told by the operator's own log line.
        Err(failed) => {
            let status = Status::from(failed);
            if platform::error::of_gone(&status) { Ok(()) } else { Err(status) }
        }
    }
}
