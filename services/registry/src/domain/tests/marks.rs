//! What stands beside a record: a death, and that the person is not to be found.

use std::collections::BTreeSet;

use kernel::{Decider, Occurred, Voice, Zone, given};

use super::*;
use crate::domain::person::{
    Command, Death, DeathSource, Mark, Person, Refusal, Restriction, RestrictionReason, death_in_error,
};

fn death(day: &str, source: DeathSource) -> Death {
    Death { at: Occurred::day(day.parse().unwrap(), Zone::utc()), source }
}

fn ask(by: By, mark: Mark) -> Command {
    Command::Mark { by, mark }
}

/// One record of a human.
fn record(past: impl IntoIterator<Item = Event>) -> State {
    Person::fold(&past.into_iter().collect::<Vec<_>>())
}

/// Takes the death back of somebody of whom there is this one record.
fn back(by: By, past: impl IntoIterator<Item = Event>) -> Result<Vec<Option<Event>>, Refusal> {
    death_in_error(by, &record(past), &[], &BTreeSet::new())
}

/// Who tells of the death that the record has, the latest first.
fn tellers(past: impl IntoIterator<Item = Event>) -> Vec<Option<AgencyId>> {
    record(past).known().unwrap().deaths.latest_first().map(|(_, by)| *by).collect()
}

fn restricted(own_words: bool) -> Event {
    restricted_by(Some(CLINIC), own_words)
}

fn restricted_by(agency: Option<AgencyId>, own_words: bool) -> Event {
    Event::Restricted(Restriction { reason: RestrictionReason::FleeingViolence, own_words }, agency)
}

#[test]
fn a_death_is_told_once_corrected_and_taken_back() {
    let first = death("2026-03-01", DeathSource::Family);
    let certified = death("2026-02-28", DeathSource::OfficialRecord);
    let told = |death: &Death| Mark::Died(death.clone());
    let died = |death: &Death| Event::Died(death.clone(), Some(CLINIC));
    for (by, agency) in [(THE_CLINIC, Some(CLINIC)), (By::System, None)] {
        let told = ask(by, told(&first));
        given::<Person>([registered(ANA)]).when(told).then([Event::Died(first.clone(), agency)]);
    }
    let in_error = Event::DeathInError;
    let past = || [registered(ANA), died(&first)];
    given::<Person>(past()).when(ask(THE_CLINIC, told(&first))).nothing();
    given::<Person>(past()).when(ask(THE_CLINIC, told(&certified))).then([died(&certified)]);
    assert_eq!(back(THE_CLINIC, past()), Ok(vec![Some(in_error(Some(CLINIC)))]));
    assert_eq!(back(THE_CLINIC, [registered(ANA)]), Ok(vec![None]));
    let taken_back = [registered(ANA), died(&first), in_error(Some(CLINIC))];
    given::<Person>(taken_back).when(ask(THE_CLINIC, told(&first))).then([died(&first)]);
    given::<Person>([registered(ANA)]).when(ask(THE_SHELTER, told(&first))).refused(Refusal::NotFound);
    given::<Person>([registered(ANA)]).when(ask(ANA_HERSELF, told(&first))).refused(Refusal::NotForThePerson);
    assert_eq!(back(ANA_HERSELF, past()), Err(Refusal::NotForThePerson));
    assert_eq!(back(THE_SHELTER, past()), Err(Refusal::NotFound));
    given::<Person>([registered(ANA), Event::Erased])
        .when(ask(THE_CLINIC, told(&first)))
        .refused(Refusal::Erased);
}

#[test]
fn each_agency_tells_a_death_in_its_own_word_and_overwrites_no_others() {
    let first = death("2026-03-01", DeathSource::Family);
    let served = [registered(ANA), Event::ServingAgencyAdded { agency: SHELTER }];
    let past = served.into_iter().chain([Event::Died(first.clone(), Some(CLINIC))]);
    let again = Event::Died(first.clone(), Some(SHELTER));
    given::<Person>(past.clone()).when(ask(THE_SHELTER, Mark::Died(first))).then([again.clone()]);
    assert_eq!(tellers(past.chain([again])), [Some(SHELTER), Some(CLINIC)]);
}

