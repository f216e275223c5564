//! Facts as they are stored: what one stream says of its person.
//! Invariant: ids, codes and times alone; nothing personal stands in a row.

use jiff::Timestamp;
use kernel::Part;
use kernel::class::{PART2, WHEREABOUTS};
use platform::source::Read;
use prost::{Message, Oneof};
use proto::{Date, vocational};

/// An event that this release cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be read by this release")]
pub struct Unreadable;

/// A row.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Row {
    #[prost(oneof = "Fact", tags = "1, 2, 3, 4, 5, 6, 7, 8")]
    pub(super) fact: Option<Fact>,
}

/// What one stream says.
#[derive(Clone, PartialEq, Oneof)]
pub enum Fact {
    /// A therapy appointment that holds the person's time.
    #[prost(message, tag = "1")]
    Appointment(Appointment),
    /// A job on its way or running.
    #[prost(message, tag = "2")]
    Job(Job),
    /// A case, an episode, a participation.
    #[prost(message, tag = "3")]
    Service(Service),
    /// A placement.
    #[prost(message, tag = "4")]
    Placement(Placement),
    /// A referral that awaits its target.
    #[prost(message, tag = "5")]
    Referral(Referral),
    /// The goals that the items of a plan serve.
    #[prost(message, tag = "6")]
    Plan(Plan),
    /// A goal.
    #[prost(message, tag = "7")]
    Goal(Goal),
    /// That the person died.
    #[prost(message, tag = "8")]
    Died(Died),
}

impl Fact {
    /// Whether rules are told of it. A referral is kept from its draft on, and tells nothing while nobody is asked to acknowledge it.
    pub fn tells(&self) -> bool {
        match self {
            Self::Referral(referral) => referral.acknowledge_by.is_some(),
            Self::Appointment(_)
            | Self::Job(_)
            | Self::Service(_)
            | Self::Placement(_)
            | Self::Plan(_)
            | Self::Goal(_)
            | Self::Died(_) => true,
        }
    }
}

/// Who wrote a fact, and under which label.
#[derive(Clone, PartialEq, Message)]
pub struct Written {
    /// The agency.
    #[prost(string, tag = "1")]
    pub agency: String,
    /// Its security label; empty for none.
    #[prost(string, tag = "2")]
    pub label: String,
    /// A recorded fact is known until this day.
    #[prost(message, optional, tag = "3")]
    pub known_until: Option<Date>,
}

impl Written {
    /// The same, telling where the person is to be found.
    pub(super) fn telling_where(self) -> Self {
        let labels = self.label.split(',').chain([WHEREABOUTS]).filter(|label| !label.is_empty());
        let labels: Vec<String> = labels.map(str::to_owned).collect();
        Self { label: Part::joined(&labels), ..self }
    }

    /// Whether it tells where the person is to be found.
    pub(super) fn tells_where(&self) -> bool {
        self.label.split(',').any(|label| label == WHEREABOUTS)
    }
}

/// A time at which the person has to be somewhere.
#[derive(Clone, PartialEq, Message)]
pub struct Hour {
    /// Its id within the stream; empty for the stream's only one.
    #[prost(string, tag = "1")]
    pub id: String,
    /// From this microsecond,
    #[prost(sint64, tag = "2")]
    pub start: i64,
    /// until just before this one.
    #[prost(sint64, tag = "3")]
    pub end: i64,
    /// Where, as the contract numbers settings.
    #[prost(int32, tag = "4")]
    pub setting: i32,
    /// IANA zone it was told in.
    #[prost(string, tag = "5")]
    pub zone: String,
}

/// A therapy appointment.
#[derive(Clone, PartialEq, Message)]
pub struct Appointment {
    /// Who wrote it.
    #[prost(message, optional, tag = "1")]
    pub written: Option<Written>,
    /// When and where.
    #[prost(message, optional, tag = "2")]
    pub hour: Option<Hour>,
    /// Whether it holds the person's time: proposed alone does not.
    #[prost(bool, tag = "3")]
    pub held: bool,
}

/// A job.
#[derive(Clone, PartialEq, Message)]
pub struct Job {
    /// Who wrote it.
    #[prost(message, optional, tag = "1")]
    pub written: Option<Written>,
    /// Whether the person has taken it.
    #[prost(bool, tag = "2")]
    pub taken: bool,
    /// Its terms as last told.
    #[prost(message, optional, tag = "3")]
    pub terms: Option<vocational::JobTerms>,
    /// The first day, agreed or done.
    #[prost(message, optional, tag = "4")]
    pub from: Option<Date>,
    /// The day from which no shift begins any more.
    #[prost(message, optional, tag = "5")]
    pub until: Option<Date>,
    /// Interviews that were not cancelled.
    #[prost(message, repeated, tag = "6")]
    pub interviews: Vec<Hour>,
}

