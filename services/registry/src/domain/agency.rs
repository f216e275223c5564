//! An agency: who serves people (FHIR Organization).
//! Invariant: an operator makes it known; it or an operator changes it; a source's word replaces only the source's own earlier word.

use kernel::{AgencyId, By, Day, Decider, RefusalKind, Timestamp, Zone};

use super::Identifier;
use super::consent::MinorSigns;
use super::plan::REVIEW_DAYS;

/// An agency.
pub struct Agency;

/// What an agency says of itself; concerns no person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its name.
    pub name: String,
    /// The zone it works in.
    pub zone: Zone,
    /// Its records fall under 42 CFR Part 2.
    pub part2: bool,
    /// What other systems call it.
    pub identifiers: Vec<Identifier>,
    /// Days on which it does not work beside weekends, in their order.
    pub holidays: Vec<Day>,
    /// Days from one look at a plan to the next; 0 for the default.
    pub plan_review_days: u32,
    /// The part of the worker who is to approve plans, as the contract numbers it; 0 where none is.
    pub plan_overseer: i32,
    /// The age in years from which on a person is no minor; 0 for the default.
    pub minor_age: u32,
    /// Whose signature gives a minor's consent; none for the default.
    pub minor_signs: Option<MinorSigns>,
    /// Hours for which an emergency that its medical staff declares opens records; 0 for the default.
    pub emergency_hours: u32,
    /// The clocks of referrals to it.
    pub referral_clocks: ReferralClocks,
    /// Days of the week on which it does not work, as RFC 5545 names them, in their order; none for Saturday and Sunday.
    pub weekend: Vec<String>,
}

/// How long the clocks of referrals to an agency run; 0 for the default of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReferralClocks {
    /// Working days in which it acknowledges one.
    pub acknowledge_days: u32,
    /// Working days in which it answers one.
    pub answer_days: u32,
    /// Working days in which the service begins.
    pub start_days: u32,
    /// Calendar days from one look at an open one to the next.
    pub review_days: u32,
    /// Calendar days from when its answer was due to when it expires.
    pub expiry_days: u32,
    /// Whether it expires at all, where the offer says nothing of that.
    pub expires: bool,
}

/// Hours for which a medical emergency opens records, where an agency says nothing (our default; 42 CFR 2.51 says only *to the extent necessary*).
pub const EMERGENCY_HOURS: u32 = 24;

/// The age in years from which on a person is no minor, where an agency says nothing (our default).
const OF_AGE: u32 = 18;

/// Who is a minor to an agency, and whose signature gives a minor's consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minors {
    /// The zone whose days count.
    pub zone: Zone,
    /// The age in years from which on a person is none.
    pub age: u32,
    /// Whose signature it is.
    pub signs: MinorSigns,
}

impl Default for Minors {
    fn default() -> Self {
        Self { zone: Zone::utc(), age: OF_AGE, signs: MinorSigns::Representative }
    }
}

impl Minors {
    /// Whose signature it takes then, of somebody born on that day; none of who is of age. Who was born on 29 February is so from 1 March on.
    pub fn rule(&self, born: Day, at: Timestamp) -> Option<MinorSigns> {
        let on = self.zone.day_of(at);
        let birthday_to_come = (on.month(), on.day()) < (born.month(), born.day());
        let years = i64::from(on.year()) - i64::from(born.year()) - i64::from(birthday_to_come);
        (years < i64::from(self.age)).then_some(self.signs)
    }
}

/// What holds for plans that an agency's workers change, or people by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The zone it works in.
    pub zone: Zone,
    /// Days from one look at a plan to the next.
    pub review_days: u32,
    /// The part of the overseer; 0 where none is asked for.
    pub overseer: i32,
}

impl Default for Settled {
    fn default() -> Self {
        Self { zone: Zone::utc(), review_days: REVIEW_DAYS, overseer: 0 }
    }
}

impl Content {
    /// Who is a minor to it, and who signs for one.
    pub fn minors(&self) -> Minors {
        let default = Minors::default();
        let age = if self.minor_age == 0 { default.age } else { self.minor_age };
        Minors { zone: self.zone.clone(), age, signs: self.minor_signs.unwrap_or(default.signs) }
    }

    /// For how many hours an emergency opens records at most.
    pub fn emergency_hours(&self) -> u32 {
        if self.emergency_hours == 0 { EMERGENCY_HOURS } else { self.emergency_hours }
    }

