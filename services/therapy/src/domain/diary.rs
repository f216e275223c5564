//! A diary keeps the time of one practitioner, or of one person within an agency, for one year (UTC).
//! Invariant: the times in a diary never overlap. An append names the version of every diary it touches, so this holds under concurrency.

use std::collections::BTreeMap;

use kernel::ids::Uuid;
use kernel::{AgencyId, Decider, PersonId, RefusalKind, StreamId, Timestamp, WorkerId};

use super::{AppointmentId, Changes};

/// Whose time a diary keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A practitioner's: the agency's own, always guarded.
    Practitioner(WorkerId),
    /// A person's within one agency: an overlap across agencies is a finding, not a refusal.
    Person(PersonId, AgencyId),
}

/// One diary: whose, and the year in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiaryId {
    /// Whose.
    pub owner: Owner,
    /// The year in UTC.
    pub year: i16,
}

impl DiaryId {
    /// Its stream: the same for the same owner and year, for ever.
    pub fn stream(&self) -> StreamId {
        let name = match self.owner {
            Owner::Practitioner(worker) => format!("practitioner/{worker}/{}", self.year),
            Owner::Person(person, agency) => format!("person/{person}/{agency}/{}", self.year),
        };
        StreamId::new(Diary::CATEGORY, Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    }

    /// The owner's diaries that [start, end) stands in: one for each year it touches.
    pub fn touched(owner: Owner, start: Timestamp, end: Timestamp) -> impl Iterator<Item = DiaryId> {
        let year = |at: Timestamp| kernel::Zone::utc().day_of(at).year();
        // The end is not part of the time: midnight of New Year belongs to the old year alone.
        let last = end.checked_sub(kernel::SignedDuration::from_nanos(1)).unwrap_or(start).max(start);
        (year(start)..=year(last)).map(move |year| DiaryId { owner, year })
    }
}

/// The name space of diary ids; made once, part of the contract.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f0c_4d6e_3a55_4b0e_9a62_5d1f_7be4_2c10);

/// A diary.
pub struct Diary;

/// Whose it is, and the times taken by their start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    owner: Option<Owner>,
    taken: BTreeMap<Timestamp, (Timestamp, AppointmentId)>,
}

impl State {
    /// Whose it is; none while nothing ever stood in it.
    pub fn owner(&self) -> Option<Owner> {
        self.owner
    }

    /// What overlaps [start, end), other than the appointment itself: until when, and which appointment.
    pub fn conflict(
        &self,
        start: Timestamp,
        end: Timestamp,
        own: AppointmentId,
    ) -> Option<(Timestamp, AppointmentId)> {
        // Times in a diary do not overlap, so they end in the order in which they start: going back from `end`,
        // the first one over before `start` has only such before it.
        self.taken
            .range(..end)
            .rev()
            .map(|(_, taken)| *taken)
            .take_while(|(until, _)| *until > start)
            .find(|(_, holder)| *holder != own)
    }

    /// The time that an appointment holds here.
    pub fn held_by(&self, appointment: AppointmentId) -> Option<(Timestamp, Timestamp)> {
        let held = self.taken.iter().find(|(_, (_, holder))| *holder == appointment)?;
        Some((*held.0, held.1.0))
    }

    /// Every time taken: start, end, by which appointment; in order.
    pub fn taken(&self) -> impl Iterator<Item = (Timestamp, Timestamp, AppointmentId)> {
        self.taken.iter().map(|(start, (end, appointment))| (*start, *end, *appointment))
    }
}

/// What can be asked of a diary.
#[derive(Clone, Copy, Debug)]
pub enum Command {
    /// Keep this time for the appointment, and no other time.
    Take {
        /// Which diary this is.
        diary: DiaryId,
        /// The appointment.
        appointment: AppointmentId,
        /// From this instant,
        start: Timestamp,
        /// until just before this one.
        end: Timestamp,
    },
    /// Keep no time for the appointment.
    Free {
        /// Which diary this is.
        diary: DiaryId,
        /// The appointment.
        appointment: AppointmentId,
    },
}

/// What happens to a diary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An appointment took this time.
    Taken {
        /// Which diary.
        diary: DiaryId,
        /// The appointment.
        appointment: AppointmentId,
        /// From this instant,
        start: Timestamp,
        /// until just before this one.
        end: Timestamp,
    },
    /// An appointment gave its time back.
    Freed {
        /// Which diary.
        diary: DiaryId,
        /// The appointment.
        appointment: AppointmentId,
    },
}

