//! A person's therapy at one agency, from opening to close (FHIR EpisodeOfCare).
//! Invariant: it starts with the first attended session, closes at most once and never before it was opened, and belongs to one agency for ever.

use kernel::{AgencyId, By, Decider, Occurred, PersonId, RefusalKind, WorkerId};

use super::{AppointmentId, EpisodeId, GoalId, Modality, PlanItemId, ReferralId};

/// An episode.
pub struct Episode;

/// What it is about, settled when it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub id: EpisodeId,
    /// The person.
    pub person: PersonId,
    /// The agency that serves.
    pub agency: AgencyId,
    /// The practice.
    pub modality: Modality,
    /// The referral that opened it.
    pub referral: Option<ReferralId>,
    /// The goal it serves.
    pub goal: Option<GoalId>,
    /// Plan items it carries out.
    pub plan_items: Vec<PlanItemId>,
    /// Whether the programme falls under 42 CFR Part 2.
    pub part2: bool,
}

/// What an episode serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serves {
    /// The goal.
    pub goal: Option<GoalId>,
    /// Plan items it carries out.
    pub plan_items: Vec<PlanItemId>,
}

/// Why an episode closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closing {
    /// Completed as planned.
    Completed,
    /// The person ended it.
    PersonDeclined,
    /// The person did not engage.
    NotEngaged,
    /// Goes on elsewhere.
    ContinuedElsewhere,
    /// The person moved away.
    Moved,
    /// The person died.
    Died,
    /// The provider ended it.
    ProviderDeclined,
    /// Another reason.
    Other,
}

impl Closing {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Completed,
        Self::PersonDeclined,
        Self::NotEngaged,
        Self::ContinuedElsewhere,
        Self::Moved,
        Self::Died,
        Self::ProviderDeclined,
        Self::Other,
    ];
}

/// How far an episode is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No session attended yet.
    Open,
    /// This session was the first attended.
    Started(AppointmentId),
    /// Over.
    Closed {
        /// When.
        at: Occurred,
        /// Why.
        reason: Closing,
        /// The first session attended; none where nobody came.
        started: Option<AppointmentId>,
    },
}

/// Where an episode stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never opened.
    #[default]
    Unmade,
    /// Opened, and perhaps closed.
    Made {
        /// What it is about.
        facts: Facts,
        /// What it serves, where that was named since it was opened.
        named: Option<Serves>,
        /// Who treats, once settled.
        practitioner: Option<WorkerId>,
        /// When it was opened.
        opened: Occurred,
        /// How far it is.
        stage: Stage,
    },
    /// Never meant.
    InError {
        /// What it was about.
        facts: Facts,
    },
}

impl State {
    /// What it is about, unless it was never meant.
    pub fn facts(&self) -> Option<&Facts> {
        match self {
            Self::Made { facts, .. } => Some(facts),
            Self::Unmade | Self::InError { .. } => None,
        }
    }
    /// What it serves: as it was named last, or when it was opened.
    pub fn serves(&self) -> Serves {
        match self {
            Self::Made { named: Some(named), .. } => named.clone(),
            Self::Made { facts, named: None, .. } | Self::InError { facts } => facts.serves(),
            Self::Unmade => Serves::default(),
        }
    }
    /// Who treats.
    pub fn practitioner(&self) -> Option<WorkerId> {
        match self {
            Self::Made { practitioner, .. } => *practitioner,
            Self::Unmade | Self::InError { .. } => None,
        }
    }
    /// Its facts, while it goes on.
    pub fn going_on(&self) -> Option<&Facts> {
        match self {
            Self::Made { facts, stage: Stage::Open | Stage::Started(_), .. } => Some(facts),
            Self::Made { stage: Stage::Closed { .. }, .. } | Self::Unmade | Self::InError { .. } => None,
        }
    }
}