    /// What it has settled about plans.
    pub fn settled(&self) -> Settled {
        let review_days = if self.plan_review_days == 0 { REVIEW_DAYS } else { self.plan_review_days };
        Settled { zone: self.zone.clone(), review_days, overseer: self.plan_overseer }
    }
}

/// Where an agency stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "nearly every agency that is loaded is known")]
pub enum State {
    /// Not known.
    #[default]
    Unmade,
    /// Known.
    Known {
        /// Its id.
        id: AgencyId,
        /// What it says.
        content: Content,
        /// What another system last told of it; none where it was registered here.
        told: Option<Content>,
        /// Whether it is a 42 CFR Part 2 programme or ever was: what it wrote then stays under it.
        ever_part2: bool,
    },
}

impl State {
    /// Whether it is a 42 CFR Part 2 programme or ever was.
    pub fn ever_part2(&self) -> bool {
        matches!(self, Self::Known { ever_part2: true, .. })
    }
}

/// What can be asked of an agency.
#[derive(Clone, Debug)]
pub enum Command {
    /// Make it known.
    Register {
        /// Its id.
        id: AgencyId,
        /// Who asks.
        by: By,
        /// What it says.
        content: Content,
    },
    /// Say this instead.
    Change {
        /// Who asks.
        by: By,
        /// The whole of it.
        content: Content,
    },
    /// Put down what another system tells, whole.
    Record {
        /// Its id.
        id: AgencyId,
        /// What it tells.
        content: Content,
    },
}

/// What happens to an agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is known.
    Registered {
        /// Its id.
        id: AgencyId,
        /// What it says.
        content: Content,
    },
    /// It says something else.
    Changed(Content),
    /// Another system told of it.
    Recorded {
        /// Its id.
        id: AgencyId,
        /// What it told.
        content: Content,
        /// Whether it replaces an earlier telling.
        correction: bool,
    },
}

/// How an agency says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("there is no such agency; list the agencies for their ids")]
    NotFound,
    /// Its id is taken by one that was registered here.
    #[error("an agency with this id was registered here; change that one")]
    AlreadyExists,
    /// Another's to say.
    #[error("only an operator registers agencies, and only the agency itself or an operator changes one")]
    NotYours,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::NotYours => RefusalKind::PermissionDenied,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "AGENCY_NOT_FOUND",
            Self::AlreadyExists => "AGENCY_EXISTS",
            Self::NotYours => "NOT_YOUR_AGENCY",
        }
    }
}

impl Decider for Agency {
    const CATEGORY: &'static str = "agency";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Register { id, by, content } => match (state, by) {
                (State::Unmade, By::System) => Ok(vec![Event::Registered { id, content }]),
                (State::Known { content: now, told: None, .. }, By::System) if *now == content => Ok(vec![]),
                (State::Known { .. }, By::System) => Err(Refusal::AlreadyExists),
                (State::Unmade | State::Known { .. }, By::Agency(_) | By::Person(_)) => {
                    Err(Refusal::NotYours)
                }
            },
            Command::Change { by, content } => match (state, by) {
                (State::Unmade, _) => Err(Refusal::NotFound),
                (State::Known { .. }, By::Person(_)) => Err(Refusal::NotYours),
                (State::Known { id, .. }, By::Agency(agency)) if agency != *id => Err(Refusal::NotYours),
                (State::Known { content: now, .. }, By::Agency(_) | By::System) if *now == content => {
                    Ok(vec![])
                }
                (State::Known { .. }, By::Agency(_) | By::System) => Ok(vec![Event::Changed(content)]),
            },
            Command::Record { id, content } => match state {
                State::Unmade => Ok(vec![Event::Recorded { id, content, correction: false }]),
                State::Known { told: Some(told), .. } if *told == content => Ok(vec![]),
                State::Known { told: Some(_), .. } => {
                    Ok(vec![Event::Recorded { id, content, correction: true }])
                }
                State::Known { told: None, .. } => Err(Refusal::AlreadyExists),
            },
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Registered { id, content } => {
                State::Known { id: *id, content: content.clone(), told: None, ever_part2: content.part2 }
            }
            Event::Changed(content) => match state {
                State::Unmade => State::Unmade,
                State::Known { id, told, ever_part2, .. } => {
                    let ever_part2 = ever_part2 || content.part2;
                    State::Known { id, content: content.clone(), told, ever_part2 }
                }
            },
            Event::Recorded { id, content, .. } => {
                let ever_part2 = content.part2 || state.ever_part2();
                State::Known { id: *id, content: content.clone(), told: Some(content.clone()), ever_part2 }
            }
        }
    }
}
