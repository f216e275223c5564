//! Somebody takes part in a service that has no service of its own here (FHIR EpisodeOfCare).
//! Invariant: it ends at most once, never before it began, and belongs to one agency for ever.

mod refusal;

pub use refusal::Refusal;

use kernel::{AgencyId, By, Day, Decider, Discrepancy, Occurred, OfferId, PersonId, WorkerId, known_longer};

use super::assignment::{Assignment, Comes};
use super::contact::Contact;
use super::referral::ClosingReason;
use super::{ParticipationId, PlanItemId, ReferralId, offer};

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
        })
    }
}

/// A participation as another system tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What it is about.
    pub facts: Facts,
    /// When it began.
    pub started: Occurred,
    /// When it ended, and the HMIS 3.12 destination code (0: none).
    pub ended: Option<(Occurred, u32)>,
    /// Until when it is known, while it goes on; none for good.
    pub known_until: Option<Day>,
    /// What today's guards would have refused.
    pub discrepancies: Vec<Discrepancy>,
}

impl Recorded {
    fn says_the_same(&self, before: &Self) -> bool {
        Self { known_until: before.known_until, ..self.clone() } == *before
    }
}

/// Where somebody went whose participation ended for that reason, by HMIS 3.12: deceased (24), else not told (0).
pub const fn destination(reason: ClosingReason) -> u32 {
    if matches!(reason, ClosingReason::Died) { 24 } else { 0 }
}

/// Where a participation stands.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "nearly every participation that is loaded was made")]
pub enum State {
    /// Never begun.
    #[default]
    Unmade,
    /// Going on, or ended.
    Made {
        /// What it is about.
        facts: Facts,
        /// When it began.
        started: Occurred,
        /// When it ended, with the destination code.
        ended: Option<(Occurred, u32)>,
        /// The items of the person's plan that it carries out.
        plan_items: Vec<PlanItemId>,
        /// Its contacts, oldest first as noted.
        contacts: Vec<Contact>,
        /// The whole fact as another system told it; none where it was made here.
        told: Option<Box<Recorded>>,
        /// The worker who takes care of it.
        assignee: Option<WorkerId>,
    },
    /// Never meant.
    InError {
        /// Whose it was.
        agency: AgencyId,
        /// About whom.
        person: PersonId,
    },
}

impl State {
    /// The worker who takes care of it.
    pub fn assignee(&self) -> Option<WorkerId> {
        match self {
            Self::Made { assignee, .. } => *assignee,
            Self::Unmade | Self::InError { .. } => None,
        }
    }
}

/// What can be asked of a participation.
#[derive(Clone, Debug)]
pub enum Command {
    /// Begin.
    Start {
        /// Who begins it.
        by: By,
        /// What it is about.
        facts: Facts,
        /// When.
        at: Occurred,
    },
    /// Name the items of the person's plan that it carries out.
    NamePlan {
        /// Who says so.
        by: By,
        /// All of them.
        items: Vec<PlanItemId>,
    },
    /// Note a contact.
    AddContact {
        /// Who notes it.
        by: By,
        /// The contact.
        contact: Contact,
        /// Put down from elsewhere: a contact after the end is then kept.
        recorded: bool,
    },
    /// End.
    End {
        /// Who ends it.
        by: By,
        /// When.
        at: Occurred,
        /// Why.
        reason: ClosingReason,
    },
    /// The person died: it ends then, where it goes on.
    EndForDeath {
        /// When.
        at: Occurred,
    },
    /// Somebody of the agency takes care of it from now on, or nobody does.
    Assign {
        /// Who says so.
        by: By,
        /// Who.
        to: Assignment,
    },
    /// Put down from elsewhere, whole.
    Record(Box<Recorded>),
    /// It should never have been written.
    MarkEnteredInError {
        /// Who says so.
        by: By,
    },
}