/// What can be asked of an episode.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open it.
    Open {
        /// Who opens it: the agency, or the system for an accepted referral.
        by: By,
        /// What it is about.
        facts: Facts,
        /// Who treats, where settled.
        practitioner: Option<WorkerId>,
        /// When.
        at: Occurred,
    },
    /// Somebody else treats from now on.
    Assign {
        /// Who says so.
        by: By,
        /// Who treats; the agency's own and in the modality, as `booking` checks.
        practitioner: WorkerId,
    },
    /// Who treats hands their caseload over. Quiet where it is closed, or not theirs.
    HandOver {
        /// Who treats.
        from: WorkerId,
        /// Who takes it; in the modality, as `booking` checks.
        to: WorkerId,
    },
    /// Name what it serves.
    NamePlan {
        /// Who says so.
        by: By,
        /// All of it.
        serves: Serves,
    },
    /// The person attended a session. Quiet unless it is the first of an episode that goes on.
    Attend {
        /// The session.
        appointment: AppointmentId,
    },
    /// Close it.
    Close {
        /// Who closes it.
        by: By,
        /// When.
        at: Occurred,
        /// Why.
        reason: Closing,
    },
    /// It should never have been written.
    MarkEnteredInError {
        /// Who says so.
        by: By,
    },
}

/// What happens to an episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was opened.
    Opened {
        /// What it is about.
        facts: Facts,
        /// Who treats, where settled.
        practitioner: Option<WorkerId>,
        /// When.
        at: Occurred,
    },
    /// Somebody treats from now on.
    Assigned {
        /// Whose episode.
        about: About,
        /// Who treats.
        practitioner: WorkerId,
        /// Who handed it over.
        from: Option<WorkerId>,
    },
    /// It serves this from now on.
    PlanNamed {
        /// Whose episode.
        about: About,
        /// All of it.
        serves: Serves,
    },
    /// The person attended the first session.
    Started {
        /// Whose episode.
        about: About,
        /// The session.
        appointment: AppointmentId,
    },
    /// It closed.
    Closed {
        /// Whose episode.
        about: About,
        /// When.
        at: Occurred,
        /// Why.
        reason: Closing,
        /// Whether the person had attended a session.
        started: bool,
    },
    /// Never meant.
    EnteredInError {
        /// Whose episode.
        about: About,
    },
}

/// What every event of an episode says of it, so that one event is enough for a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The episode.
    pub id: EpisodeId,
    /// The person.
    pub person: PersonId,
    /// The referral that opened it.
    pub referral: Option<ReferralId>,
    /// Whether the programme falls under 42 CFR Part 2.
    pub part2: bool,
}

impl Facts {
    /// What it serves, as it was opened.
    fn serves(&self) -> Serves {
        Serves { goal: self.goal, plan_items: self.plan_items.clone() }
    }

    /// What every event says of it.
    pub fn about(&self) -> About {
        About { id: self.id, person: self.person, referral: self.referral, part2: self.part2 }
    }
}

/// How an episode says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or it is another agency's.
    #[error("there is no such episode of this agency")]
    NotFound,
    /// Its id is taken.
    #[error("an episode with this id exists")]
    AlreadyExists,
    /// It is closed.
    #[error("the episode is closed; open a new one")]
    Closed,
    /// It cannot close before it was opened.
    #[error("the episode was opened after that time; give a later one")]
    ClosesBeforeItOpened,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::Closed | Self::ClosesBeforeItOpened => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "EPISODE_NOT_FOUND",
            Self::AlreadyExists => "EPISODE_EXISTS",
            Self::Closed => "EPISODE_CLOSED",
            Self::ClosesBeforeItOpened => "CLOSES_BEFORE_IT_OPENED",
        }
    }
}

