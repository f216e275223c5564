//! The one place that an open referral of an agency takes: a person has one at a time to an offer (a guard inside one agency).
//! Invariant: the place moves in the same write as the referral, whoever moves it: a caller, a reaction or a clock.

use kernel::{AgencyId, Decider, OfferId, PersonId, StreamId};
use platform::command::{At, Changes, Desk};

use crate::domain::referral::{Event, Referral, Refusal, State};

/// What these events of a referral change, its place among it.
pub fn moved(desk: &Desk, now: &At<State>, events: Vec<Event>) -> Changes<Refusal> {
    with(Changes::none(), desk, now, events)
}

/// The same beside other changes.
pub fn with(changes: Changes<Refusal>, desk: &Desk, now: &At<State>, events: Vec<Event>) -> Changes<Refusal> {
    let after = events.iter().fold((*now.state).clone(), Referral::evolve);
    let changes = changes.write::<Referral>(now, events);
    let stream: StreamId = now.stream;
    match (now.keeps(), after.keeps()) {
        (None, Some(kept)) => changes.take(place(desk, kept), stream, Refusal::AlreadyOpen),
        (Some(kept), None) => changes.release(place(desk, kept), stream),
        (None, None) | (Some(_), Some(_)) => changes,
    }
}

/// The claim on it.
fn place(desk: &Desk, (agency, person, offer): (AgencyId, PersonId, OfferId)) -> Vec<u8> {
    let name = format!("{agency}/{person}/{offer}");
    desk.secret().hash("open-referral", name.as_bytes()).to_vec()
}
