//! A contact: one meeting, call or attempt.
//! Invariant: whether it was face to face follows from its setting, from who took part, and from whether they were reached.

use kernel::skill::Approach;
use kernel::{Occurred, WorkerId};

use super::ContactId;

/// Where a contact or an interview takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setting {
    /// At the service.
    Office,
    /// At the person's home.
    Home,
    /// At a workplace.
    Workplace,
    /// At a school.
    School,
    /// On the street.
    Street,
    /// Elsewhere in the community.
    Community,
    /// By phone.
    Phone,
    /// By video.
    Video,
}

impl Setting {
    /// Whether people stand in front of each other there.
    pub const fn in_person(self) -> bool {
        match self {
            Self::Office | Self::Home | Self::Workplace | Self::School | Self::Street | Self::Community => {
                true
            }
            Self::Phone | Self::Video => false,
        }
    }
}

/// Who took part besides workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContactParty {
    /// The person.
    Person,
    /// Family or somebody close.
    Family,
    /// Somebody else, who is no employer of a job.
    Other,
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Names it among those of its case or job.
    pub id: ContactId,
    /// When.
    pub occurred: Occurred,
    /// Minutes, 0 where unknown.
    pub minutes: u32,
    /// Where.
    pub setting: Setting,
    /// Whether it came about, or was an attempt only.
    pub reached: bool,
    /// What for.
    pub purpose: String,
    /// Workers who took part.
    pub workers: Vec<WorkerId>,
    /// The skills it was about; none where it was about none.
    pub approach: Option<Approach>,
}

impl Contact {
    /// Whether somebody was met in person.
    pub const fn face_to_face(&self) -> bool {
        self.reached && self.setting.in_person()
    }
}
