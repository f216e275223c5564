//! Commands that several streams decide together: an appointment, its episode, its practitioner, and the diaries.
//! Invariant: after every command, an appointment stands in its diaries exactly as long as its status holds its time.

use kernel::skill::Approach;
use kernel::{By, Decider, Discrepancy, Local, RefusalKind, Timestamp, WorkerId};

use super::appointment::{self, Appointment, Content, Recorded, Standing};
use super::diary::Busy;
use super::episode::{self, Episode};
use super::event::{Changes, appointment_stream, episode_stream};
use super::{AppointmentId, Diaries, Event, Modality, practitioner};

/// How a command over several streams says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The appointment does.
    #[error("{0}")]
    Appointment(appointment::Refusal),
    /// The episode does.
    #[error("{0}")]
    Episode(episode::Refusal),
    /// The practitioner does.
    #[error("{0}")]
    Practitioner(practitioner::Refusal),
    /// Somebody's time is taken.
    #[error("{0}; choose another time")]
    Busy(Busy),
    /// Nobody treats yet.
    #[error("nobody is assigned to the episode; name a practitioner or assign one")]
    NoPractitioner,
    /// The practitioner does not work in the episode's modality.
    #[error("the practitioner does not work in {0}; choose another or add the modality")]
    NotInModality(Modality),
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::Appointment(refusal) => refusal.kind(),
            Self::Episode(refusal) => refusal.kind(),
            Self::Practitioner(refusal) => refusal.kind(),
            Self::Busy(refusal) => refusal.kind(),
            Self::NoPractitioner | Self::NotInModality(_) => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Appointment(refusal) => refusal.reason(),
            Self::Episode(refusal) => refusal.reason(),
            Self::Practitioner(refusal) => refusal.reason(),
            Self::Busy(refusal) => refusal.reason(),
            Self::NoPractitioner => "NO_PRACTITIONER",
            Self::NotInModality(_) => "NOT_IN_MODALITY",
        }
    }
}

/// What is asked of a new appointment, before the episode fills in the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The appointment to be.
    pub id: AppointmentId,
    /// When it begins.
    pub start: Local,
    /// How long, in minutes.
    pub minutes: u32,
    /// Where, as the contract numbers it.
    pub setting: i32,
    /// The skills it is about.
    pub approach: Option<Approach>,
}

/// Who an appointment of the episode is with: the one named, else the one assigned.
pub fn with_whom(named: Option<WorkerId>, episode: &episode::State, by: By) -> Result<WorkerId, Refusal> {
    let facts = episode.facts().filter(|facts| by == By::Agency(facts.agency));
    if facts.is_none() {
        return Err(Refusal::Episode(episode::Refusal::NotFound));
    }
    named.or(episode.practitioner()).ok_or(Refusal::NoPractitioner)
}

/// What the asked appointment comes to. The diaries to load for it are [`Content::diaries`].
pub fn content(
    ask: Ask,
    practitioner: WorkerId,
    episode: &episode::State,
    by: By,
) -> Result<Content, Refusal> {
    let facts = match episode.facts() {
        Some(facts) if by == By::Agency(facts.agency) => facts,
        Some(_) | None => return Err(Refusal::Episode(episode::Refusal::NotFound)),
    };
    if episode.going_on().is_none() {
        return Err(Refusal::Episode(episode::Refusal::Closed));
    }
    Ok(Content {
        id: ask.id,
        person: facts.person,
        agency: facts.agency,
        practitioner: Some(practitioner),
        episode: Some(facts.id),
        modality: Some(facts.modality.clone()),
        start: ask.start,
        minutes: ask.minutes,
        setting: ask.setting,
        part2: facts.part2,
        approach: ask.approach,
    })
}