#[test]
fn an_agency_takes_back_its_own_word_of_a_death_and_the_person_lives_when_none_is_left() {
    let first = death("2026-03-01", DeathSource::Family);
    let past = || {
        let served = [registered(ANA), Event::ServingAgencyAdded { agency: SHELTER }];
        let told = [CLINIC, SHELTER].map(|by| Event::Died(first.clone(), Some(by)));
        served.into_iter().chain(told)
    };
    let in_error = Event::DeathInError;
    assert_eq!(back(THE_SHELTER, past()), Ok(vec![Some(in_error(Some(SHELTER)))]));
    assert_eq!(back(By::System, past()), Ok(vec![Some(in_error(None))]));
    let once = || past().chain([in_error(Some(SHELTER))]);
    assert_eq!(back(THE_SHELTER, once()), Err(Refusal::DeathToldByAnother));
    let none_left = || once().chain([in_error(Some(CLINIC))]);
    for by in [THE_SHELTER, THE_CLINIC, By::System] {
        assert_eq!(back(by, none_left()), Ok(vec![None]));
    }
    let of_the_system = past().chain([in_error(None), Event::Died(first.clone(), None)]);
    assert_eq!(back(THE_CLINIC, of_the_system), Err(Refusal::DeathToldByAnother));
    assert_eq!(tellers(once()), [Some(CLINIC)], "the clinic's word stands");
    assert_eq!(tellers(none_left()), [], "none is left");
    assert_eq!(tellers(past().chain([in_error(None)])), []);
}

#[test]
fn a_death_is_taken_back_on_whichever_of_one_humans_records_the_agency_told_it() {
    let first = death("2026-03-01", DeathSource::Family);
    let linked = Event::Linked { canonical: ANA, member: BEN };
    let served = |id| [registered(id), Event::ServingAgencyAdded { agency: SHELTER }, linked.clone()];
    let died = |agency| Event::Died(first.clone(), Some(agency));
    let in_error = |agency| Some(Event::DeathInError(Some(agency)));
    let ana = record(served(ANA));
    let ben = record(served(BEN).into_iter().chain([died(CLINIC)]));
    let twice = record(served(ANA).into_iter().chain([died(CLINIC)]));
    let asked = |by, named: &State, other: &State| death_in_error(by, named, &[other], &BTreeSet::new());
    assert_eq!(asked(THE_CLINIC, &ana, &ben), Ok(vec![None, in_error(CLINIC)]));
    assert_eq!(asked(THE_CLINIC, &ben, &ana), Ok(vec![in_error(CLINIC), None]));
    assert_eq!(asked(THE_CLINIC, &twice, &ben), Ok(vec![in_error(CLINIC), in_error(CLINIC)]));
    assert_eq!(asked(By::System, &ana, &ben), Ok(vec![None, Some(Event::DeathInError(None))]));
    // Whoever told none of it is told so, unless they are not shown whose word it is.
    assert_eq!(asked(THE_SHELTER, &ana, &ben), Err(Refusal::DeathToldByAnother));
    let clinics = [CLINIC].into();
    assert_eq!(death_in_error(THE_SHELTER, &ana, &[&ben], &clinics), Ok(vec![None, None]));
    // What was told on a record that is in use no more counts no more.
    for over in [Event::EnteredInError, Event::Erased] {
        let ben = record(served(BEN).into_iter().chain([died(CLINIC), over]));
        assert_eq!(asked(THE_CLINIC, &ana, &ben), Ok(vec![None, None]));
    }
    // The named record has to admit the caller, whatever stands on the other.
    let of_ben = record([registered(BEN), Event::ServingAgencyAdded { agency: SHELTER }]);
    assert_eq!(asked(THE_SHELTER, &record([registered(ANA)]), &of_ben), Err(Refusal::NotFound));
}

#[test]
fn whoever_serves_the_person_and_the_person_ask_that_they_are_not_to_be_found() {
    let restrict = |by, voice| ask(by, Mark::Restrict(voice, RestrictionReason::FleeingViolence));
    for (by, voice, agency, own_words) in [
        (THE_CLINIC, Voice::Staff, Some(CLINIC), false),
        (THE_CLINIC, Voice::Person, Some(CLINIC), true),
        (ANA_HERSELF, Voice::Person, None, true),
    ] {
        let said = || restricted_by(agency, own_words);
        given::<Person>([registered(ANA)]).when(restrict(by, voice)).then([said()]);
        given::<Person>([registered(ANA), said()]).when(restrict(by, voice)).nothing();
    }
    given::<Person>([registered(ANA)]).when(restrict(THE_SHELTER, Voice::Staff)).refused(Refusal::NotFound);
    // The person may make theirs what staff said; staff change nothing of what the person said.
    given::<Person>([registered(ANA), restricted(false)])
        .when(restrict(ANA_HERSELF, Voice::Person))
        .then([restricted_by(None, true)]);
    let wish = ask(THE_CLINIC, Mark::Restrict(Voice::Staff, RestrictionReason::OwnWish));
    given::<Person>([registered(ANA), restricted(true)]).when(wish).nothing();
}

