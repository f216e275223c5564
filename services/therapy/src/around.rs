//! An appointment and all that a command about it looks at: its episode, its practitioner, and every diary that it stands in or would stand in.
//! Invariant: what is loaded is settled by what the streams say when they are loaded, so a race between them is a lost race and never a missed diary.

use std::collections::BTreeSet;

use kernel::{Local, StreamId, Timestamp, WorkerId, Zone};
use platform::command::{At, Changes, Desk, Seen, Stream, Streams};
use tonic::Status;

use crate::domain::appointment::{self, Appointment, Content};
use crate::domain::diary::{self, Diary};
use crate::domain::episode::{self, Episode};
use crate::domain::practitioner::{self, Practitioner};
use crate::domain::{self, AppointmentId, Diaries, DiaryId, EpisodeId, Event, Owner};

/// What a command is about to do with the appointment.
#[derive(Clone, Debug)]
pub enum Intent {
    /// Change it where it stands.
    Change,
    /// Make it, within this episode.
    Make {
        /// The episode.
        episode: EpisodeId,
        /// The practitioner named; none means the one assigned.
        with: Option<WorkerId>,
        /// When.
        when: When,
    },
    /// Make another in its place.
    Replace {
        /// The other.
        by: AppointmentId,
        /// When.
        when: When,
    },
    /// Put it down as told.
    Record(Box<Content>),
}

/// When an appointment is asked for: some of it may be left to what is known already.
#[derive(Clone, Debug)]
pub struct When {
    /// Wall time.
    pub wall: jiff::civil::DateTime,
    /// Zone; none means the practitioner's, or that of the appointment replaced.
    pub zone: Option<Zone>,
    /// Minutes; none means as long as the appointment replaced.
    pub minutes: Option<u32>,
}

impl When {
    /// The time in its own zone, else in this one.
    pub fn local(&self, fallback: &Zone) -> Local {
        Local::new(self.wall, self.zone.clone().unwrap_or_else(|| fallback.clone()))
    }
}

/// The streams to load.
#[derive(Debug)]
pub struct Around {
    /// The appointment: the one to change, to make, to replace or to put down.
    pub appointment: AppointmentId,
    /// What is to become of it.
    pub intent: Intent,
}

/// The streams as they stand.
#[derive(Debug)]
pub struct Loaded {
    /// The appointment.
    pub appointment: At<appointment::State>,
    /// The one that replaces it: not made yet.
    replacement: Option<At<appointment::State>>,
    episode: Option<At<episode::State>>,
    practitioner: Option<At<practitioner::State>>,
    diaries: Vec<(DiaryId, At<diary::State>)>,
}

impl Loaded {
    /// The episode.
    pub fn episode(&self) -> &episode::State {
        self.episode.as_ref().map_or(&episode::State::Unmade, |at| at)
    }
    /// The practitioner.
    pub fn practitioner(&self) -> &practitioner::State {
        self.practitioner.as_ref().map_or(&practitioner::State::Unmade, |at| at)
    }
    /// The zone of the practitioner's diary; UTC where there is no practitioner, who is missed by the rules.
    pub fn zone(&self) -> Zone {
        zone_of(self.practitioner())
    }
    /// The diaries.
    pub fn diaries(&self) -> Diaries {
        Diaries::new(self.diaries.iter().map(|(id, at)| (*id, (**at).clone())))
    }

    /// What the domain decided, as changes of these streams. A stream that it names and that was not loaded is a mistake of this file.
    ///
    /// # Panics
    /// For such a stream.
    pub fn write<R>(&self, decided: domain::Changes) -> Changes<R> {
        let mut order: Vec<StreamId> = Vec::new();
        for (stream, _) in &decided {
            if !order.contains(stream) {
                order.push(*stream);
            }
        }
        order.iter().fold(Changes::none(), |changes, stream| {
            let events = decided.iter().filter(|(of, _)| of == stream).map(|(_, event)| event.clone());
            self.write_one(changes, *stream, events.collect())
        })
    }

    fn write_one<R>(&self, changes: Changes<R>, stream: StreamId, events: Vec<Event>) -> Changes<R> {
        let (mut appointment, mut episode, mut practitioner, mut diary) = (vec![], vec![], vec![], vec![]);
        for event in events {
            match event {
                Event::Appointment(event) => appointment.push(event),
                Event::Episode(event) => episode.push(event),
                Event::Practitioner(event) => practitioner.push(event),
                Event::Diary(event) => diary.push(event),
            }
        }
        let changes = match self.replacement.as_ref().filter(|new| new.stream == stream) {
            Some(new) => changes.write::<Appointment>(new, appointment),
            None => changes.write::<Appointment>(&self.appointment, appointment),
        };
        let changes = match &self.episode {
            Some(at) => changes.write::<Episode>(at, episode),
            None => changes,
        };
        let changes = match &self.practitioner {
            Some(at) => changes.write::<Practitioner>(at, practitioner),
            None => changes,
        };
        if diary.is_empty() {
            return changes;
        }
        let at = self.diaries.iter().find(|(_, at)| at.stream == stream);
        let (_, at) = at.expect("every diary that an appointment stands in was loaded with it");
        changes.write::<Diary>(at, diary)
    }
}