/// Whether the practitioner takes appointments in the modality at the agency.
pub fn takes(
    practitioner: &practitioner::State,
    agency: kernel::AgencyId,
    modality: &Modality,
) -> Result<(), Refusal> {
    match practitioner {
        practitioner::State::Practising { agency: own, content } if *own == agency => {
            if content.modalities.contains(modality) {
                Ok(())
            } else {
                Err(Refusal::NotInModality(modality.clone()))
            }
        }
        practitioner::State::Retired { agency: own, .. } if *own == agency => {
            Err(Refusal::Practitioner(practitioner::Refusal::Retired))
        }
        practitioner::State::Unmade
        | practitioner::State::Practising { .. }
        | practitioner::State::Retired { .. } => Err(Refusal::Practitioner(practitioner::Refusal::NotFound)),
    }
}

/// Makes a new appointment.
pub fn make(
    content: Content,
    standing: Standing,
    practitioner: &practitioner::State,
    diaries: Diaries,
    by: By,
    now: Timestamp,
) -> Result<Changes, Refusal> {
    guard(&content, practitioner)?;
    let command = appointment::Command::Make { by, now, content: Box::new(content), standing, from: None };
    change(&appointment::State::Unmade, command, &episode::State::Unmade, diaries)
}

/// Makes a new appointment in place of an old one. The new one is as settled as the old one was; one that replaces what
/// is over is booked. The diaries are those of the old content and of the new one.
pub fn reschedule(
    old: &appointment::State,
    ask: Ask,
    practitioner: &practitioner::State,
    episode: &episode::State,
    mut diaries: Diaries,
    by: By,
    now: Timestamp,
) -> Result<Changes, Refusal> {
    let (was, standing) = match old {
        appointment::State::Made { content, situation, .. } => (content, standing_of(*situation)),
        appointment::State::Unmade | appointment::State::InError { .. } => {
            return Err(Refusal::Appointment(appointment::Refusal::NotFound));
        }
    };
    let give_way = appointment::Command::GiveWay { by, to: ask.id };
    let from = Some(was.id);
    let mut changes = change_within(old, give_way, &episode::State::Unmade, &mut diaries)?;
    let practitioner_id = was.practitioner.ok_or(Refusal::NoPractitioner)?;
    let content = content(ask, practitioner_id, episode, by)?;
    guard(&content, practitioner)?;
    let command = appointment::Command::Make { by, now, content: Box::new(content), standing, from };
    let unmade = appointment::State::Unmade;
    changes.extend(change_within(&unmade, command, &episode::State::Unmade, &mut diaries)?);
    Ok(changes)
}

/// Changes one appointment, and its episode and diaries with it. The diaries are those of [`Content::diaries`]; for the
/// correction of a record, those of both contents.
pub fn change(
    appointment: &appointment::State,
    command: appointment::Command,
    episode: &episode::State,
    mut diaries: Diaries,
) -> Result<Changes, Refusal> {
    change_within(appointment, command, episode, &mut diaries)
}

/// Puts an appointment down from elsewhere: never refused for what it overlaps, but then it takes no time.
pub fn record(
    appointment: &appointment::State,
    mut told: Recorded,
    practitioner: &practitioner::State,
    episode: &episode::State,
    mut diaries: Diaries,
) -> Result<Changes, Refusal> {
    told.content.part2 = episode.facts().is_some_and(|facts| facts.part2);
    let content = &told.content;
    let busy = diaries.conflict(&content.owners(), content.start.at, content.end(), content.id);
    if told.situation.holds_time() {
        told.discrepancies.extend(busy.as_ref().map(|busy| {
            Discrepancy::new(kernel::Refusal::reason(busy), "the time is taken by another appointment")
        }));
    }
    told.discrepancies.extend(odd_practitioner(&told, practitioner));
    told.discrepancies.extend(odd_episode(&told, episode));
    let holds = told.situation.holds_time() && busy.is_none();
    let (id, owners, start, end) = (content.id, content.owners(), content.start.at, content.end());

    let command = appointment::Command::Record(Box::new(told));
    let events = Appointment::decide(appointment, command).map_err(Refusal::Appointment)?;
    if events.is_empty() {
        return Ok(vec![]);
    }
    let mut changes: Changes =
        events.into_iter().map(|event| (appointment_stream(id), Event::Appointment(event))).collect();
    changes.extend(if holds {
        diaries.hold(&owners, start, end, id).map_err(Refusal::Busy)?
    } else {
        diaries.free(id)
    });
    Ok(changes)
}