/// What happens to a participation.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It began.
    Started {
        /// What it is about.
        facts: Facts,
        /// When.
        at: Occurred,
    },
    /// It carries out these items of the person's plan.
    PlanNamed {
        /// The participation.
        id: ParticipationId,
        /// The person.
        person: PersonId,
        /// Whether the programme falls under 42 CFR Part 2.
        part2: bool,
        /// All of them.
        items: Vec<PlanItemId>,
    },
    /// A contact.
    ContactMade {
        /// The participation.
        id: ParticipationId,
        /// The person.
        person: PersonId,
        /// Whether the programme falls under 42 CFR Part 2.
        part2: bool,
        /// The contact.
        contact: Contact,
    },
    /// It ended.
    Ended {
        /// The participation.
        id: ParticipationId,
        /// The person.
        person: PersonId,
        /// Whether the programme falls under 42 CFR Part 2.
        part2: bool,
        /// When.
        at: Occurred,
        /// Why.
        reason: ClosingReason,
    },
    /// Somebody of the agency takes care of it from now on, or nobody does.
    Assigned {
        /// The participation.
        id: ParticipationId,
        /// The person.
        person: PersonId,
        /// Whether the programme falls under 42 CFR Part 2.
        part2: bool,
        /// Who.
        worker: Option<WorkerId>,
        /// Who handed it over.
        from: Option<WorkerId>,
        /// Since when.
        at: Occurred,
    },
    /// Put down from elsewhere; `correction` where it replaces an earlier telling.
    Recorded {
        /// What was told.
        told: Box<Recorded>,
        /// Whether it replaces an earlier telling.
        correction: bool,
    },
    /// Never meant.
    EnteredInError {
        /// The participation.
        id: ParticipationId,
        /// The person.
        person: PersonId,
    },
}