/// A service that the person takes part in.
#[derive(Clone, PartialEq, Message)]
pub struct Service {
    /// Who wrote it.
    #[prost(message, optional, tag = "1")]
    pub written: Option<Written>,
    /// Code of its practice.
    #[prost(string, tag = "2")]
    pub practice: String,
    /// The goal it serves; empty for none.
    #[prost(string, tag = "3")]
    pub goal: String,
    /// Plan items it carries out.
    #[prost(string, repeated, tag = "4")]
    pub plan_items: Vec<String>,
    /// When it began, in microseconds.
    #[prost(sint64, tag = "5")]
    pub from: i64,
    /// When it ended or was paused.
    #[prost(sint64, optional, tag = "6")]
    pub until: Option<i64>,
    /// IANA zone it was told in.
    #[prost(string, tag = "7")]
    pub zone: String,
    /// Whether a participation rests.
    #[prost(bool, tag = "8")]
    pub paused: bool,
}

/// A placement.
#[derive(Clone, PartialEq, Message)]
pub struct Placement {
    /// Who wrote it.
    #[prost(message, optional, tag = "1")]
    pub written: Option<Written>,
    /// HMIS project type (2.02.6).
    #[prost(uint32, tag = "2")]
    pub project_type: u32,
    /// Where its days are told.
    #[prost(string, tag = "3")]
    pub zone: String,
    /// The first night under that roof; absent before there is one.
    #[prost(message, optional, tag = "4")]
    pub from: Option<Date>,
    /// The first day without.
    #[prost(message, optional, tag = "5")]
    pub until: Option<Date>,
}

/// A referral.
#[derive(Clone, PartialEq, Message)]
pub struct Referral {
    /// Who wrote it: the agency that asks, or for the person's own the one asked.
    #[prost(message, optional, tag = "1")]
    pub written: Option<Written>,
    /// The agency asked; empty where it is not on the platform.
    #[prost(string, tag = "2")]
    pub target: String,
    /// Its acknowledge clock, in microseconds; absent while none runs.
    #[prost(sint64, optional, tag = "3")]
    pub acknowledge_by: Option<i64>,
    /// What that clock said when it came to rest.
    #[prost(sint64, optional, tag = "4")]
    pub rested: Option<i64>,
}

/// The goals that the items of a plan serve.
#[derive(Clone, PartialEq, Message)]
pub struct Plan {
    /// The items.
    #[prost(message, repeated, tag = "1")]
    pub items: Vec<PlanItem>,
}

/// An item of a plan.
#[derive(Clone, PartialEq, Message)]
pub struct PlanItem {
    /// Names it.
    #[prost(string, tag = "1")]
    pub id: String,
    /// Who wrote it.
    #[prost(message, optional, tag = "2")]
    pub written: Option<Written>,
    /// The goal it serves.
    #[prost(string, tag = "3")]
    pub goal: String,
}

/// A goal.
#[derive(Clone, PartialEq, Message)]
pub struct Goal {
    /// Whether nobody works towards it any more, or it never was.
    #[prost(bool, tag = "1")]
    pub closed: bool,
}

/// That the person died. Which agency tells it matters to no rule: nothing is found of the dead, as long as any does.
#[derive(Clone, PartialEq, Message)]
pub struct Died {
    /// The agencies that tell it; empty for who runs the system.
    #[prost(string, repeated, tag = "1")]
    pub told_by: Vec<String>,
}

/// Who wrote the event, in that agency's words, under its own label or that of its programme.
pub(super) fn written(read: &Read, agency: &str, part2: bool) -> Written {
    let programme = part2.then(|| PART2.to_owned());
    let labels: Vec<String> = read.event.labels.iter().cloned().chain(programme).collect();
    Written {
        agency: agency.to_owned(),
        label: Part::joined(&labels),
        known_until: read.event.source.as_ref().and_then(|source| source.known_until),
    }
}

/// When the event happened.
pub(super) fn happened(read: &Read) -> Result<Timestamp, Unreadable> {
    let at = read.event.occurred.as_ref().and_then(|occurred| occurred.at.as_ref());
    instant(at)
}

/// An instant of the contract.
pub(super) fn instant(at: Option<&prost_types::Timestamp>) -> Result<Timestamp, Unreadable> {
    at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok()).ok_or(Unreadable)
}
