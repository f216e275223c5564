//! Placements and diaries together.
//! Invariant: what a placement says of its unit, the unit's diary says too.

use kernel::Decider;

use super::*;
use crate::domain::diary::{self, Diary};
use crate::domain::group;
use crate::domain::placement::{self, Command, Event, Placement, Told};
use crate::domain::tenancy::{self, Decided, Diaries, Refusal};
use ProjectType::{RapidRehousing, TransitionalHousing};

fn diary(events: impl IntoIterator<Item = diary::Event>) -> diary::State {
    let events: Vec<_> = events.into_iter().collect();
    Diary::fold(&events)
}
fn opened(unit: UnitId) -> diary::Event {
    diary::Event::Opened { belongs: belongs(unit), zone: zone() }
}
fn held(unit: UnitId, occupant: Occupant, day: i8) -> diary::Event {
    diary::Event::Held { unit, occupant, from: may(day) }
}
fn occupied(unit: UnitId, occupant: Occupant, days: Days) -> diary::Event {
    diary::Event::Occupied { unit, occupant, days }
}
fn freed(unit: UnitId, occupant: Occupant, day: i8) -> diary::Event {
    diary::Event::Freed { unit, occupant, until: may(day) }
}
fn released(unit: UnitId, occupant: Occupant) -> diary::Event {
    diary::Event::Released { unit, occupant }
}
/// Units A and B; in A stands what is given.
fn diaries(in_a: impl IntoIterator<Item = diary::Event>) -> Diaries {
    let a = diary([opened(UNIT_A)].into_iter().chain(in_a));
    Diaries::new([(UNIT_A, a), (UNIT_B, diary([opened(UNIT_B)]))])
}
fn accepted_for(project: ProjectType, unit: Option<Assigned>) -> Vec<Event> {
    vec![
        Event::Matched { facts: of_ana(project), unit, at: at() },
        Event::Offered { at: at() },
        Event::Accepted { at: at() },
    ]
}
fn admitted(project: ProjectType, day: i8) -> Event {
    Event::Admitted { on: may(day), zone: zone(), project, unit: Some(UNIT_A), referral: None }
}
fn decide(past: Vec<Event>, diaries: Diaries, command: Command) -> Result<Decided, Refusal> {
    tenancy::decide(OF_ANA, &Placement::fold(&past), diaries, command)
}
fn in_diaries(outcome: Result<Decided, Refusal>) -> Vec<(UnitId, Vec<diary::Event>)> {
    outcome.expect("not refused").diaries
}
fn assign(unit: UnitId, when: When) -> Command {
    Command::AssignUnit { by: BY_CEDAR, unit, when }
}

#[test]
fn a_unit_is_held_when_it_is_assigned_and_let_go_when_another_is() {
    let none = || accepted_for(TransitionalHousing, None);
    let decided = decide(none(), diaries([]), assign(UNIT_A, on(15))).expect("not refused");
    let assigned = Event::UnitAssigned { unit: from(UNIT_A, 15), previous: None, zone: zone() };
    assert_eq!(decided.placements, [(OF_ANA, vec![assigned])]);
    assert_eq!(decided.diaries, [(UNIT_A, vec![held(UNIT_A, ana(), 15)])]);

    let has_a = || accepted_for(TransitionalHousing, Some(from(UNIT_A, 15)));
    let outcome = decide(has_a(), diaries([held(UNIT_A, ana(), 15)]), assign(UNIT_B, on(16)));
    assert_eq!(
        in_diaries(outcome),
        [(UNIT_A, vec![released(UNIT_A, ana())]), (UNIT_B, vec![held(UNIT_B, ana(), 16)])]
    );
    let again = decide(has_a(), diaries([held(UNIT_A, ana(), 15)]), assign(UNIT_A, on(15)));
    assert_eq!(again, Ok(Decided::default()));
}

#[test]
fn a_unit_that_another_household_has_is_not_assigned() {
    let bens = diaries([occupied(UNIT_A, ben(), days(1, None))]);
    let outcome = decide(accepted_for(TransitionalHousing, None), bens, assign(UNIT_A, today()));
    assert_eq!(outcome, Err(diary::Refusal::Taken.into()));
}

