//! How one stream of events decides and remembers.
//! Invariant: a decision is a function of the state and the command alone.

use crate::Refusal;

/// Decides and remembers one stream of events, and touches nothing else.
pub trait Decider: 'static {
    /// The stream family, as in `referral-<id>`.
    const CATEGORY: &'static str;
    /// What the stream remembers; its default is the state before the first event.
    type State: Default + Clone + Send + Sync + 'static;
    /// What can be asked of it.
    type Command;
    /// What can happen to it.
    type Event: Clone + Send + Sync + 'static;
    /// How it says no.
    type Refusal: Refusal;

    /// What the command makes happen now. No events: what it asks for already holds.
    fn decide(state: &Self::State, command: Self::Command) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// The state after an event. What happened is settled: this has no opinion about whether it was allowed.
    fn evolve(state: Self::State, event: &Self::Event) -> Self::State;

    /// The state after these events.
    fn fold<'a>(events: impl IntoIterator<Item = &'a Self::Event>) -> Self::State {
        events.into_iter().fold(Self::State::default(), Self::evolve)
    }
}
