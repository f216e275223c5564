//! What stands beside a record: a death, and that the person is not to be found.

use kernel::{Occurred, Voice, Zone, given};

use super::*;
use crate::domain::person::{
    Command, Death, DeathSource, Mark, Person, Refusal, Restriction, RestrictionReason,
};

fn death(day: &str, source: DeathSource) -> Death {
    Death { at: Occurred::day(day.parse().unwrap(), Zone::utc()), source }
}

fn ask(by: By, mark: Mark) -> Command {
    Command::Mark { by, mark }
}

fn restricted(own_words: bool) -> Event {
    Event::Restricted(Restriction { reason: RestrictionReason::FleeingViolence, own_words })
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
    given::<Person>(past()).when(ask(THE_CLINIC, Mark::DeathInError)).then([in_error(Some(CLINIC))]);
    given::<Person>([registered(ANA)]).when(ask(THE_CLINIC, Mark::DeathInError)).nothing();
    let back = [registered(ANA), died(&first), in_error(Some(CLINIC))];
    given::<Person>(back).when(ask(THE_CLINIC, told(&first))).then([died(&first)]);
    given::<Person>([registered(ANA)]).when(ask(THE_SHELTER, told(&first))).refused(Refusal::NotFound);
    given::<Person>([registered(ANA)]).when(ask(ANA_HERSELF, told(&first))).refused(Refusal::NotForThePerson);
    given::<Person>(past()).when(ask(ANA_HERSELF, Mark::DeathInError)).refused(Refusal::NotForThePerson);
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
    let state = past
        .chain([again])
        .fold(State::Unmade, |state, event| <Person as kernel::Decider>::evolve(state, &event));
    let told = state.known().unwrap().deaths.latest_first().map(|(_, by)| *by).collect::<Vec<_>>();
    assert_eq!(told, [Some(SHELTER), Some(CLINIC)]);
}

#[test]
fn an_agency_takes_back_its_own_word_of_a_death_and_the_person_lives_when_none_is_left() {
    let first = death("2026-03-01", DeathSource::Family);
    let past = || {
        let served = [registered(ANA), Event::ServingAgencyAdded { agency: SHELTER }];
        let told = [CLINIC, SHELTER].map(|by| Event::Died(first.clone(), Some(by)));
        served.into_iter().chain(told)
    };
    let back = |by| ask(by, Mark::DeathInError);
    let in_error = Event::DeathInError;
    given::<Person>(past()).when(back(THE_SHELTER)).then([in_error(Some(SHELTER))]);
    given::<Person>(past()).when(back(By::System)).then([in_error(None)]);
    let once = || past().chain([in_error(Some(SHELTER))]);
    given::<Person>(once()).when(back(THE_SHELTER)).refused(Refusal::DeathToldByAnother);
    let none_left = || once().chain([in_error(Some(CLINIC))]);
    for by in [THE_SHELTER, THE_CLINIC, By::System] {
        given::<Person>(none_left()).when(back(by)).nothing();
    }
    let of_the_system = past().chain([in_error(None), Event::Died(first.clone(), None)]);
    given::<Person>(of_the_system).when(back(THE_CLINIC)).refused(Refusal::DeathToldByAnother);
    let tellers = |events: &mut dyn Iterator<Item = Event>| {
        let evolve = |state, event: Event| <Person as kernel::Decider>::evolve(state, &event);
        let state = events.fold(State::Unmade, evolve);
        state.known().unwrap().deaths.latest_first().map(|(_, by)| *by).collect::<Vec<_>>()
    };
    assert_eq!(tellers(&mut once()), [Some(CLINIC)], "the clinic's word stands");
    assert_eq!(tellers(&mut none_left()), [], "none is left");
    assert_eq!(tellers(&mut past().chain([in_error(None)])), []);
}

#[test]
fn whoever_serves_the_person_and_the_person_ask_that_they_are_not_to_be_found() {
    let restrict = |by, voice| ask(by, Mark::Restrict(voice, RestrictionReason::FleeingViolence));
    for (by, voice, own_words) in [
        (THE_CLINIC, Voice::Staff, false),
        (THE_CLINIC, Voice::Person, true),
        (ANA_HERSELF, Voice::Person, true),
    ] {
        given::<Person>([registered(ANA)]).when(restrict(by, voice)).then([restricted(own_words)]);
        given::<Person>([registered(ANA), restricted(own_words)]).when(restrict(by, voice)).nothing();
    }
    given::<Person>([registered(ANA)]).when(restrict(THE_SHELTER, Voice::Staff)).refused(Refusal::NotFound);
    // The person may make theirs what staff said; staff change nothing of what the person said.
    given::<Person>([registered(ANA), restricted(false)])
        .when(restrict(ANA_HERSELF, Voice::Person))
        .then([restricted(true)]);
    let wish = ask(THE_CLINIC, Mark::Restrict(Voice::Staff, RestrictionReason::OwnWish));
    given::<Person>([registered(ANA), restricted(true)]).when(wish).nothing();
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