#[test]
fn whoever_says_that_they_are_not_to_be_found_says_it_for_themselves_and_the_persons_own_word_is_shown() {
    let restrict = ask(THE_SHELTER, Mark::Restrict(Voice::Staff, RestrictionReason::OwnWish));
    let served = Event::ServingAgencyAdded { agency: SHELTER };
    let wish = Restriction { reason: RestrictionReason::OwnWish, own_words: false };
    let again = Event::Restricted(wish, Some(SHELTER));
    let past = || [registered(ANA), served.clone(), restricted_by(None, true)];
    given::<Person>(past()).when(restrict).then([again.clone()]);
    let state = record(past().into_iter().chain([again]));
    let shown = state.known().and_then(Known::restriction).unwrap();
    assert_eq!((shown.reason, shown.own_words), (RestrictionReason::FleeingViolence, true));
}

#[test]
fn an_agency_that_should_never_have_said_it_takes_back_its_own_word_and_no_others() {
    let back = |by| ask(by, Mark::RestrictionInError);
    let in_error = Event::RestrictionInError;
    let served = || [registered(ANA), Event::ServingAgencyAdded { agency: SHELTER }];
    let both = || served().into_iter().chain([restricted(true), restricted_by(Some(SHELTER), false)]);
    let restriction = |past: Vec<Event>| record(past).known().and_then(Known::restriction);
    // Words that staff put into the person's mouth are staff's to take back.
    given::<Person>([registered(ANA), restricted(true)])
        .when(back(THE_CLINIC))
        .then([in_error(Some(CLINIC))]);
    given::<Person>(both()).when(back(THE_CLINIC)).then([in_error(Some(CLINIC))]);
    let shelters = restriction(both().chain([in_error(Some(CLINIC))]).collect());
    assert!(!shelters.expect("the shelter's word stands").own_words);
    given::<Person>(both().chain([in_error(Some(CLINIC))]))
        .when(back(THE_CLINIC))
        .refused(Refusal::RestrictedByAnother);
    let none_left = || both().chain([in_error(Some(CLINIC)), in_error(Some(SHELTER))]);
    assert_eq!(restriction(none_left().collect()), None, "they may be found again");
    given::<Person>(none_left()).when(back(THE_CLINIC)).nothing();
    // The person's own is nobody's to take back but by lifting it.
    let own = || served().into_iter().chain([restricted_by(None, true)]);
    given::<Person>(own()).when(back(THE_CLINIC)).refused(Refusal::RestrictedByAnother);
    given::<Person>(own()).when(back(ANA_HERSELF)).refused(Refusal::NotForThePerson);
    given::<Person>(both()).when(back(By::System)).then([in_error(None)]);
    assert_eq!(restriction(both().chain([in_error(None)]).collect()), None);
    given::<Person>([registered(ANA), restricted(true)]).when(back(THE_SHELTER)).refused(Refusal::NotFound);
}

#[test]
fn what_the_person_asked_for_only_their_own_voice_takes_back() {
    let lift = |by, voice| ask(by, Mark::LiftRestriction(voice));
    let lifted = |own_words| Event::RestrictionLifted { own_words };
    given::<Person>([registered(ANA)]).when(lift(THE_CLINIC, Voice::Staff)).nothing();
    given::<Person>([registered(ANA), restricted(false)])
        .when(lift(THE_CLINIC, Voice::Staff))
        .then([lifted(false)]);
    let own = || [registered(ANA), restricted(true)];
    given::<Person>(own()).when(lift(THE_CLINIC, Voice::Staff)).refused(Refusal::RestrictedByThePerson);
    given::<Person>(own()).when(lift(THE_CLINIC, Voice::Person)).then([lifted(true)]);
    given::<Person>(own()).when(lift(ANA_HERSELF, Voice::Person)).then([lifted(true)]);
    given::<Person>(own()).when(lift(THE_SHELTER, Voice::Person)).refused(Refusal::NotFound);
}