impl Decider for Participation {
    const CATEGORY: &'static str = "participation";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Start { by, facts, at } => match state {
                State::Unmade if by == By::Agency(facts.agency) || by == By::System => {
                    Ok(vec![Event::Started { facts, at }])
                }
                State::Made { facts: now, .. } if *now == facts => Ok(vec![]),
                State::Unmade => Err(Refusal::NotFound),
                State::Made { .. } | State::InError { .. } => Err(Refusal::AlreadyExists),
            },
            Command::NamePlan { by, items } => {
                let (facts, _, _) = open_to(state, by)?;
                if matches!(state, State::Made { plan_items, .. } if *plan_items == items) {
                    return Ok(vec![]);
                }
                let (id, person, part2) = (facts.id, facts.person, facts.part2);
                Ok(vec![Event::PlanNamed { id, person, part2, items }])
            }
            Command::AddContact { by, contact, recorded } => {
                let (facts, ended, contacts) = open_to(state, by)?;
                if contacts.contains(&contact) {
                    return Ok(vec![]);
                }
                if ended && !recorded {
                    return Err(Refusal::Ended);
                }
                let (id, person, part2) = (facts.id, facts.person, facts.part2);
                Ok(vec![Event::ContactMade { id, person, part2, contact }])
            }
            Command::End { by, at, reason } => {
                let (facts, ended, _) = open_to(state, by)?;
                if ended {
                    return Err(Refusal::Ended);
                }
                if matches!(state, State::Made { started, .. } if at.at < started.at) {
                    return Err(Refusal::EndsBeforeItBegan);
                }
                let (id, person, part2) = (facts.id, facts.person, facts.part2);
                Ok(vec![Event::Ended { id, person, part2, at, reason }])
            }
            Command::EndForDeath { at } => Ok(match state {
                State::Made { facts, started, ended: None, .. } => {
                    // One that began later than the death that was told ends as it begins.
                    let at = if at.at < started.at { started.clone() } else { at };
                    let (id, person, part2) = (facts.id, facts.person, facts.part2);
                    vec![Event::Ended { id, person, part2, at, reason: ClosingReason::Died }]
                }
                State::Unmade | State::Made { .. } | State::InError { .. } => vec![],
            }),
            Command::Assign { by, to } => {
                let (facts, ended, _) = open_to(state, by)?;
                if ended {
                    return Err(Refusal::Ended);
                }
                let (id, person, part2) = (facts.id, facts.person, facts.part2);
                match to.comes(facts.agency, state.assignee()) {
                    Comes::Moves => {
                        let Assignment { worker, from, at, .. } = to;
                        Ok(vec![Event::Assigned { id, person, part2, worker, from, at }])
                    }
                    Comes::Stays => Ok(vec![]),
                    Comes::Stranger => Err(Refusal::WorkerNotOfAgency),
                }
            }
            Command::Record(told) => match state {
                State::Unmade => Ok(vec![Event::Recorded { told, correction: false }]),
                // What ended here since is not opened again by a telling that knows nothing new.
                State::Made { told: Some(now), ended, .. }
                    if told.says_the_same(now)
                        && (!known_longer(now.known_until, told.known_until) || *ended != now.ended) =>
                {
                    Ok(vec![])
                }
                State::Made { facts, told: Some(_), .. } if facts.agency == told.facts.agency => {
                    Ok(vec![Event::Recorded { told, correction: true }])
                }
                State::InError { agency, .. } if *agency == told.facts.agency => {
                    Ok(vec![Event::Recorded { told, correction: true }])
                }
                State::Made { .. } | State::InError { .. } => Err(Refusal::AlreadyExists),
            },
            Command::MarkEnteredInError { by } => match state {
                State::Made { facts, .. } if by == By::Agency(facts.agency) => {
                    Ok(vec![Event::EnteredInError { id: facts.id, person: facts.person }])
                }
                State::InError { agency, .. } if by == By::Agency(*agency) => Ok(vec![]),
                State::Unmade | State::Made { .. } | State::InError { .. } => Err(Refusal::NotFound),
            },
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Started { facts, at } => State::Made {
                facts: facts.clone(),
                started: at.clone(),
                ended: None,
                plan_items: vec![],
                contacts: vec![],
                told: None,
                assignee: None,
            },
            Event::PlanNamed { items, .. } => {
                if let State::Made { plan_items, .. } = &mut state {
                    plan_items.clone_from(items);
                }
                state
            }
            Event::ContactMade { contact, .. } => {
                if let State::Made { contacts, .. } = &mut state {
                    contacts.retain(|known| known.id != contact.id);
                    contacts.push(contact.clone());
                }
                state
            }
            Event::Ended { at, reason, .. } => {
                if let State::Made { ended, .. } = &mut state {
                    *ended = Some((at.clone(), destination(*reason)));
                }
                state
            }
            Event::Assigned { worker, .. } => {
                if let State::Made { assignee, .. } = &mut state {
                    *assignee = *worker;
                }
                state
            }
            Event::Recorded { told, .. } => {
                let assignee = state.assignee();
                let (contacts, plan_items) = match state {
                    State::Made { contacts, plan_items, .. } => (contacts, plan_items),
                    State::Unmade | State::InError { .. } => (vec![], vec![]),
                };
                State::Made {
                    facts: told.facts.clone(),
                    started: told.started.clone(),
                    ended: told.ended.clone(),
                    plan_items,
                    contacts,
                    told: Some(told.clone()),
                    assignee,
                }
            }
            Event::EnteredInError { .. } => match state {
                State::Made { facts, .. } => State::InError { agency: facts.agency, person: facts.person },
                other @ (State::Unmade | State::InError { .. }) => other,
            },
        }
    }
}

fn open_to(state: &State, by: By) -> Result<(&Facts, bool, &[Contact]), Refusal> {
    match state {
        State::Made { facts, ended, contacts, .. } if by == By::Agency(facts.agency) => {
            Ok((facts, ended.is_some(), contacts))
        }
        State::Unmade | State::Made { .. } | State::InError { .. } => Err(Refusal::NotFound),
    }
}
