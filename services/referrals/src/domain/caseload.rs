//! A caseload changes hands: everything open that one worker takes care of goes to another worker of the agency.
//! Invariant: it goes in one write, or none of it does; the hand-over names what moved, so that a retry replies the same.

use kernel::{AgencyId, By, Decider, Occurred, RefusalKind, WorkerId};

use super::assignment::Assignment;
use super::participation::{self, Participation};
use super::referral::{self, Referral};
use super::{ParticipationId, ReferralId};

/// Most records that one hand-over moves: they are one write.
pub const MOST: usize = 1_000;

/// A hand-over.
pub struct Caseload;

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The worker leaves.
    Leaves,
    /// The worker is away for a time.
    Absence,
    /// Work is shared out anew.
    Balance,
    /// Another.
    Other,
}

/// Who hands over to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// The agency of both.
    pub agency: AgencyId,
    /// Who has it.
    pub from: WorkerId,
    /// Who takes it.
    pub to: WorkerId,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub at: Occurred,
}

/// What was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// Who to whom.
    pub who: HandOver,
    /// The referrals that moved.
    pub referrals: Vec<ReferralId>,
    /// The participations that moved.
    pub participations: Vec<ParticipationId>,
}

/// Where a hand-over stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Not made.
    #[default]
    Unmade,
    /// Made.
    Made(HandedOver),
}

/// How a hand-over says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// From somebody to themself.
    #[error("both are the same worker; name another worker who takes the caseload")]
    SameWorker,
    /// The one who takes it works for another agency, or is not known.
    #[error("the worker who takes it is not known to work for this agency; add them with the registry first")]
    WorkerNotOfAgency,
    /// There is nothing to hand over, and nothing elsewhere can be theirs.
    #[error("this worker never worked for this agency, and takes care of nothing of it")]
    NothingAssigned,
    /// More than one write holds.
    #[error("this worker takes care of more than 1,000 records; assign some of them one by one first")]
    TooMany,
    /// It was made before.
    #[error("this hand-over was made before")]
    AlreadyMade,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::AlreadyMade => RefusalKind::AlreadyExists,
            Self::SameWorker | Self::WorkerNotOfAgency | Self::NothingAssigned | Self::TooMany => {
                RefusalKind::FailedPrecondition
            }
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::SameWorker => "SAME_WORKER",
            Self::WorkerNotOfAgency => "WORKER_NOT_OF_AGENCY",
            Self::NothingAssigned => "NOTHING_ASSIGNED",
            Self::TooMany => "CASELOAD_TOO_LARGE",
            Self::AlreadyMade => "ALREADY_MADE",
        }
    }
}

impl Decider for Caseload {
    const CATEGORY: &'static str = "caseload";
    type State = State;
    type Command = HandedOver;
    type Event = HandedOver;
    type Refusal = Refusal;

    fn decide(state: &State, command: HandedOver) -> Result<Vec<HandedOver>, Refusal> {
        match state {
            State::Unmade if command.who.from == command.who.to => Err(Refusal::SameWorker),
            State::Unmade => Ok(vec![command]),
            State::Made(_) => Err(Refusal::AlreadyMade),
        }
    }

    fn evolve(_: State, event: &HandedOver) -> State {
        State::Made(event.clone())
    }
}

/// The events of each stream, in the order in which their states were given.
#[derive(Debug, PartialEq)]
pub struct Moves {
    /// Of the hand-over.
    pub caseload: Vec<HandedOver>,
    /// Of each referral; none where it is not theirs any more.
    pub referrals: Vec<Vec<referral::Event>>,
    /// Of each participation.
    pub participations: Vec<Vec<participation::Event>>,
}

/// The agencies that the two workers are known to work for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkFor {
    /// Who has it: now, or last.
    pub from: Option<AgencyId>,
    /// Who takes it: now.
    pub to: Option<AgencyId>,
}

/// Hands over what is still open and theirs among these records. That there is none is no reason against it: what other services have goes along.
///
/// # Errors
/// Why nothing moves.
pub fn hand_over(
    state: &State,
    who: HandOver,
    work_for: WorkFor,
    referrals: &[(ReferralId, &referral::State)],
    participations: &[(ParticipationId, &participation::State)],
) -> Result<Moves, Refusal> {
    let works_for = work_for.to;
    if works_for != Some(who.agency) {
        return Err(Refusal::WorkerNotOfAgency);
    }
    if referrals.len() + participations.len() > MOST {
        return Err(Refusal::TooMany);
    }
    let by = By::Agency(who.agency);
    let to = || Assignment { worker: Some(who.to), works_for, from: Some(who.from), at: who.at.clone() };
    // What has become another's, or was closed, since the list was read is not theirs to hand over.
    let referral = |(_, state): &(ReferralId, &referral::State)| {
        Referral::decide(state, referral::Command::Assign { by, to: to() }).unwrap_or_default()
    };
    let participation = |(_, state): &(ParticipationId, &participation::State)| {
        Participation::decide(state, participation::Command::Assign { by, to: to() }).unwrap_or_default()
    };
    let of_referrals: Vec<_> = referrals.iter().map(referral).collect();
    let of_participations: Vec<_> = participations.iter().map(participation).collect();
    let moved = HandedOver {
        referrals: moved(referrals.iter().map(|(id, _)| *id), &of_referrals),
        participations: moved(participations.iter().map(|(id, _)| *id), &of_participations),
        who,
    };
    let none = moved.referrals.is_empty() && moved.participations.is_empty();
    if none && work_for.from != Some(moved.who.agency) && moved.who.from != moved.who.to {
        return Err(Refusal::NothingAssigned);
    }
    let caseload = Caseload::decide(state, moved)?;
    Ok(Moves { caseload, referrals: of_referrals, participations: of_participations })
}

/// The records that have events.
fn moved<I, E>(ids: impl Iterator<Item = I>, events: &[Vec<E>]) -> Vec<I> {
    ids.zip(events).filter(|(_, events)| !events.is_empty()).map(|(id, _)| id).collect()
}
