//! What an appointment is, settled when it is made.
//! Invariant: it has a length, so it has an end after its start.

use kernel::skill::Approach;
use kernel::{AgencyId, Day, Discrepancy, Local, PersonId, SignedDuration, Timestamp, WorkerId};

use super::{About, Situation};
use crate::domain::{AppointmentId, DiaryId, EpisodeId, Modality, Owner};

/// The longest appointment, in minutes.
pub const MAX_MINUTES: u32 = 720;

/// What an appointment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its id.
    pub id: AppointmentId,
    /// The person.
    pub person: PersonId,
    /// The agency.
    pub agency: AgencyId,
    /// The practitioner; unknown only for a recorded one.
    pub practitioner: Option<WorkerId>,
    /// The episode; none only for a recorded one.
    pub episode: Option<EpisodeId>,
    /// The practice; unknown only for a recorded one.
    pub modality: Option<Modality>,
    /// When it begins.
    pub start: Local,
    /// How long, in minutes: 1 to [`MAX_MINUTES`].
    pub minutes: u32,
    /// Where, as the contract numbers it.
    pub setting: i32,
    /// Whether the episode's programme falls under 42 CFR Part 2.
    pub part2: bool,
    /// The skills it is about; none where it is about none.
    pub approach: Option<Approach>,
}

impl Content {
    /// The instant it ends.
    pub fn end(&self) -> Timestamp {
        let length = SignedDuration::from_mins(i64::from(self.minutes));
        self.start.at.checked_add(length).unwrap_or(Timestamp::MAX)
    }
    /// Whose time it takes.
    pub fn owners(&self) -> Vec<Owner> {
        let person = Owner::Person(self.person, self.agency);
        self.practitioner.map(Owner::Practitioner).into_iter().chain([person]).collect()
    }
    /// The diaries that its time stands in.
    pub fn diaries(&self) -> Vec<DiaryId> {
        let end = self.end();
        self.owners().into_iter().flat_map(|owner| DiaryId::touched(owner, self.start.at, end)).collect()
    }
    /// What every event says of it.
    pub fn about(&self) -> About {
        About { id: self.id, person: self.person, part2: self.part2 }
    }
}

/// An appointment as another system tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What it is.
    pub content: Content,
    /// The state it has there.
    pub situation: Situation,
    /// Until when it is known, while it is to come; none for good.
    pub known_until: Option<Day>,
    /// What today's guards would have refused.
    pub discrepancies: Vec<Discrepancy>,
}

impl Recorded {
    /// Whether both tell the same; what was odd about it when it was told is not part of the fact.
    pub fn tells_the_same(&self, other: &Self) -> bool {
        self.content == other.content && self.situation == other.situation
    }
}
