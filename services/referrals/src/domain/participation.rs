//! Somebody takes part in a service that has no service of its own here (FHIR EpisodeOfCare).
//! Invariant: it ends at most once, never before it began, and belongs to one agency for ever.

mod command;
mod decide;
mod event;
mod refusal;
mod state;

pub use command::Command;
pub use event::Event;
pub use refusal::Refusal;
pub use state::{Situation, State};

use kernel::{AgencyId, Day, Decider, Discrepancy, Occurred, OfferId, PersonId, Refusal as _};

use super::referral::ClosingReason;
use super::{ParticipationId, ReferralId, offer};

/// A participation.
pub struct Participation;

/// What it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub id: ParticipationId,
    /// The person.
    pub person: PersonId,
    /// The agency that serves.
    pub agency: AgencyId,
    /// The offer.
    pub offer: OfferId,
    /// Its name.
    pub offer_name: String,
    /// The practice.
    pub practice: String,
    /// The referral that opened it.
    pub referral: Option<ReferralId>,
    /// Whether the programme falls under 42 CFR Part 2.
    pub part2: bool,
    /// Whether the offer is one of zero exclusion: nobody rests or is sent away for health or readiness.
    pub zero_exclusion: bool,
}

/// Who takes part in what, before the offer is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The participation.
    pub id: ParticipationId,
    /// The person.
    pub person: PersonId,
    /// The agency that serves.
    pub agency: AgencyId,
    /// The offer.
    pub offer: OfferId,
    /// The referral that opens it.
    pub referral: Option<ReferralId>,
}

impl Part {
    /// What the participation is about, by what the offer says; a withdrawn one says what it said last.
    ///
    /// # Errors
    /// The agency made no such offer.
    pub fn facts(&self, offer: &offer::State) -> Result<Facts, Refusal> {
        let said = offer.said().filter(|(owner, _)| *owner == self.agency);
        let (_, content) = said.ok_or(Refusal::OfferNotFound)?;
        Ok(Facts {
            id: self.id,
            person: self.person,
            agency: self.agency,
            offer: self.offer,
            offer_name: content.name.clone(),
            practice: content.practice.clone(),
            referral: self.referral,
            part2: content.part2,
            zero_exclusion: content.zero_exclusion,
        })
    }
}

/// How a participation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: Occurred,
    /// Why; none where a source does not say.
    pub reason: Option<ClosingReason>,
    /// The HMIS 3.12 destination code (0: none).
    pub destination: u32,
}

/// A participation as another system tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What it is about.
    pub facts: Facts,
    /// When it began.
    pub started: Occurred,
    /// How it ended; none while it goes on.
    pub ended: Option<End>,
    /// Until when it is known, while it goes on; none for good.
    pub known_until: Option<Day>,
    /// What today's guards would have refused.
    pub discrepancies: Vec<Discrepancy>,
}

impl Recorded {
    /// As it is told, with what today's guards would have refused.
    pub fn new(facts: Facts, started: Occurred, ended: Option<End>, known_until: Option<Day>) -> Self {
        let excluded = ended.as_ref().is_some_and(|end| end.reason.is_some_and(ClosingReason::excludes));
        let discrepancies = match facts.zero_exclusion && excluded {
            true => {
                vec![Discrepancy::new(Refusal::ZeroExclusion.reason(), Refusal::ZeroExclusion.to_string())]
            }
            false => vec![],
        };
        Self { facts, started, ended, known_until, discrepancies }
    }

    fn says_the_same(&self, before: &Self) -> bool {
        Self { known_until: before.known_until, ..self.clone() } == *before
    }
}

/// Where somebody went whose participation ended for that reason, by HMIS 3.12: deceased (24), else not told (0).
pub const fn destination(reason: ClosingReason) -> u32 {
    if matches!(reason, ClosingReason::Died) { 24 } else { 0 }
}

impl Decider for Participation {
    const CATEGORY: &'static str = "participation";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        decide::decide(state, command)
    }
    fn evolve(state: State, event: &Event) -> State {
        state::evolve(state, event)
    }
}