impl Streams for Around {
    type States = Loaded;

    async fn load(&self, desk: &Desk, fresh: bool) -> Result<Loaded, Status> {
        let appointment = load::<Appointment>(desk, self.appointment.uuid(), fresh).await?;
        let known = appointment.content().cloned();
        let (replacement, episode) = match &self.intent {
            Intent::Change => (None, known.as_ref().and_then(|known| known.episode)),
            Intent::Make { episode, .. } => (None, Some(*episode)),
            Intent::Replace { by, .. } => (
                Some(load::<Appointment>(desk, by.uuid(), fresh).await?),
                known.as_ref().and_then(|known| known.episode),
            ),
            Intent::Record(told) => (None, told.episode),
        };
        let episode = match episode {
            Some(id) => Some(load::<Episode>(desk, id.uuid(), fresh).await?),
            None => None,
        };
        let practitioner = match &self.intent {
            Intent::Change => None,
            Intent::Make { with, .. } => with.or(episode.as_ref().and_then(|episode| episode.practitioner())),
            Intent::Replace { .. } => known.as_ref().and_then(|known| known.practitioner),
            Intent::Record(told) => told.practitioner,
        };
        let practitioner = match practitioner {
            Some(id) => Some(load::<Practitioner>(desk, id.uuid(), fresh).await?),
            None => None,
        };
        let mut diaries = Vec::new();
        for id in self.touched(known.as_ref(), episode.as_deref(), practitioner.as_ref()) {
            diaries.push((id, load::<Diary>(desk, id.stream().id(), fresh).await?));
        }
        Ok(Loaded { appointment, replacement, episode, practitioner, diaries })
    }

    /// A diary in which nothing has to be freed is among them: an older one of it would leave an hour taken for good.
    fn seen(states: &Loaded, seen: &mut Vec<Seen>) {
        seen.push(states.appointment.seen());
        seen.extend(states.replacement.iter().map(At::seen));
        seen.extend(states.episode.iter().map(At::seen));
        seen.extend(states.practitioner.iter().map(At::seen));
        seen.extend(states.diaries.iter().map(|(_, at)| at.seen()));
    }

    /// The version that a caller may name is that of the appointment which exists: of one replaced, not of its replacement.
    fn version_of(states: &Loaded, subject: StreamId) -> Option<u64> {
        let new = states.replacement.as_ref().is_some_and(|at| at.stream == subject);
        (new || states.appointment.stream == subject).then_some(states.appointment.version)
    }
}

impl Around {
    /// The diaries that the appointment stands in, and those it would stand in.
    fn touched(
        &self,
        known: Option<&Content>,
        episode: Option<&episode::State>,
        practitioner: Option<&At<practitioner::State>>,
    ) -> BTreeSet<DiaryId> {
        let mut touched: BTreeSet<DiaryId> =
            known.map(|known| known.diaries().into_iter().collect()).unwrap_or_default();
        let span = |owners: Vec<Owner>, start: Timestamp, minutes: u32| {
            let end = start + kernel::SignedDuration::from_mins(i64::from(minutes));
            owners.into_iter().flat_map(move |owner| DiaryId::touched(owner, start, end))
        };
        match &self.intent {
            Intent::Change => {}
            Intent::Make { when, .. } => {
                let facts = episode.and_then(episode::State::facts);
                if let (Some(facts), Some(at), Some(minutes)) = (facts, practitioner, when.minutes) {
                    let owners = vec![
                        Owner::Practitioner(WorkerId::new(at.stream.id())),
                        Owner::Person(facts.person, facts.agency),
                    ];
                    touched.extend(span(owners, when.local(&zone_of(at)).at, minutes));
                }
            }
            Intent::Replace { when, .. } => {
                if let Some(known) = known {
                    let start = when.local(&known.start.zone).at;
                    touched.extend(span(known.owners(), start, when.minutes.unwrap_or(known.minutes)));
                }
            }
            Intent::Record(told) => touched.extend(told.diaries()),
        }
        touched
    }
}

async fn load<D: platform::command::Encoding>(
    desk: &Desk,
    id: uuid::Uuid,
    fresh: bool,
) -> Result<At<D::State>, Status> {
    Stream::<D>::of(id).load(desk, fresh).await
}

fn zone_of(practitioner: &practitioner::State) -> Zone {
    practitioner.known().map_or_else(Zone::utc, |(_, content)| content.zone.clone())
}
