//! Properties of the judge that a table of cases does not show.

use super::*;
use crate::{Actor, EmergencyId, Recipients, Scope, WorkerId};

const CLINIC: AgencyId = AgencyId::of(1);
const SHELTER: AgencyId = AgencyId::of(2);
const ANA: PersonId = PersonId::of(10);

fn noon() -> Timestamp {
    "2026-03-04T12:00:00Z".parse().unwrap()
}

fn worker(agency: AgencyId) -> Caller {
    Caller {
        actor: Actor::Worker(WorkerId::of(5)),
        role: Role::Worker,
        agency: Some(agency),
        on_behalf_of: None,
    }
}

fn opens_all_to(agency: AgencyId, from: Timestamp, until: Option<Timestamp>) -> Directive {
    let scope = Scope {
        discloser: None,
        recipients: Recipients::Named([agency].into()),
        purposes: [Purpose::Coordination].into(),
        categories: BTreeSet::new(),
        labels: BTreeSet::new(),
        from: Some(from),
        until,
    };
    Directive { id: DirectiveId::of(100), standing: Standing::Active, scope }
}

fn ana_says(directives: Vec<Directive>) -> Say {
    Say { records: [ANA].into(), directives: directives.into(), ..Say::default() }
}

fn sees(say: &Say, at: Timestamp) -> bool {
    see(&worker(SHELTER), say, &Class::of(CLINIC, "therapy"), Purpose::Coordination, at).is_ok()
}

#[test]
fn a_directive_opens_from_its_beginning_and_closes_at_its_end_to_the_microsecond() {
    let (hour, least) = (crate::SignedDuration::from_hours(1), crate::SignedDuration::from_micros(1));
    let say = ana_says(vec![opens_all_to(SHELTER, noon(), Some(noon() + hour))]);
    assert!(!sees(&say, noon() - least));
    assert!(sees(&say, noon()));
    assert!(sees(&say, noon() + hour - least));
    assert!(!sees(&say, noon() + hour), "whether or not an event has told it yet");
}

#[test]
fn the_judgement_changes_by_itself_only_where_a_directive_begins_or_ends() {
    let hour = crate::SignedDuration::from_hours(1);
    let say = ana_says(vec![opens_all_to(SHELTER, noon(), Some(noon() + hour))]);
    assert_eq!(say.changes_after(noon() - hour), Some(noon()));
    assert_eq!(say.changes_after(noon()), Some(noon() + hour));
    assert_eq!(say.changes_after(noon() + hour), None);
    let revoked = Directive { standing: Standing::Revoked, ..opens_all_to(SHELTER, noon(), None) };
    assert_eq!(ana_says(vec![revoked]).changes_after(noon() - hour), None);
}

#[test]
fn the_judgement_changes_by_itself_where_an_emergency_ends() {
    let hour = crate::SignedDuration::from_hours(1);
    let emergency = Emergency {
        id: EmergencyId::of(200),
        worker: WorkerId::of(5),
        agency: SHELTER,
        disclosers: [CLINIC].into(),
        from: noon(),
        until: noon() + hour,
    };
    let say = Say { emergencies: Arc::new([emergency]), ..ana_says(vec![]) };
    assert_eq!(say.changes_after(noon()), Some(noon() + hour));
    assert_eq!(say.changes_after(noon() + hour), None);
}

#[test]
fn no_emergency_opens_where_somebody_restricted_is() {
    let emergency = Emergency {
        id: EmergencyId::of(200),
        worker: WorkerId::of(5),
        agency: SHELTER,
        disclosers: [CLINIC].into(),
        from: noon(),
        until: noon() + crate::SignedDuration::from_hours(1),
    };
    let say = Say { emergencies: Arc::new([emergency]), ..ana_says(vec![]) };
    let restricted = Say { restricted: true, ..say.clone() };
    let home = Class::of(CLINIC, "housing");
    let sees = |say: &Say| see(&worker(SHELTER), say, &home, Purpose::Treatment, noon());
    assert_eq!(sees(&say), Ok(Why::Emergency(EmergencyId::of(200))));
    assert_eq!(sees(&restricted), Err(WhyNot::Restricted));
}

#[test]
fn between_two_of_those_instants_it_stays_as_it_is() {
    let hours = |hours| noon() + crate::SignedDuration::from_hours(hours);
    // Every pair of directives over six hours, each from an hour on and to another, or without an end.
    let spans =
        (0..6).flat_map(|from| (from + 1..7).map(move |until| (from, Some(until))).chain([(from, None)]));
    let spans: Vec<(i64, Option<i64>)> = spans.collect();
    for (one, other) in spans.iter().flat_map(|one| spans.iter().map(move |other| (one, other))) {
        let directive =
            |(from, until): &(i64, Option<i64>)| opens_all_to(SHELTER, hours(*from), until.map(hours));
        let say = ana_says(vec![directive(one), directive(other)]);
        let mut at = hours(-1);
        while let Some(next) = say.changes_after(at) {
            let before = next - crate::SignedDuration::from_micros(1);
            assert_eq!(sees(&say, at), sees(&say, before), "{one:?} and {other:?}, from {at} to {next}");
            at = next;
        }
        assert_eq!(sees(&say, at), sees(&say, hours(1_000)), "{one:?} and {other:?}, from {at} on");
    }
}

#[test]
fn what_a_service_shows_of_its_own_asks_nobodys_consent() {
    assert!(see_own(&worker(CLINIC), CLINIC, Some(ANA), "therapy"));
    assert!(!see_own(&worker(SHELTER), CLINIC, Some(ANA), "therapy"));
    let ana = Caller { actor: Actor::Person(ANA), role: Role::Person, agency: None, on_behalf_of: None };
    assert!(see_own(&ana, CLINIC, Some(ANA), "therapy"));
    assert!(!see_own(&ana, CLINIC, Some(PersonId::of(11)), "therapy"));
    assert!(!see_own(&ana, CLINIC, None, "therapy"));
}

#[test]
fn whoever_is_restricted_is_found_by_those_who_serve_them_and_by_themself() {
    let ana = |person| Caller {
        actor: Actor::Person(person),
        role: Role::Person,
        agency: None,
        on_behalf_of: None,
    };
    let operator = Caller { role: Role::Operator, agency: None, ..worker(CLINIC) };
    let open = Say { serving: Arc::new([CLINIC].into()), ..ana_says(vec![]) };
    for viewer in [worker(CLINIC), worker(SHELTER), operator.clone(), ana(ANA), ana(PersonId::of(11))] {
        assert!(find(&viewer, &open), "{viewer:?}");
    }
    for hidden in [Say { restricted: true, ..open.clone() }, Say { unknown: true, ..open.clone() }] {
        assert!(find(&worker(CLINIC), &hidden));
        assert!(find(&ana(ANA), &hidden));
        for viewer in [worker(SHELTER), operator.clone(), ana(PersonId::of(11))] {
            assert!(!find(&viewer, &hidden), "{viewer:?}");
        }
    }
}
