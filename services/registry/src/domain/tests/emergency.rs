//! Medical emergencies.

use std::collections::BTreeSet;

use kernel::{Emergency as Judged, EmergencyId, Private, SignedDuration, Timestamp, WorkerId, given};

use super::{ANA, CLINIC, SHELTER};
use crate::domain::emergency::{Command, Declared, Declarer, Emergency, Event, Part, Refusal};

const FIRST: EmergencyId = EmergencyId::of(70);
const SECOND: EmergencyId = EmergencyId::of(71);
const RIVER: WorkerId = WorkerId::of(20);
const SAGE: WorkerId = WorkerId::of(21);

fn at(hour: i64) -> Timestamp {
    let noon: Timestamp = "2026-03-04T12:00:00Z".parse().unwrap();
    noon + SignedDuration::from_hours(hour)
}

fn river(part: Part) -> Declarer {
    Declarer { worker: RIVER, working_name: "River".into(), agency: SHELTER, part, allowed_hours: 24 }
}

fn declares(id: EmergencyId, by: Declarer, at: Timestamp) -> Command {
    declares_for(0, id, by, at)
}

fn declares_for(hours: u32, id: EmergencyId, by: Declarer, at: Timestamp) -> Command {
    let (serving, nature) = ([CLINIC, SHELTER].into(), Private::plain("an overdose, invented"));
    Command::Declare { id, person: ANA, by, serving, nature, hours, at }
}

fn declared(id: EmergencyId, worker: WorkerId, at: Timestamp) -> Event {
    let judged = Judged {
        id,
        worker,
        agency: SHELTER,
        disclosers: [CLINIC].into(),
        from: at,
        until: at + SignedDuration::from_hours(24),
    };
    let declared =
        Declared { judged, working_name: "River".into(), nature: Private::plain("an overdose, invented") };
    Event::Declared { person: ANA, declared }
}

#[test]
fn medical_staff_declare_one_and_it_opens_what_others_who_serve_the_person_wrote() {
    given::<Emergency>([]).when(declares(FIRST, river(Part::Medical), at(0))).then([declared(
        FIRST,
        RIVER,
        at(0),
    )]);
}

#[test]
fn nobody_else_declares_one() {
    let asked = |part| given::<Emergency>([]).when(declares(FIRST, river(part), at(0)));
    asked(Part::Other).refused(Refusal::NotMedicalStaff);
    asked(Part::NotOnRecord).refused(Refusal::WorkerNotOnRecord);
}

#[test]
fn the_agencys_setting_bounds_it_and_less_may_be_wished_for() {
    let asked = |hours, part| given::<Emergency>([]).when(declares_for(hours, FIRST, river(part), at(0)));
    for (hours, lasts) in [(0, 24), (1, 1), (24, 24)] {
        let events = asked(hours, Part::Medical).outcome().unwrap();
        let [Event::Declared { declared, .. }] = events.as_slice() else { panic!("one event") };
        assert_eq!(declared.judged.until, at(lasts), "{hours} hours");
    }
    asked(25, Part::Medical).refused(Refusal::TooLong { allowed_hours: 24 });
    asked(25, Part::Other).refused(Refusal::NotMedicalStaff);
}

#[test]
fn one_runs_at_a_time_for_each_worker_and_each_has_its_own_end() {
    let past = || given::<Emergency>([declared(FIRST, RIVER, at(0))]);
    let least = SignedDuration::from_micros(1);
    past().when(declares(SECOND, river(Part::Medical), at(24) - least)).refused(Refusal::StillRuns);
    past().when(declares(SECOND, river(Part::Medical), at(24))).then([declared(SECOND, RIVER, at(24))]);
    let sage = Declarer { worker: SAGE, ..river(Part::Medical) };
    past().when(declares(SECOND, sage, at(1))).then([declared(SECOND, SAGE, at(1))]);
    let elsewhere = Declarer { agency: CLINIC, ..river(Part::Medical) };
    let by_the_clinic = past().when(declares(SECOND, elsewhere, at(1))).outcome().unwrap();
    let [Event::Declared { declared, .. }] = by_the_clinic.as_slice() else { panic!("one event") };
    assert_eq!(declared.judged.disclosers, BTreeSet::from([SHELTER]), "the same worker, for another agency");
}
