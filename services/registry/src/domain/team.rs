//! Who is at a person's side (FHIR CareTeam): workers of all agencies, and family.
//! Invariant: a member ends at most once, never before they began; what one agency says of a worker in one part does not overlap
//! itself. What others said of the same is not looked at, since a refusal would tell it.

use std::collections::BTreeMap;

use kernel::{AgencyId, By, Day, Decider, PersonId, Private, RefusalKind, WorkerId};

use super::TeamMemberId;

/// A team; one stream for each person.
pub struct Team;

/// The parts that members play (domain.md section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Employment specialist.
    EmploymentSpecialist,
    /// Housing specialist.
    HousingSpecialist,
    /// Therapist.
    Therapist,
    /// Psychiatrist.
    Psychiatrist,
    /// Psychologist.
    Psychologist,
    /// Counselor.
    Counselor,
    /// Occupational therapist.
    OccupationalTherapist,
    /// Social worker.
    SocialWorker,
    /// Peer support worker.
    PeerSupportWorker,
    /// Family, or somebody close.
    Family,
    /// Care or service coordinator, case manager.
    Coordinator,
    /// Any other part.
    Other,
}

/// Who plays a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A worker of an agency; unnamed where only the agency is known.
    Of(AgencyId, Option<WorkerId>),
    /// Family or somebody close, by name.
    Close(Private),
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The part.
    pub role: Role,
    /// Who plays it.
    pub who: Who,
    /// First day.
    pub from: Day,
    /// Last day; none while it goes on.
    pub until: Option<Day>,
    /// The agency that said so; none where the person did.
    pub added_by: Option<AgencyId>,
}

/// The team.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The person; none before the first member.
    pub person: Option<PersonId>,
    /// Its members; those entered in error are left out.
    pub members: BTreeMap<TeamMemberId, Member>,
    /// By version, of whom each change is: who added the member, and whose worker it is.
    pub changes: Vec<(Option<AgencyId>, Option<AgencyId>)>,
}

/// What a team needs to know of the worker that it is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// None is named, or one of that agency.
    Fits,
    /// None is known there, or one who has left.
    Unknown,
}

/// What can be asked of a team.
#[derive(Clone, Debug)]
pub enum Command {
    /// Add a member.
    Add {
        /// Who asks.
        by: By,
        /// The person.
        person: PersonId,
        /// The member.
        id: TeamMemberId,
        /// The part.
        role: Role,
        /// Who plays it.
        who: Who,
        /// Whether the worker is known at that agency.
        known: Known,
        /// First day.
        from: Day,
        /// Last day, where it is known already.
        until: Option<Day>,
    },
    /// End a member's part.
    End {
        /// Who asks.
        by: By,
        /// The member.
        id: TeamMemberId,
        /// The last day.
        until: Day,
        /// Whose members the caller may change.
        reach: Reach,
    },
    /// The member should never have been written.
    MarkEnteredInError {
        /// Who asks.
        by: By,
        /// The member.
        id: TeamMemberId,
        /// Whose members the caller may change.
        reach: Reach,
    },
}

/// Which members an agency may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those that it added, and those who work for it, whoever added them.
    OwnWorkers,
    /// Those that it added: it is a 42 CFR Part 2 programme, whose word of what another wrote would be told to that other.
    OwnWord,
}

/// What happens to a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// One more member.
    Added {
        /// The person.
        person: PersonId,
        /// The member.
        id: TeamMemberId,
        /// Who it is.
        member: Member,
    },
    /// A member's part ended.
    Ended {
        /// The member.
        id: TeamMemberId,
        /// The last day.
        until: Day,
    },
    /// Never meant.
    EnteredInError {
        /// The member.
        id: TeamMemberId,
    },
}

