//! What happens to a directive.
//! Invariant: an event is about one directive and says all that a later reader needs to know of it.

use kernel::{AgencyId, DirectiveId, Occurred, PersonId, Private};

use super::Content;

/// Something happened to a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which.
    pub id: DirectiveId,
    /// Whose.
    pub person: PersonId,
    /// The agency that wrote it down; none where the person or the clock did.
    pub by: Option<AgencyId>,
    /// When it happened.
    pub at: Occurred,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It was prepared, or changed while it is being prepared.
    Drafted(Content),
    /// It was given; its scope has a beginning.
    Given {
        /// What it says.
        content: Content,
        /// What stands behind it.
        evidence: Option<Private>,
    },
    /// It was taken back.
    Revoked {
        /// What stands behind that.
        evidence: Option<Private>,
    },
    /// Its own end came.
    Expired,
    /// A later one took its place.
    Superseded {
        /// That one.
        by: DirectiveId,
    },
    /// It never should have been written.
    EnteredInError {
        /// The one that stands in its place, on this record or another.
        replaced_by: Option<DirectiveId>,
    },
}
