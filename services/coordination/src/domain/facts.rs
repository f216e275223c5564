//! What is known of one person: the facts of every service that a rule looks at.
//! Invariant: sorted and without repetition, so that neither order nor duplication of what was read can change a finding.

use std::collections::BTreeSet;

use kernel::ids::Uuid;
use kernel::{AgencyId, Day, PersonId, Shifts, Timestamp, Zone};

/// Where a fact stands, and what must be visible for it to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Input {
    /// The service whose log holds it.
    pub service: String,
    /// The stream there.
    pub stream: String,
    /// Which entry of the stream; empty for its only one.
    pub entry: String,
    /// The record it stands on; linked records keep their own.
    pub person: PersonId,
    /// The agency that wrote it.
    pub agency: AgencyId,
    /// Its category.
    pub category: String,
    /// Its security label; empty for none.
    pub label: String,
    /// Agencies that see it as its writer does, such as the target of a referral that was sent.
    pub shared_with: BTreeSet<AgencyId>,
}

/// What a timed commitment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommitmentKind {
    /// An appointment.
    Appointment,
    /// A job interview.
    Interview,
    /// The viewing of a home.
    Viewing,
    /// An intake.
    Intake,
}

/// Where the person has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// By phone or video: nowhere in particular.
    Remote,
    /// At the person's home.
    Home,
    /// At the agency's own place.
    Agency(AgencyId),
    /// Somewhere else.
    Elsewhere,
}

/// A time at which the person has to be somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// Where the fact stands.
    pub input: Input,
    /// What it is.
    pub kind: CommitmentKind,
    /// From this instant,
    pub start: Timestamp,
    /// until just before this one.
    pub end: Timestamp,
    /// Where.
    pub place: Place,
    /// A recorded fact is known until this instant: no rule looks further.
    pub known_until: Option<Timestamp>,
}

/// A job with its shifts, begun or about to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Where the fact stands.
    pub input: Input,
    /// When the person works.
    pub shifts: Shifts,
    /// As for [`Commitment`].
    pub known_until: Option<Timestamp>,
}

/// Nights under one roof: [from, until).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lodging {
    /// Where the fact stands.
    pub input: Input,
    /// HMIS project type (2.02.6) of the project that gives it.
    pub project_type: u32,
    /// The first night.
    pub from: Day,
    /// The day on which no night begins any more; none while open.
    pub until: Option<Day>,
    /// Where its days are told.
    pub zone: Zone,
    /// An open recorded lodging is known until this day.
    pub known_until: Option<Day>,
}

/// A service that the person takes part in: a case, an episode, a participation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Where the fact stands.
    pub input: Input,
    /// Code of its practice.
    pub practice: String,
    /// The goals it serves, its own and those of its plan items.
    pub goals: BTreeSet<Uuid>,
    /// When it began.
    pub from: Timestamp,
    /// When it ended; none while it goes on.
    pub until: Option<Timestamp>,
    /// As for [`Commitment`].
    pub known_until: Option<Timestamp>,
}

impl Service {
    /// Until when it goes on as far as is known; none where that is open.
    pub fn goes_on_until(&self) -> Option<Timestamp> {
        self.until.or(self.known_until)
    }
}

/// A referral that awaits its target's acknowledgement or has had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// Where the fact stands.
    pub input: Input,
    /// The agency asked, where it is on the platform.
    pub target: Option<AgencyId>,
    /// When it must have been acknowledged; none once it is, while its clock rests, and for a recorded one (no clock runs).
    pub acknowledge_by: Option<Timestamp>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    commitments: Vec<Commitment>,
    jobs: Vec<Job>,
    lodgings: Vec<Lodging>,
    services: Vec<Service>,
    referrals: Vec<Referral>,
}

impl Facts {
    /// These facts, in any order.
    pub fn new(
        commitments: Vec<Commitment>,
        jobs: Vec<Job>,
        lodgings: Vec<Lodging>,
        services: Vec<Service>,
        referrals: Vec<Referral>,
    ) -> Self {
        Self {
            commitments: settled(commitments, |fact| &fact.input),
            jobs: settled(jobs, |fact| &fact.input),
            lodgings: settled(lodgings, |fact| &fact.input),
            services: settled(services, |fact| &fact.input),
            referrals: settled(referrals, |fact| &fact.input),
        }
    }
    /// Timed commitments.
    pub fn commitments(&self) -> &[Commitment] {
        &self.commitments
    }
    /// Jobs.
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }
    /// Lodgings.
    pub fn lodgings(&self) -> &[Lodging] {
        &self.lodgings
    }
    /// Services taken part in.
    pub fn services(&self) -> &[Service] {
        &self.services
    }
    /// Referrals.
    pub fn referrals(&self) -> &[Referral] {
        &self.referrals
    }
}

/// Sorted by input, one fact for each.
fn settled<T>(mut facts: Vec<T>, input: impl Fn(&T) -> &Input) -> Vec<T> {
    facts.sort_by(|a, b| input(a).cmp(input(b)));
    facts.dedup_by(|a, b| input(a) == input(b));
    facts
}

/// Every two of them, once.
pub fn pairs<T>(facts: &[T]) -> impl Iterator<Item = (&T, &T)> {
    facts.iter().enumerate().flat_map(|(i, one)| facts[i + 1..].iter().map(move |other| (one, other)))
}
