//! The order and repetition of facts mean nothing, and looking again in time misses nothing.

use kernel::{Day, Shifts, SignedDuration, WeeklyShift};
use proptest::prelude::*;

use super::*;
use crate::domain::{Job, Lodging, Referral, Service};

/// One invented fact, of any kind, numbered so that no two of a kind are the same.
#[derive(Clone, Debug)]
enum Fact {
    Commitment(Commitment),
    Job(Job),
    Lodging(Lodging),
    Service(Service),
    Referral(Referral),
}

fn fact(number: usize, what: (u8, u8, i64, u8)) -> Fact {
    let (kind, flavour, hour, length) = what;
    let start = at("2026-03-02T00:00:00Z") + SignedDuration::from_hours(hour);
    let day = chicago().day_of(start);
    let agency = [CLINIC, EMPLOYMENT, SHELTER][usize::from(flavour % 3)];
    let until = start + SignedDuration::from_hours(i64::from(length) + 1);
    let stream = |name: &str| format!("{name}-{number}");
    let known_until = (flavour % 5 == 0).then_some(until);
    match kind {
        0 => Fact::Commitment(Commitment {
            input: input("therapy", &stream("appointment"), agency),
            kind: CommitmentKind::Appointment,
            start,
            end: start + SignedDuration::from_mins(15 * i64::from(length) + 15),
            place: [Place::Remote, Place::Home, Place::Agency(agency), Place::Elsewhere]
                [usize::from(flavour % 4)],
            known_until,
        }),
        1 => Fact::Job(Job {
            input: input("vocational", &stream("job"), agency),
            shifts: Shifts {
                zone: chicago(),
                weekly: vec![WeeklyShift {
                    weekday: day.weekday(),
                    start: chicago().wall(start).time(),
                    end: chicago().wall(until).time(),
                }],
                from: day,
                until: None,
            },
            known_until,
        }),
        2 => Fact::Lodging(Lodging {
            input: input("housing", &stream("placement"), agency),
            project_type: [3, 13, 1][usize::from(flavour % 3)],
            from: day,
            until: (flavour % 2 == 0).then(|| days_on(day, length)),
            zone: chicago(),
            known_until: (flavour % 5 == 0).then(|| days_on(day, length)),
        }),
        3 => Fact::Service(Service {
            input: input("vocational", &stream("case"), agency),
            practice: ["ips", "cbt"][usize::from(flavour % 2)].into(),
            goals: [kernel::ids::Uuid::from_u128(u128::from(flavour % 2 + length % 2))].into(),
            from: start,
            until: (flavour % 3 == 0).then_some(until),
            known_until,
        }),
        _ => Fact::Referral(Referral {
            input: input("referrals", &stream("referral"), agency),
            target: None,
            acknowledge_by: (flavour % 4 != 0).then_some(until),
        }),
    }
}

fn days_on(day: Day, days: u8) -> Day {
    (0..days).fold(day, |day, _| day.tomorrow().unwrap())
}

fn facts(all: &[Fact]) -> Facts {
    let (mut commitments, mut jobs, mut lodgings, mut services, mut referrals) =
        (vec![], vec![], vec![], vec![], vec![]);
    for fact in all.iter().cloned() {
        match fact {
            Fact::Commitment(fact) => commitments.push(fact),
            Fact::Job(fact) => jobs.push(fact),
            Fact::Lodging(fact) => lodgings.push(fact),
            Fact::Service(fact) => services.push(fact),
            Fact::Referral(fact) => referrals.push(fact),
        }
    }
    Facts::new(commitments, jobs, lodgings, services, referrals)
}

fn lives() -> impl Strategy<Value = Vec<Fact>> {
    prop::collection::vec((0u8..5, 0u8..60, 0i64..200, 0u8..16), 0..14)
        .prop_map(|all| all.into_iter().enumerate().map(|(number, what)| fact(number, what)).collect())
}

proptest! {
    #[test]
    fn the_order_and_repetition_of_facts_mean_nothing(
        (life, shuffled) in lives().prop_flat_map(|life| {
            let twice = [life.clone(), life.clone()].concat();
            (Just(life), Just(twice).prop_shuffle())
        }),
        hour in -10i64..220,
    ) {
        let now = at("2026-03-02T00:00:00Z") + SignedDuration::from_hours(hour);
        let parameters = Parameters::default();
        prop_assert_eq!(
            judge(&facts(&life), &parameters, now),
            judge(&facts(&shuffled), &parameters, now)
        );
    }

    /// Between one look and the next that was asked for, nothing would have been found differently.
    #[test]
    fn looking_when_asked_to_misses_nothing(life in lives(), minutes in prop::collection::vec(0i64..20_000, 6)) {
        let facts = facts(&life);
        let parameters = Parameters::default();
        let start = at("2026-03-01T00:00:00Z");
        let mut looked = start;
        let mut judgement = judge(&facts, &parameters, looked);
        let mut instants: Vec<_> = minutes.iter().map(|m| start + SignedDuration::from_mins(*m)).collect();
        instants.sort();
        for instant in instants {
            while let Some(next) = judgement.look_again.filter(|next| *next <= instant) {
                prop_assert!(next > looked, "looking again is always later");
                looked = next;
                judgement = judge(&facts, &parameters, looked);
            }
            prop_assert_eq!(&judge(&facts, &parameters, instant).found, &judgement.found, "at {}", instant);
        }
    }
}