#[test]
fn a_unit_of_another_group_or_agency_is_not_assigned() {
    let past = || accepted_for(TransitionalHousing, None);
    let of = |belongs| {
        let opened = diary::Event::Opened { belongs, zone: zone() };
        Diaries::new([(UNIT_A, diary([opened]))])
    };
    let elsewhere = Belongs { group: UnitGroupId::of(99), ..belongs(UNIT_A) };
    assert_eq!(
        decide(past(), of(elsewhere), assign(UNIT_A, today())),
        Err(placement::Refusal::UnitOfAnotherGroup.into())
    );
    let harbors = Belongs { agency: HARBOR, ..belongs(UNIT_A) };
    assert_eq!(decide(past(), of(harbors), assign(UNIT_A, today())), Err(diary::Refusal::NotFound.into()));
    let unknown = Diaries::new([(UNIT_A, diary::State::Unmade)]);
    assert_eq!(decide(past(), unknown, assign(UNIT_A, today())), Err(diary::Refusal::NotFound.into()));
}

#[test]
fn a_unit_is_lived_in_from_entry_or_from_the_move_in_as_the_type_says() {
    let hold = || diaries([held(UNIT_A, ana(), 8)]);
    let admit = || Command::Admit { by: BY_CEDAR, when: on(10) };
    let lived = [(UNIT_A, vec![occupied(UNIT_A, ana(), days(10, None))])];
    let accepted = accepted_for(TransitionalHousing, Some(from(UNIT_A, 8)));
    assert_eq!(in_diaries(decide(accepted, hold(), admit())), lived);

    let accepted = || accepted_for(RapidRehousing, Some(from(UNIT_A, 8)));
    assert_eq!(in_diaries(decide(accepted(), hold(), admit())), [], "admitted is not housed");
    let waiting = [accepted(), vec![admitted(RapidRehousing, 9)]].concat();
    let move_in = Command::MoveIn { by: BY_CEDAR, when: on(10) };
    assert_eq!(in_diaries(decide(waiting, hold(), move_in)), lived);
}

#[test]
fn who_comes_before_the_hold_began_comes_only_to_a_free_unit() {
    let admit = || Command::Admit { by: BY_CEDAR, when: on(10) };
    let accepted = || accepted_for(TransitionalHousing, Some(from(UNIT_A, 12)));
    let until = |day| diaries([occupied(UNIT_A, ben(), days(1, Some(day))), held(UNIT_A, ana(), 12)]);
    assert_eq!(decide(accepted(), until(12), admit()), Err(diary::Refusal::Taken.into()));
    assert_eq!(
        in_diaries(decide(accepted(), until(10), admit())),
        [(UNIT_A, vec![occupied(UNIT_A, ana(), days(10, None))])]
    );
}

#[test]
fn a_move_to_another_unit_is_neither_exit_nor_entry() {
    let lives =
        [accepted_for(TransitionalHousing, Some(from(UNIT_A, 8))), vec![admitted(TransitionalHousing, 8)]]
            .concat();
    let in_a = || diaries([occupied(UNIT_A, ana(), days(8, None))]);
    let decided = decide(lives.clone(), in_a(), assign(UNIT_B, on(12))).expect("not refused");
    let moved = Event::UnitAssigned { unit: from(UNIT_B, 12), previous: Some(UNIT_A), zone: zone() };
    assert_eq!(decided.placements, [(OF_ANA, vec![moved.clone()])]);
    assert_eq!(
        decided.diaries,
        [(UNIT_A, vec![freed(UNIT_A, ana(), 12)]), (UNIT_B, vec![occupied(UNIT_B, ana(), days(12, None))])]
    );
    let state = Placement::fold(&[lives.clone(), vec![moved.clone()]].concat());
    assert_eq!(state.made().map(|made| made.lodging()), Some(vec![days(8, None)]));

    assert_eq!(
        decide(lives.clone(), in_a(), assign(UNIT_B, on(7))),
        Err(placement::Refusal::BeforeEntry.into())
    );
    let moved = [lives, vec![moved]].concat();
    let exit = Command::Exit { by: BY_CEDAR, when: on(11), destination: rental() };
    assert_eq!(decide(moved, in_a(), exit), Err(placement::Refusal::ExitTooEarly.into()));
}

#[test]
fn an_exit_frees_the_unit_and_a_hold_that_comes_to_nothing_is_let_go() {
    let exit = || Command::Exit { by: BY_CEDAR, when: on(15), destination: rental() };
    let accepted = |project| accepted_for(project, Some(from(UNIT_A, 8)));
    let lives = [accepted(TransitionalHousing), vec![admitted(TransitionalHousing, 8)]].concat();
    let outcome = decide(lives, diaries([occupied(UNIT_A, ana(), days(8, None))]), exit());
    assert_eq!(in_diaries(outcome), [(UNIT_A, vec![freed(UNIT_A, ana(), 15)])]);

    let waits = [accepted(RapidRehousing), vec![admitted(RapidRehousing, 8)]].concat();
    let outcome = decide(waits, diaries([held(UNIT_A, ana(), 8)]), exit());
    assert_eq!(in_diaries(outcome), [(UNIT_A, vec![released(UNIT_A, ana())])]);

    for command in [
        Command::Decline { by: BY_ANA, at: at() },
        Command::MarkNotArrived { by: BY_CEDAR, at: at() },
        Command::Withdraw { by: BY_CEDAR, at: at() },
        Command::MarkEnteredInError { by: BY_CEDAR },
    ] {
        let outcome = decide(accepted(RapidRehousing), diaries([held(UNIT_A, ana(), 8)]), command);
        assert_eq!(in_diaries(outcome), [(UNIT_A, vec![released(UNIT_A, ana())])]);
    }
}

