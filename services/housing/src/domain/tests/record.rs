//! Placements told from elsewhere, whole.
//! Invariant: what is told is kept; what is odd about it is kept beside it.

use kernel::{Decider, Discrepancy, given};

use super::*;
use crate::domain::placement::{Command, Event, Placement, Recorded, Refusal, Told};
use ProjectType::{EmergencyShelterEntryExit, EmergencyShelterNightByNight, PermanentSupportiveHousing};

fn told(project: ProjectType) -> Told {
    Told { facts: of_ana(project), unit: None, entry: may(1), move_in: None, exit: None, known_until: None }
}
fn record(told: Told) -> Command {
    Command::Record { told: Box::new(told), home: None, unit_taken: false }
}
fn recorded(told: Told, moved_in: Option<i8>, odd: &[&str], correction: bool) -> Event {
    // Codes tell discrepancies apart; what they say in words is for people.
    let discrepancies = odd.iter().map(|code| Discrepancy::new(code, "")).collect();
    let recorded = Recorded { told, moved_in: moved_in.map(may), discrepancies };
    Event::Recorded { recorded: Box::new(recorded), correction }
}
/// What a record makes happen, with the words of its discrepancies left out.
fn outcome(past: Vec<Event>, command: Command) -> Result<Vec<Event>, Refusal> {
    let mut events = given::<Placement>(past).when(command).outcome()?;
    for event in &mut events {
        if let Event::Recorded { recorded, .. } = event {
            recorded.discrepancies.iter_mut().for_each(|odd| odd.detail.clear());
        }
    }
    Ok(events)
}

#[test]
fn a_whole_placement_is_put_down_at_once_however_long_ago() {
    let old = Told {
        entry: date(2009, 6, 1),
        move_in: Some(date(2009, 6, 4)),
        exit: Some((date(2015, 1, 1), rental())),
        ..told(PermanentSupportiveHousing)
    };
    let Ok(events) = outcome(vec![], record(old.clone())) else { panic!("a record is not refused") };
    let kept = Recorded { moved_in: old.move_in, told: old, discrepancies: vec![] };
    assert_eq!(events, [Event::Recorded { recorded: Box::new(kept), correction: false }]);
    let state = Placement::fold(&events);
    let lodging = state.made().map(|made| made.lodging());
    assert_eq!(lodging, Some(vec![Days::new(date(2009, 6, 4), Some(date(2015, 1, 1))).expect("in order")]));
}

#[test]
fn a_move_in_where_the_type_knows_none_is_a_discrepancy_and_no_move_in() {
    for project in ProjectType::ALL {
        let moved = Told { move_in: Some(may(3)), ..told(project) };
        let expected = if project.is_permanent() {
            recorded(moved.clone(), Some(3), &[], false)
        } else {
            recorded(moved.clone(), None, &["MOVE_IN_OF_OTHER_TYPE"], false)
        };
        assert_eq!(outcome(vec![], record(moved)), Ok(vec![expected]));
    }
}

#[test]
fn a_move_in_outside_the_stay_is_a_discrepancy_and_no_move_in() {
    let exit = Some((may(9), rental()));
    let moved =
        |day| Told { move_in: Some(may(day)), exit: exit.clone(), ..told(PermanentSupportiveHousing) };
    let early = Told { entry: may(5), ..moved(4) };
    assert_eq!(
        outcome(vec![], record(early.clone())),
        Ok(vec![recorded(early, None, &["MOVE_IN_BEFORE_ENTRY"], false)])
    );
    assert_eq!(
        outcome(vec![], record(moved(10))),
        Ok(vec![recorded(moved(10), None, &["MOVE_IN_AFTER_EXIT"], false)])
    );
    assert_eq!(outcome(vec![], record(moved(9))), Ok(vec![recorded(moved(9), Some(9), &[], false)]));
}

#[test]
fn an_exit_before_the_entry_is_out_of_order() {
    let left =
        |day| Told { exit: Some((may(day), rental())), entry: may(5), ..told(EmergencyShelterEntryExit) };
    assert!(!left(4).ends_in_order());
    assert!(left(5).ends_in_order(), "a stay of no night is legal");
}

#[test]
fn told_the_same_it_says_nothing_and_told_otherwise_it_is_a_correction() {
    let first = told(EmergencyShelterEntryExit);
    let past = vec![recorded(first.clone(), None, &[], false)];
    assert_eq!(outcome(past.clone(), record(first.clone())), Ok(vec![]));
    let ended = Told { exit: Some((may(9), rental())), ..first };
    let correction = recorded(ended.clone(), None, &[], true);
    assert_eq!(outcome(past.clone(), record(ended)), Ok(vec![correction.clone()]));
    let state = Placement::fold(&[past, vec![correction]].concat());
    assert_eq!(state.made().map(|made| made.lodging()), Some(vec![days(1, Some(9))]));
}

