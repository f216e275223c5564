//! What is asked of a person's say.
//! Invariant: whoever asks says whose words they are; the domain judges whether that is enough.

use kernel::{By, DirectiveId, Occurred, PersonId, Private, Timestamp, Voice};

use super::{Content, Signing};

/// Which directive is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// A new one, with this id.
    New(DirectiveId),
    /// One that is there.
    Known(DirectiveId),
}

impl Which {
    /// Its id.
    pub fn id(self) -> DirectiveId {
        match self {
            Self::New(id) | Self::Known(id) => id,
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Command {
    /// Prepare a directive, or change one that is being prepared.
    Draft {
        /// Who asks.
        by: By,
        /// The person.
        person: PersonId,
        /// Which.
        which: Which,
        /// What it is to say.
        content: Content,
        /// When.
        at: Occurred,
    },
    /// Give a directive.
    Give {
        /// Who asks us to write it down.
        by: By,
        /// Whose words they are.
        voice: Voice,
        /// The person.
        person: PersonId,
        /// Which.
        which: Which,
        /// What it says; none where a prepared one is given as it is.
        content: Option<Content>,
        /// The active one that it takes the place of.
        supersedes: Option<DirectiveId>,
        /// What stands behind it.
        evidence: Option<Private>,
        /// Whose signature it takes, and who may speak.
        signing: Signing,
        /// When it was given.
        at: Occurred,
        /// The time of the command.
        now: Timestamp,
    },
    /// Take a directive back.
    Revoke {
        /// Who asks us to write it down.
        by: By,
        /// Whose words they are.
        voice: Voice,
        /// The person.
        person: PersonId,
        /// Which.
        id: DirectiveId,
        /// What stands behind it.
        evidence: Option<Private>,
        /// When it was taken back.
        at: Occurred,
    },
    /// It never should have been written.
    MarkEnteredInError {
        /// Who asks.
        by: By,
        /// Which.
        id: DirectiveId,
        /// The one that stands in its place.
        replaced_by: Option<DirectiveId>,
        /// Now.
        at: Timestamp,
    },
    /// Its own end has come: asked by the clock.
    Expire {
        /// Which.
        id: DirectiveId,
        /// The end that has come.
        due: Timestamp,
    },
}
