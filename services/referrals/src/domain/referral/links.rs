//! Where a referral comes from, whom it names beside its person, and what it is split into.
//! Invariant: a referral names at most one that it follows, and that one is about the same person.

use kernel::PersonId;

use super::{ClosingReason, Outcome};
use crate::domain::ReferralId;

/// What a referral follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// None: it stands for itself.
    #[default]
    New,
    /// A rejected one, whose need is referred again.
    ReRefers(ReferralId),
    /// A closed one, opened again.
    Reopens(ReferralId),
    /// An open one, whose place it takes once it is accepted.
    Transfers(ReferralId),
    /// One whose target passes it to several others.
    PartOf(ReferralId),
}

impl Origin {
    /// The referral that it follows.
    pub fn of(self) -> Option<ReferralId> {
        match self {
            Self::New => None,
            Self::ReRefers(of) | Self::Reopens(of) | Self::Transfers(of) | Self::PartOf(of) => Some(of),
        }
    }

    /// What that means for the one that it follows; none for a part, which its whole names itself.
    pub fn told(self) -> Option<(ReferralId, Followed)> {
        match self {
            Self::New | Self::PartOf(_) => None,
            Self::ReRefers(of) => Some((of, Followed::ReReferred)),
            Self::Reopens(of) => Some((of, Followed::Reopened)),
            Self::Transfers(of) => Some((of, Followed::Transferring)),
        }
    }

    /// The one that it is a part of.
    pub fn part_of(self) -> Option<ReferralId> {
        match self {
            Self::PartOf(of) => Some(of),
            Self::New | Self::ReRefers(_) | Self::Reopens(_) | Self::Transfers(_) => None,
        }
    }
}

/// How a referral is followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Followed {
    /// It was rejected, and its need is referred again.
    ReReferred,
    /// It was closed, and is opened again.
    Reopened,
    /// The other takes its place once that is accepted.
    Transferring,
}

/// Whom a referral names beside its person. Each of them has a referral of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Household {
    /// Nobody.
    #[default]
    Alone,
    /// It is drafted for these too.
    Head {
        /// The others.
        members: Vec<PersonId>,
    },
    /// It was drafted with another's.
    Member {
        /// That one's referral.
        head: ReferralId,
    },
}

impl Household {
    /// The referral of the first, where this one was drafted with it.
    pub fn head(&self) -> Option<ReferralId> {
        match self {
            Self::Alone | Self::Head { .. } => None,
            Self::Member { head } => Some(*head),
        }
    }
}

/// When the parts of a split referral complete it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// By the first of them that completes.
    Any,
    /// When all are closed and one has completed.
    All,
}

/// How a part of a split referral ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartEnd {
    /// It completed.
    Completed(Outcome),
    /// It closed otherwise.
    Closed(ClosingReason),
}

/// A split referral's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// When they complete it.
    pub rule: Rule,
    /// Each, and how it ended.
    pub parts: Vec<(ReferralId, Option<PartEnd>)>,
}

impl Split {
    /// Parts that have not ended.
    pub fn open(&self) -> impl Iterator<Item = ReferralId> {
        self.parts.iter().filter(|(_, end)| end.is_none()).map(|(part, _)| *part)
    }

    /// The same, after that part ended so.
    pub(super) fn after(&self, part: ReferralId, end: PartEnd) -> Self {
        let ended =
            |(id, was): &(ReferralId, Option<PartEnd>)| (*id, if *id == part { Some(end) } else { *was });
        Self { rule: self.rule, parts: self.parts.iter().map(ended).collect() }
    }

    /// The most that any of them came to.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let completed = |(_, end): &(ReferralId, Option<PartEnd>)| match end {
            Some(PartEnd::Completed(outcome)) => Some(*outcome),
            Some(PartEnd::Closed(_)) | None => None,
        };
        self.parts.iter().filter_map(completed).max_by_key(|outcome| match outcome {
            Outcome::NotEnrolled => 0,
            Outcome::Waitlisted => 1,
            Outcome::Enrolled => 2,
            Outcome::ServiceGiven => 3,
        })
    }
}