#[test]
fn an_open_stay_told_the_same_is_a_correction_only_where_it_is_known_for_longer() {
    let known = |day| Told { known_until: day, ..told(EmergencyShelterEntryExit) };
    let past = vec![recorded(known(Some(may(20))), None, &[], false)];
    for quiet in [Some(may(20)), Some(may(19))] {
        assert_eq!(outcome(past.clone(), record(known(quiet))), Ok(vec![]));
    }
    let longer = recorded(known(Some(may(21))), None, &[], true);
    assert_eq!(outcome(past.clone(), record(known(Some(may(21))))), Ok(vec![longer.clone()]));
    assert_eq!(outcome([past, vec![longer]].concat(), record(known(Some(may(21))))), Ok(vec![]));
}

#[test]
fn told_of_another_person_it_is_withdrawn_from_the_first() {
    let past = vec![recorded(told(EmergencyShelterNightByNight), None, &[], false)];
    let mut bens = told(EmergencyShelterNightByNight);
    bens.facts.person = BEN;
    let expected = vec![
        Event::EnteredInError { id: OF_ANA, person: ANA, referral: None },
        recorded(bens.clone(), None, &[], true),
    ];
    assert_eq!(outcome(past, record(bens)), Ok(expected));
}

#[test]
fn deleted_there_and_told_again_it_stands_again() {
    let first = told(EmergencyShelterEntryExit);
    let past = vec![
        recorded(first.clone(), None, &[], false),
        Event::EnteredInError { id: OF_ANA, person: ANA, referral: None },
    ];
    assert_eq!(outcome(past, record(first.clone())), Ok(vec![recorded(first, None, &[], true)]));
}

#[test]
fn a_second_permanent_home_in_the_agency_is_kept_as_a_discrepancy_and_claims_nothing() {
    let here = Told { move_in: Some(may(2)), ..told(PermanentSupportiveHousing) };
    let command = |told| Command::Record { told: Box::new(told), home: Some(OF_BEN), unit_taken: false };
    let second = recorded(here.clone(), Some(2), &["HOME_ELSEWHERE"], false);
    assert_eq!(outcome(vec![], command(here.clone())), Ok(vec![second.clone()]));
    assert_eq!(Placement::fold(&[second]).home(), None);
    assert_eq!(Placement::fold(&[recorded(here.clone(), Some(2), &[], false)]).home(), Some((CEDAR, ANA)));
    // One that has ended is no home any more, and one nobody moved into is none yet.
    let ended = Told { exit: Some((may(9), rental())), ..here };
    assert_eq!(outcome(vec![], command(ended.clone())), Ok(vec![recorded(ended, Some(2), &[], false)]));
    let waiting = told(PermanentSupportiveHousing);
    assert_eq!(outcome(vec![], command(waiting.clone())), Ok(vec![recorded(waiting, None, &[], false)]));
}

#[test]
fn what_is_recorded_is_corrected_there_and_takes_no_requests_here() {
    let by = BY_CEDAR;
    let past = || [recorded(told(EmergencyShelterNightByNight), None, &[], false)];
    given::<Placement>(past())
        .when(Command::Exit { by, when: today(), destination: rental() })
        .refused(Refusal::KeptElsewhere);
    given::<Placement>(past())
        .when(Command::AddNights { by, nights: [may(8)].into(), when: today() })
        .refused(Refusal::KeptElsewhere);
    given::<Placement>(past()).when(Command::MarkEnteredInError { by }).then([Event::EnteredInError {
        id: OF_ANA,
        person: ANA,
        referral: None,
    }]);
}

#[test]
fn a_record_never_replaces_what_was_made_here_or_by_another_agency() {
    let made = vec![Event::Matched { facts: of_ana(EmergencyShelterEntryExit), unit: None, at: at() }];
    assert_eq!(outcome(made, record(told(EmergencyShelterEntryExit))), Err(Refusal::AlreadyExists));
    let past = vec![recorded(told(EmergencyShelterEntryExit), None, &[], false)];
    let mut harbors = told(EmergencyShelterEntryExit);
    harbors.facts.agency = HARBOR;
    assert_eq!(outcome(past, record(harbors)), Err(Refusal::NotFound));
}
