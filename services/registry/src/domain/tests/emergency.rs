//! Medical emergencies.

use std::collections::BTreeSet;

use kernel::{
    By, Decider, Emergency as Judged, EmergencyId, Private, SignedDuration, Timestamp, WorkerId, given,
};

use super::{ANA, ANA_HERSELF, CLINIC, SHELTER, THE_CLINIC, THE_SHELTER};
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
    let nature = Private::plain("an overdose, invented");
    let declared = Declared { judged, working_name: "River".into(), nature, ended: None, in_error: false };
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

fn ends(by: By, at: Timestamp) -> Command {
    Command::End { by, id: FIRST, at }
}

fn mistaken(by: By, at: Timestamp) -> Command {
    Command::MarkEnteredInError { by, id: FIRST, at }
}

#[test]
fn the_agency_that_declared_one_ends_it_before_its_time_and_nobody_else_but_who_runs_the_system() {
    let past = || given::<Emergency>([declared(FIRST, RIVER, at(0))]);
    let over = |at| Event::Ended { id: FIRST, at };
    past().when(ends(THE_SHELTER, at(2))).then([over(at(2))]);
    past().when(ends(By::System, at(2))).then([over(at(2))]);
    for by in [THE_CLINIC, ANA_HERSELF] {
        past().when(ends(by, at(2))).refused(Refusal::NotFound);
        past().when(mistaken(by, at(2))).refused(Refusal::NotFound);
    }
    let another = Command::End { by: THE_SHELTER, id: SECOND, at: at(2) };
    past().when(another).refused(Refusal::NotFound);
    given::<Emergency>([]).when(ends(THE_SHELTER, at(2))).refused(Refusal::NotFound);
    // What is over stays as it is: by its own end, and by what was said before.
    past().when(ends(THE_SHELTER, at(24))).nothing();
    let ended = || given::<Emergency>([declared(FIRST, RIVER, at(0)), over(at(2))]);
    ended().when(ends(THE_SHELTER, at(3))).nothing();
    // And the same worker declares another.
    ended().when(declares(SECOND, river(Part::Medical), at(1))).refused(Refusal::StillRuns);
    ended().when(declares(SECOND, river(Part::Medical), at(2))).then([declared(SECOND, RIVER, at(2))]);
}

#[test]
fn one_that_was_never_meant_opens_nothing_any_more_and_is_marked_once_whenever_that_is_found() {
    let error = |at| Event::EnteredInError { id: FIRST, at };
    let past = || given::<Emergency>([declared(FIRST, RIVER, at(0))]);
    for at in [at(2), at(30)] {
        past().when(mistaken(THE_SHELTER, at)).then([error(at)]);
    }
    let marked = || [declared(FIRST, RIVER, at(0)), error(at(2))];
    given::<Emergency>(marked()).when(mistaken(THE_SHELTER, at(3))).nothing();
    given::<Emergency>(marked()).when(ends(THE_SHELTER, at(3))).nothing();
    given::<Emergency>(marked()).when(declares(SECOND, river(Part::Medical), at(3))).then([declared(
        SECOND,
        RIVER,
        at(3),
    )]);
    let ended = [declared(FIRST, RIVER, at(0)), Event::Ended { id: FIRST, at: at(2) }, error(at(4))];
    let late = [declared(FIRST, RIVER, at(0)), error(at(30))];
    for (past, until) in [(marked().to_vec(), 2), (ended.to_vec(), 2), (late.to_vec(), 24)] {
        let state = Emergency::fold(&past);
        let found = state.declared(FIRST).unwrap();
        assert_eq!((found.until(), found.in_error), (at(until), true));
        assert_eq!(state.changes, vec![SHELTER; past.len()], "one for each version");
    }
}