/// How a team says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such member for this caller.
    #[error("there is no such member that is yours to change; list the team for its members")]
    NotFound,
    /// The id is taken.
    #[error("a member with this id exists")]
    AlreadyExists,
    /// No such worker.
    #[error("that agency has no such worker; list its workers for their ids")]
    WorkerNotFound,
    /// The same author has said so already.
    #[error("this worker plays this part at that time already; end that first")]
    AlreadyOnTeam,
    /// It has ended.
    #[error("the part has ended; add the member again")]
    Ended,
    /// It cannot end before it begins.
    #[error("the first day is after that day; give a later last day")]
    EndsBeforeItBegins,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound | Self::WorkerNotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::AlreadyOnTeam | Self::Ended | Self::EndsBeforeItBegins => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "TEAM_MEMBER_NOT_FOUND",
            Self::AlreadyExists => "TEAM_MEMBER_EXISTS",
            Self::WorkerNotFound => "WORKER_NOT_FOUND",
            Self::AlreadyOnTeam => "ALREADY_ON_TEAM",
            Self::Ended => "TEAM_MEMBER_ENDED",
            Self::EndsBeforeItBegins => "ENDS_BEFORE_IT_BEGINS",
        }
    }
}

impl Member {
    /// The agency whose worker it is.
    pub fn agency(&self) -> Option<AgencyId> {
        match &self.who {
            Who::Of(agency, _) => Some(*agency),
            Who::Close(_) => None,
        }
    }

    /// Whether they play their part on that day.
    pub fn on(&self, day: Day) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }

    /// Whether both are one author's word of one worker in one part, at one time.
    fn clashes(&self, other: &Self) -> bool {
        let named = matches!(self.who, Who::Of(_, Some(_)));
        let begins = self.until.is_none_or(|until| other.from <= until);
        let ends = other.until.is_none_or(|until| self.from <= until);
        named
            && self.added_by == other.added_by
            && self.role == other.role
            && self.who == other.who
            && begins
            && ends
    }

    /// Whether it is this caller's to end: whoever added them, the agency whose worker it is but for a programme, and the person.
    fn is_for(&self, by: By, reach: Reach, owner: Option<PersonId>) -> bool {
        match by {
            By::Agency(agency) => {
                let works_there = reach == Reach::OwnWorkers && self.agency() == Some(agency);
                self.added_by == Some(agency) || works_there
            }
            By::Person(person) => owner == Some(person),
            By::System => true,
        }
    }
}

impl State {
    /// Notes of whom a change is that is about this member.
    fn note(&mut self, id: TeamMemberId) {
        let of = self.members.get(&id).map(|member| (member.added_by, member.agency()));
        self.changes.push(of.unwrap_or_default());
    }
}

impl Decider for Team {
    const CATEGORY: &'static str = "team";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        let own = |id, by, reach| {
            let member = state.members.get(&id).filter(|member| member.is_for(by, reach, state.person));
            member.ok_or(Refusal::NotFound)
        };
        match command {
            Command::Add { by, person, id, role, who, known, from, until } => {
                let added_by = match by {
                    By::Agency(agency) => Some(agency),
                    By::Person(_) | By::System => None,
                };
                let member = Member { role, who, from, until, added_by };
                if known == Known::Unknown {
                    return Err(Refusal::WorkerNotFound);
                }
                if until.is_some_and(|until| until < from) {
                    return Err(Refusal::EndsBeforeItBegins);
                }
                if state.members.contains_key(&id) {
                    return Err(Refusal::AlreadyExists);
                }
                if state.members.values().any(|other| member.clashes(other)) {
                    return Err(Refusal::AlreadyOnTeam);
                }
                Ok(vec![Event::Added { person, id, member }])
            }
            Command::End { by, id, until, reach } => {
                let member = own(id, by, reach)?;
                match member.until {
                    Some(ended) if ended == until => Ok(vec![]),
                    // A planned last day may come sooner; what has ended stays ended.
                    Some(ended) if ended < until => Err(Refusal::Ended),
                    Some(_) | None if until < member.from => Err(Refusal::EndsBeforeItBegins),
                    Some(_) | None => Ok(vec![Event::Ended { id, until }]),
                }
            }
            Command::MarkEnteredInError { by, id, reach } => {
                own(id, by, reach)?;
                Ok(vec![Event::EnteredInError { id }])
            }
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Added { person, id, member } => {
                state.person = Some(*person);
                state.members.insert(*id, member.clone());
                state.note(*id);
            }
            Event::Ended { id, until } => {
                state.note(*id);
                if let Some(member) = state.members.get_mut(id) {
                    member.until = Some(*until);
                }
            }
            Event::EnteredInError { id } => {
                state.note(*id);
                state.members.remove(id);
            }
        }
        state
    }
}
