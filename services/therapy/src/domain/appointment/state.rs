//! Where an appointment stands, and how its events bring it there.
//! Invariant: what an appointment is never changes after it was made, but for the correction of a record.

use super::{Content, Correction, Event, Recorded};
use crate::domain::AppointmentId;

/// How a session came to be missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MissedReason {
    /// The person told before.
    ToldBefore,
    /// The person told afterwards.
    ToldAfter,
    /// Not known.
    NotKnown,
    /// The service's side: never counted against the person.
    Service,
}

impl MissedReason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ToldBefore, Self::ToldAfter, Self::NotKnown, Self::Service];
}

/// Why an appointment was called off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// By the person.
    Person,
    /// By the service: never counted against the person.
    Service,
    /// Another appointment takes its place.
    Rescheduled,
    /// Another reason.
    Other,
    /// The person died: counted against nobody.
    Died,
}

impl CancelReason {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Person, Self::Service, Self::Rescheduled, Self::Other, Self::Died];
}

/// The status of an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Situation {
    /// Nobody's time is held.
    Proposed,
    /// The time is held, the person has yet to say yes.
    Pending,
    /// Both sides agree.
    Booked,
    /// The person is there.
    Arrived,
    /// The person is checked in.
    CheckedIn,
    /// The session took place, this many minutes.
    Fulfilled(u32),
    /// The person did not come.
    NoShow(MissedReason),
    /// Called off.
    Cancelled(CancelReason),
}

impl Situation {
    /// Whether the session is still to come or under way.
    pub fn is_open(self) -> bool {
        match self {
            Self::Proposed | Self::Pending | Self::Booked | Self::Arrived | Self::CheckedIn => true,
            Self::Fulfilled(_) | Self::NoShow(_) | Self::Cancelled(_) => false,
        }
    }

    /// Whether it keeps its time in the diaries. A missed or cancelled one gives it back.
    pub fn holds_time(self) -> bool {
        match self {
            Self::Pending | Self::Booked | Self::Arrived | Self::CheckedIn | Self::Fulfilled(_) => true,
            Self::Proposed | Self::NoShow(_) | Self::Cancelled(_) => false,
        }
    }
}

/// Where an appointment stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never made.
    #[default]
    Unmade,
    /// Made.
    Made {
        /// What it is.
        content: Box<Content>,
        /// Its status.
        situation: Situation,
        /// The appointment that it replaces.
        from: Option<AppointmentId>,
        /// The appointment that replaces it.
        to: Option<AppointmentId>,
        /// Whether a no-show was corrected.
        corrected: bool,
        /// The whole fact as another system told it last; none where it was made here.
        told: Option<Box<Recorded>>,
    },
    /// Never meant.
    InError {
        /// What it was.
        content: Box<Content>,
    },
}

impl State {
    /// What it is, or was before it turned out never to have been meant.
    pub fn content(&self) -> Option<&Content> {
        match self {
            Self::Unmade => None,
            Self::Made { content, .. } | Self::InError { content } => Some(content),
        }
    }
    /// Whether it keeps its time in the diaries.
    pub fn holds_time(&self) -> bool {
        match self {
            Self::Made { situation, .. } => situation.holds_time(),
            Self::Unmade | Self::InError { .. } => false,
        }
    }
}

pub(super) fn evolve(state: State, event: &Event) -> State {
    match event {
        Event::Proposed { content, from } => made(content, *from, Situation::Proposed),
        Event::MadePending { content, from } => made(content, *from, Situation::Pending),
        Event::Booked { content, from } => made(content, *from, Situation::Booked),
        Event::Held { .. } => moved(state, Situation::Pending),
        Event::Confirmed { .. } => moved(state, Situation::Booked),
        Event::Arrived { .. } => moved(state, Situation::Arrived),
        Event::CheckedIn { .. } => moved(state, Situation::CheckedIn),
        Event::Fulfilled { minutes, .. } => moved(state, Situation::Fulfilled(*minutes)),
        Event::Missed { reason, .. } => moved(state, Situation::NoShow(*reason)),
        Event::Cancelled { reason, to, .. } => match moved(state, Situation::Cancelled(*reason)) {
            State::Made { content, situation, from, corrected, told, .. } => {
                State::Made { content, situation, from, to: *to, corrected, told }
            }
            other @ (State::Unmade | State::InError { .. }) => other,
        },
        Event::Replaced { to, .. } => match state {
            State::Made { content, situation, from, corrected, told, .. } => {
                State::Made { content, situation, from, to: Some(*to), corrected, told }
            }
            other @ (State::Unmade | State::InError { .. }) => other,
        },
        Event::NoShowCorrected { correction, .. } => match state {
            State::Made { content, from, to, told, .. } => {
                let situation = match correction {
                    Correction::Fulfilled(minutes) => {
                        Situation::Fulfilled(minutes.unwrap_or(content.minutes))
                    }
                    Correction::Cancelled(reason) => Situation::Cancelled(*reason),
                    Correction::Missed(reason) => Situation::NoShow(*reason),
                };
                State::Made { content, situation, from, to, corrected: true, told }
            }
            other @ (State::Unmade | State::InError { .. }) => other,
        },
        Event::EnteredInError { .. } => match state {
            State::Made { content, .. } | State::InError { content } => State::InError { content },
            State::Unmade => State::Unmade,
        },
        Event::Recorded { told, .. } => State::Made {
            content: Box::new(told.content.clone()),
            situation: told.situation,
            from: None,
            to: None,
            corrected: false,
            told: Some(told.clone()),
        },
    }
}

fn made(content: &Content, from: Option<AppointmentId>, situation: Situation) -> State {
    State::Made {
        content: Box::new(content.clone()),
        situation,
        from,
        to: None,
        corrected: false,
        told: None,
    }
}

fn moved(state: State, situation: Situation) -> State {
    match state {
        State::Made { content, from, to, corrected, told, .. } => {
            State::Made { content, situation, from, to, corrected, told }
        }
        other @ (State::Unmade | State::InError { .. }) => other,
    }
}