impl Decider for Episode {
    const CATEGORY: &'static str = "episode";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Open { by, facts, practitioner, at } => match state {
                State::Unmade if by == By::Agency(facts.agency) || by == By::System => {
                    Ok(vec![Event::Opened { facts, practitioner, at }])
                }
                State::Made { facts: now, .. } if *now == facts => Ok(vec![]),
                State::Unmade => Err(Refusal::NotFound),
                State::Made { .. } | State::InError { .. } => Err(Refusal::AlreadyExists),
            },
            Command::Assign { by, practitioner } => {
                let (facts, now, _, stage) = made(state, by)?;
                match stage {
                    Stage::Closed { .. } => Err(Refusal::Closed),
                    Stage::Open | Stage::Started(_) if now == Some(practitioner) => Ok(vec![]),
                    Stage::Open | Stage::Started(_) => {
                        Ok(vec![Event::Assigned { about: facts.about(), practitioner, from: None }])
                    }
                }
            }
            Command::HandOver { from, to } => Ok(match state.going_on() {
                Some(facts) if state.practitioner() == Some(from) => {
                    vec![Event::Assigned { about: facts.about(), practitioner: to, from: Some(from) }]
                }
                Some(_) | None => vec![],
            }),
            Command::NamePlan { by, serves } => {
                let (facts, ..) = made(state, by)?;
                let same = state.serves() == serves;
                Ok(if same { vec![] } else { vec![Event::PlanNamed { about: facts.about(), serves }] })
            }
            Command::Attend { appointment } => Ok(match state {
                State::Made { facts, stage: Stage::Open, .. } => {
                    vec![Event::Started { about: facts.about(), appointment }]
                }
                // The first session stays the first, and a late word about a closed episode starts nothing.
                State::Made { stage: Stage::Started(_) | Stage::Closed { .. }, .. }
                | State::Unmade
                | State::InError { .. } => vec![],
            }),
            Command::Close { by, at, reason } => {
                let (facts, _, opened, stage) = made(state, by)?;
                let started = match stage {
                    Stage::Open => false,
                    Stage::Started(_) => true,
                    Stage::Closed { reason: now, .. } if *now == reason => return Ok(vec![]),
                    Stage::Closed { .. } => return Err(Refusal::Closed),
                };
                if at.at < opened.at {
                    return Err(Refusal::ClosesBeforeItOpened);
                }
                Ok(vec![Event::Closed { about: facts.about(), at, reason, started }])
            }
            Command::MarkEnteredInError { by } => match state {
                State::Made { facts, .. } if by == By::Agency(facts.agency) => {
                    Ok(vec![Event::EnteredInError { about: facts.about() }])
                }
                State::InError { facts } if by == By::Agency(facts.agency) => Ok(vec![]),
                State::Unmade | State::Made { .. } | State::InError { .. } => Err(Refusal::NotFound),
            },
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Opened { facts, practitioner, at } => State::Made {
                facts: facts.clone(),
                named: None,
                practitioner: *practitioner,
                opened: at.clone(),
                stage: Stage::Open,
            },
            Event::PlanNamed { serves, .. } => {
                if let State::Made { named, .. } = &mut state {
                    *named = Some(serves.clone());
                }
                state
            }
            Event::Assigned { practitioner: assigned, .. } => {
                if let State::Made { practitioner, .. } = &mut state {
                    *practitioner = Some(*assigned);
                }
                state
            }
            Event::Started { appointment, .. } => {
                if let State::Made { stage, .. } = &mut state {
                    *stage = Stage::Started(*appointment);
                }
                state
            }
            Event::Closed { at, reason, .. } => {
                if let State::Made { stage, .. } = &mut state {
                    let started = match stage {
                        Stage::Started(first) => Some(*first),
                        Stage::Open => None,
                        Stage::Closed { started, .. } => *started,
                    };
                    *stage = Stage::Closed { at: at.clone(), reason: *reason, started };
                }
                state
            }
            Event::EnteredInError { .. } => match state {
                State::Made { facts, .. } | State::InError { facts } => State::InError { facts },
                State::Unmade => State::Unmade,
            },
        }
    }
}

type Made<'a> = (&'a Facts, Option<WorkerId>, &'a Occurred, &'a Stage);

fn made(state: &State, by: By) -> Result<Made<'_>, Refusal> {
    match state {
        State::Made { facts, practitioner, opened, stage, .. } if by == By::Agency(facts.agency) => {
            Ok((facts, *practitioner, opened, stage))
        }
        State::Unmade | State::Made { .. } | State::InError { .. } => Err(Refusal::NotFound),
    }
}
