//! A contact with or about a person: one shape in every service, of referrals and participations alike.
//! Invariant: it was made or attempted; which of them it says itself.

use kernel::ids::Uuid;
use kernel::skill::Approach;
use kernel::{Occurred, WorkerId};

/// A contact, as the contract encodes it; its content is not judged here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Names it among the contacts of its record.
    pub id: Uuid,
    /// When.
    pub occurred: Occurred,
    /// Minutes, 0 where unknown.
    pub minutes: u32,
    /// Where, as the contract numbers it.
    pub setting: i32,
    /// Whether the person was reached.
    pub reached: bool,
    /// What for.
    pub purpose: String,
    /// Workers who took part.
    pub workers: Vec<WorkerId>,
    /// The skills it was about; none where it was about none.
    pub approach: Option<Approach>,
}
