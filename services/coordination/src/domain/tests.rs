//! The rules of coordination, told as what is known, when it is looked at and what is found.
//! Invariant: everybody here is invented, and no test knows a clock.

mod c1;
mod c2;
mod c3;
mod findings;
mod g1;
mod order;
mod s1;

use kernel::{AgencyId, PersonId, Timestamp, Zone};

use super::{Commitment, CommitmentKind, Facts, Found, Input, Judgement, Parameters, Place, judge};

const CLINIC: AgencyId = AgencyId::of(1);
const EMPLOYMENT: AgencyId = AgencyId::of(2);
const SHELTER: AgencyId = AgencyId::of(3);
const ANA: PersonId = PersonId::of(10);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn chicago() -> Zone {
    Zone::named("America/Chicago").unwrap()
}

fn input(service: &str, stream: &str, agency: AgencyId) -> Input {
    Input {
        service: service.into(),
        stream: stream.into(),
        entry: String::new(),
        person: ANA,
        agency,
        category: service.into(),
        label: String::new(),
        shared_with: [].into(),
    }
}

/// An hour at the clinic on that UTC time of Tuesday, 10 March 2026.
fn appointment(stream: &str, start: &str) -> Commitment {
    let start = at(&format!("2026-03-10T{start}:00Z"));
    Commitment {
        input: input("therapy", stream, CLINIC),
        kind: CommitmentKind::Appointment,
        start,
        end: start + kernel::SignedDuration::from_mins(60),
        place: Place::Agency(CLINIC),
        known_until: None,
    }
}

/// The same, as an interview of the employment service, somewhere in town.
fn interview(stream: &str, start: &str) -> Commitment {
    Commitment {
        input: input("vocational", stream, EMPLOYMENT),
        kind: CommitmentKind::Interview,
        place: Place::Elsewhere,
        ..appointment(stream, start)
    }
}

fn commitments(commitments: impl IntoIterator<Item = Commitment>) -> Facts {
    Facts::new(commitments.into_iter().collect(), vec![], vec![], vec![], vec![])
}

/// What the usual parameters give.
fn judged(facts: &Facts, now: &str) -> Judgement {
    judge(facts, &Parameters::default(), at(now))
}

#[track_caller]
fn only(judgement: Judgement) -> Found {
    assert_eq!(judgement.found.len(), 1, "{:?}", judgement.found);
    judgement.found.into_iter().next().unwrap()
}

#[track_caller]
fn nothing(judgement: &Judgement) {
    assert_eq!(judgement.found, []);
}