fn change_within(
    appointment: &appointment::State,
    command: appointment::Command,
    episode: &episode::State,
    diaries: &mut Diaries,
) -> Result<Changes, Refusal> {
    let events = Appointment::decide(appointment, command).map_err(Refusal::Appointment)?;
    let after = events.iter().fold(appointment.clone(), Appointment::evolve);
    let Some(content) = after.content() else { return Ok(vec![]) };
    if events.is_empty() {
        return Ok(vec![]);
    }
    let attended =
        matches!(after, appointment::State::Made { situation: appointment::Situation::Fulfilled(_), .. });
    let id = content.id;
    let mut changes: Changes =
        events.into_iter().map(|event| (appointment_stream(id), Event::Appointment(event))).collect();
    changes.extend(keep_time(appointment, &after, diaries)?);
    if attended {
        let started = Episode::decide(episode, episode::Command::Attend { appointment: id })
            .map_err(Refusal::Episode)?;
        let stream = content.episode.map(episode_stream);
        changes.extend(started.into_iter().filter_map(|event| Some((stream?, Event::Episode(event)))));
    }
    Ok(changes)
}

/// Brings the diaries to where the appointment's status wants them.
fn keep_time(
    before: &appointment::State,
    after: &appointment::State,
    diaries: &mut Diaries,
) -> Result<Changes, Refusal> {
    match (before.holds_time(), after.holds_time(), after.content()) {
        (false, true, Some(content)) => diaries
            .hold(&content.owners(), content.start.at, content.end(), content.id)
            .map_err(Refusal::Busy),
        (true, false, Some(content)) => Ok(diaries.free(content.id)),
        // It kept its time, or none. A recorded one may hold none although its status would: it found the time taken.
        (false, false, _) | (true, true, _) | (_, _, None) => Ok(vec![]),
    }
}

fn guard(content: &Content, practitioner: &practitioner::State) -> Result<(), Refusal> {
    match &content.modality {
        Some(modality) => takes(practitioner, content.agency, modality),
        None => Ok(()),
    }
}

fn standing_of(situation: appointment::Situation) -> Standing {
    match situation {
        appointment::Situation::Proposed => Standing::Proposed,
        appointment::Situation::Pending => Standing::Pending,
        appointment::Situation::Booked
        | appointment::Situation::Arrived
        | appointment::Situation::CheckedIn
        | appointment::Situation::Fulfilled(_)
        | appointment::Situation::NoShow(_)
        | appointment::Situation::Cancelled(_) => Standing::Booked,
    }
}

fn odd_practitioner(told: &Recorded, practitioner: &practitioner::State) -> Option<Discrepancy> {
    told.content.practitioner?;
    let refusal = match (&told.content.modality, practitioner.known()) {
        (Some(modality), _) => takes(practitioner, told.content.agency, modality).err()?,
        (None, Some((agency, _))) if agency == told.content.agency => return None,
        (None, Some(_) | None) => Refusal::Practitioner(practitioner::Refusal::NotFound),
    };
    Some(Discrepancy::new(kernel::Refusal::reason(&refusal), refusal.to_string()))
}

fn odd_episode(told: &Recorded, episode: &episode::State) -> Option<Discrepancy> {
    told.content.episode?;
    let same =
        |facts: &episode::Facts| facts.person == told.content.person && facts.agency == told.content.agency;
    let refusal = match episode.facts() {
        Some(facts) if same(facts) => return None,
        Some(_) | None => episode::Refusal::NotFound,
    };
    Some(Discrepancy::new(kernel::Refusal::reason(&refusal), refusal.to_string()))
}