#[test]
fn a_command_names_the_units_whose_diaries_it_needs() {
    let state = Placement::fold(&accepted_for(TransitionalHousing, Some(from(UNIT_A, 8))));
    assert_eq!(tenancy::units_touched(&state, assign(UNIT_B, today()).unit()), [UNIT_A, UNIT_B]);
    let exit = Command::Exit { by: BY_CEDAR, when: today(), destination: rental() };
    assert_eq!(tenancy::units_touched(&state, exit.unit()), [UNIT_A]);
    assert_eq!(tenancy::units_touched(&placement::State::Unmade, exit.unit()), []);
}

fn group() -> group::State {
    super::group::published(TransitionalHousing)
}
fn told(unit: UnitId, exit: Option<i8>) -> Told {
    Told {
        facts: of_ana(TransitionalHousing),
        unit: Some(unit),
        entry: may(1),
        move_in: None,
        exit: exit.map(|day| (may(day), rental())),
        known_until: None,
    }
}
fn codes(decided: &Decided) -> Vec<&str> {
    let odd = decided.placements.iter().flat_map(|(_, events)| events).filter_map(|event| {
        if let Event::Recorded { recorded, .. } = event { Some(&recorded.discrepancies) } else { None }
    });
    odd.flatten().map(|odd| odd.code.as_str()).collect()
}

#[test]
fn a_recorded_stay_claims_its_unit_if_it_is_free_and_else_stands_without() {
    let unmade = placement::State::Unmade;
    let free = tenancy::record(&group(), &unmade, diaries([]), told(UNIT_A, Some(9)), None);
    let free = free.expect("a record is not refused");
    assert_eq!(free.diaries, [(UNIT_A, vec![occupied(UNIT_A, ana(), days(1, Some(9)))])]);
    assert!(codes(&free).is_empty());

    let bens = diaries([occupied(UNIT_A, ben(), days(8, None))]);
    let taken = tenancy::record(&group(), &unmade, bens, told(UNIT_A, Some(9)), None);
    let taken = taken.expect("a record is not refused");
    assert_eq!(taken.diaries, []);
    assert_eq!(codes(&taken), ["UNIT_NOT_FREE"]);
}

#[test]
fn a_corrected_stay_takes_the_place_of_what_was_told_before() {
    let first = tenancy::record(&group(), &placement::State::Unmade, diaries([]), told(UNIT_A, None), None);
    let first = first.expect("a record is not refused");
    let state = Placement::fold(first.placements.iter().flat_map(|(_, events)| events));
    let in_a = || diaries([occupied(UNIT_A, ana(), days(1, None))]);

    let same = tenancy::record(&group(), &state, in_a(), told(UNIT_A, None), None);
    assert_eq!(same, Ok(Decided::default()));
    let ended = tenancy::record(&group(), &state, in_a(), told(UNIT_A, Some(9)), None);
    assert_eq!(
        in_diaries(ended),
        [(UNIT_A, vec![released(UNIT_A, ana()), occupied(UNIT_A, ana(), days(1, Some(9)))])]
    );
    let moved = tenancy::record(&group(), &state, in_a(), told(UNIT_B, None), None);
    assert_eq!(
        in_diaries(moved),
        [(UNIT_A, vec![released(UNIT_A, ana())]), (UNIT_B, vec![occupied(UNIT_B, ana(), days(1, None))])]
    );
}

#[test]
fn a_record_needs_a_group_of_its_agency_and_a_unit_of_the_group() {
    let record = |group: &group::State, told| {
        tenancy::record(group, &placement::State::Unmade, diaries([]), told, None)
    };
    let unknown = record(&group::State::Unmade, told(UNIT_A, None));
    assert_eq!(unknown, Err(group::Refusal::NotFound.into()));
    let mut harbors = told(UNIT_A, None);
    harbors.facts.agency = HARBOR;
    assert_eq!(record(&group(), harbors), Err(group::Refusal::NotFound.into()));
    assert_eq!(record(&group(), told(UnitId::of(98), None)), Err(diary::Refusal::NotFound.into()));
}
