//! Given these events, when this is asked, then that happens: how a domain is tested.
//! Invariant: it uses the same `fold` and `decide` as production, and nothing else.

use std::fmt::Debug;

use crate::Decider;

/// A stream with a past.
pub fn given<D: Decider>(past: impl IntoIterator<Item = D::Event>) -> Given<D> {
    let past: Vec<D::Event> = past.into_iter().collect();
    Given { state: D::fold(&past) }
}

/// A stream with a past, ready to be asked.
pub struct Given<D: Decider> {
    state: D::State,
}

impl<D: Decider> Given<D> {
    /// Asks.
    pub fn when(self, command: D::Command) -> Decided<D> {
        Decided { outcome: D::decide(&self.state, command) }
    }
}

/// What was decided.
pub struct Decided<D: Decider> {
    outcome: Result<Vec<D::Event>, D::Refusal>,
}

impl<D: Decider> Decided<D>
where
    D::Event: PartialEq + Debug,
{
    /// These events happened.
    #[track_caller]
    pub fn then(self, events: impl IntoIterator<Item = D::Event>) {
        assert_eq!(self.outcome, Ok(events.into_iter().collect()));
    }
    /// It already held: nothing happened.
    #[track_caller]
    pub fn nothing(self) {
        self.then([]);
    }
    /// It was refused so.
    #[track_caller]
    pub fn refused(self, refusal: D::Refusal) {
        assert_eq!(self.outcome, Err(refusal));
    }
    /// What was decided, for a closer look.
    pub fn outcome(self) -> Result<Vec<D::Event>, D::Refusal> {
        self.outcome
    }
}
