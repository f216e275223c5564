//! What can be asked of a goal.
//! Invariant: what the person alone may do says whose words it carries.

use kernel::{By, Voice};

use super::{Achievement, Content, Facts, Readiness};

/// What can be asked, and by whom.
#[derive(Clone, Debug)]
pub enum Command {
    /// Propose it to the person.
    Propose {
        /// Who asks.
        by: By,
        /// Whose it is.
        facts: Facts,
        /// What it is.
        content: Content,
    },
    /// Set it.
    Set {
        /// Who asks.
        by: By,
        /// Whose words these are.
        voice: Voice,
        /// Whose it is.
        facts: Facts,
        /// What it is.
        content: Content,
    },
    /// Do something with it.
    Act {
        /// Who asks.
        by: By,
        /// Whose words these are.
        voice: Voice,
        /// What.
        act: Act,
    },
}

/// What can be done with a goal.
#[derive(Clone, Debug)]
pub enum Act {
    /// Put it in other words.
    Reword(Content),
    /// Take it as the person's own.
    Accept,
    /// Let go of it.
    Drop,
    /// Say that who does what for it is planned.
    Plan,
    /// Begin to work on it.
    Activate,
    /// Let it rest.
    Hold,
    /// Go on with it.
    Resume,
    /// Close it as worked through.
    Complete,
    /// Rate how far it is achieved.
    Rate(Achievement),
    /// Note whether the person is ready.
    NoteReadiness(Readiness),
    /// It should never have been written.
    MarkEnteredInError,
}