/// How a diary says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("appointment {by} holds this time until {until}")]
pub struct Busy {
    /// Whose time.
    pub owner: Owner,
    /// The appointment that holds it.
    pub by: AppointmentId,
    /// Until when.
    pub until: Timestamp,
}

impl kernel::Refusal for Busy {
    fn kind(&self) -> RefusalKind {
        RefusalKind::FailedPrecondition
    }
    fn reason(&self) -> &'static str {
        match self.owner {
            Owner::Practitioner(_) => "PRACTITIONER_BUSY",
            Owner::Person(..) => "PERSON_BUSY",
        }
    }
}

impl Decider for Diary {
    const CATEGORY: &'static str = "diary";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Busy;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Busy> {
        match command {
            Command::Take { diary, appointment, start, end } => {
                if let Some((until, by)) = state.conflict(start, end, appointment) {
                    return Err(Busy { owner: diary.owner, by, until });
                }
                let taken = Event::Taken { diary, appointment, start, end };
                match state.held_by(appointment) {
                    Some(held) if held == (start, end) => Ok(vec![]),
                    Some(_) => Ok(vec![Event::Freed { diary, appointment }, taken]),
                    None => Ok(vec![taken]),
                }
            }
            Command::Free { diary, appointment } => Ok(match state.held_by(appointment) {
                Some(_) => vec![Event::Freed { diary, appointment }],
                None => vec![],
            }),
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Taken { diary, appointment, start, end } => {
                state.owner = Some(diary.owner);
                state.taken.insert(*start, (*end, *appointment));
            }
            Event::Freed { appointment, .. } => state.taken.retain(|_, (_, holder)| holder != appointment),
        }
        state
    }
}

/// The diaries that one command looks at, as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diaries(BTreeMap<DiaryId, State>);

impl Diaries {
    /// These diaries.
    pub fn new(diaries: impl IntoIterator<Item = (DiaryId, State)>) -> Self {
        Self(diaries.into_iter().collect())
    }

    /// What overlaps [start, end) in the owners' diaries, the first found.
    pub fn conflict(
        &self,
        owners: &[Owner],
        start: Timestamp,
        end: Timestamp,
        own: AppointmentId,
    ) -> Option<Busy> {
        owners.iter().flat_map(|owner| DiaryId::touched(*owner, start, end)).find_map(|diary| {
            let (until, by) = self.0.get(&diary)?.conflict(start, end, own)?;
            Some(Busy { owner: diary.owner, by, until })
        })
    }

    /// Makes the appointment hold [start, end) in the owners' diaries and nothing in the others.
    pub fn hold(
        &mut self,
        owners: &[Owner],
        start: Timestamp,
        end: Timestamp,
        appointment: AppointmentId,
    ) -> Result<Changes, Busy> {
        let wanted: Vec<DiaryId> =
            owners.iter().flat_map(|owner| DiaryId::touched(*owner, start, end)).collect();
        let mut changes = self.free_but(&wanted, appointment);
        for diary in wanted {
            changes.extend(self.ask(diary, Command::Take { diary, appointment, start, end })?);
        }
        Ok(changes)
    }

    /// Makes the appointment hold nothing in any of these diaries.
    pub fn free(&mut self, appointment: AppointmentId) -> Changes {
        self.free_but(&[], appointment)
    }

    fn free_but(&mut self, kept: &[DiaryId], appointment: AppointmentId) -> Changes {
        let others: Vec<DiaryId> = self.0.keys().filter(|diary| !kept.contains(diary)).copied().collect();
        // Freeing is never refused, so nothing is lost by leaving a refusal out.
        others
            .into_iter()
            .filter_map(|diary| self.ask(diary, Command::Free { diary, appointment }).ok())
            .flatten()
            .collect()
    }

    fn ask(&mut self, diary: DiaryId, command: Command) -> Result<Changes, Busy> {
        let state = self.0.entry(diary).or_default();
        let events = Diary::decide(state, command)?;
        *state = events.iter().fold(std::mem::take(state), Diary::evolve);
        Ok(events.into_iter().map(|event| (diary.stream(), super::Event::Diary(event))).collect())
    }
}
