//! Who speaks for a person: added and ended by the agency that saw what stands behind it.

use kernel::ids::Uuid;
use kernel::{Day, given};

use super::*;
use crate::domain::person::{AroundAsk, Change, Command, Matter, Person, Refusal, Relation, Representative};

fn day(number: i8) -> Day {
    Day::constant(2026, 3, number)
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn rob() -> Representative {
    Representative {
        name: Private::plain("Rob Example"),
        relation: Relation::Guardian,
        matters: [Matter::Consents].into(),
        from: day(4),
        until: None,
        evidence: Private::plain("court order"),
    }
}

fn ask(by: By, ask: AroundAsk) -> Command {
    Command::Around { by, ask }
}

fn adds(by: By) -> Command {
    ask(by, AroundAsk::AddRepresentative(id(1), rob()))
}

fn ends(by: By, until: Day) -> Command {
    ask(by, AroundAsk::EndRepresentative(id(1), until))
}

fn added(number: u128, representative: Representative) -> Event {
    Event::Around(Change::RepresentativeAdded(id(number), representative, CLINIC))
}

fn ended(until: Day) -> Event {
    Event::Around(Change::RepresentativeEnded(id(1), until))
}

#[test]
fn an_agency_that_serves_the_person_says_who_speaks_for_them_and_nobody_names_their_own() {
    given::<Person>([registered(ANA)]).when(adds(THE_CLINIC)).then([added(1, rob())]);
    given::<Person>([registered(ANA)]).when(adds(ANA_HERSELF)).refused(Refusal::AgenciesAlone);
    given::<Person>([registered(ANA)]).when(adds(By::System)).refused(Refusal::AgenciesAlone);
    given::<Person>([registered(ANA)]).when(adds(THE_SHELTER)).refused(Refusal::NotFound);
    given::<Person>([registered(ANA), Event::Erased]).when(adds(THE_CLINIC)).refused(Refusal::Erased);
}

#[test]
fn the_agency_that_added_a_representative_ends_them_and_no_other() {
    let past = || [registered(ANA), Event::ServingAgencyAdded { agency: SHELTER }, added(1, rob())];
    given::<Person>(past()).when(ends(THE_CLINIC, day(9))).then([ended(day(9))]);
    given::<Person>(past()).when(ends(THE_SHELTER, day(9))).refused(Refusal::NoSuchRepresentative);
    given::<Person>(past()).when(ends(ANA_HERSELF, day(9))).refused(Refusal::NoSuchRepresentative);
    given::<Person>([registered(ANA)]).when(ends(THE_CLINIC, day(9))).refused(Refusal::NoSuchRepresentative);
    given::<Person>(past()).when(ends(THE_CLINIC, day(3))).refused(Refusal::RepresentativeEndsBeforeBegun);
    given::<Person>(past()).when(ends(THE_CLINIC, day(4))).then([ended(day(4))]);
}

#[test]
fn an_end_may_come_sooner_and_never_later() {
    let past = || [registered(ANA), added(1, rob()), ended(day(9))];
    given::<Person>(past()).when(ends(THE_CLINIC, day(9))).nothing();
    given::<Person>(past()).when(ends(THE_CLINIC, day(8))).then([ended(day(8))]);
    given::<Person>(past()).when(ends(THE_CLINIC, day(10))).refused(Refusal::RepresentativeEnded);
}

#[test]
fn only_so_many_representatives_have_no_end() {
    let twenty = || (1..=20).map(|number| added(number, rob()));
    let another = ask(THE_CLINIC, AroundAsk::AddRepresentative(id(21), rob()));
    given::<Person>([registered(ANA)].into_iter().chain(twenty()))
        .when(another.clone())
        .refused(Refusal::TooManyRepresentatives);
    let one_ended = [registered(ANA)].into_iter().chain(twenty()).chain([ended(day(9))]);
    given::<Person>(one_ended).when(another).then([added(21, rob())]);
}

#[test]
fn a_representative_speaks_from_their_first_day_to_before_their_end_on_their_matters_alone() {
    let rob = Representative { until: Some(day(9)), ..rob() };
    assert!(!rob.speaks_on(Matter::Consents, day(3)));
    assert!(rob.speaks_on(Matter::Consents, day(4)));
    assert!(rob.speaks_on(Matter::Consents, day(8)));
    assert!(!rob.speaks_on(Matter::Consents, day(9)));
    assert!(!rob.speaks_on(Matter::Goals, day(4)));
    let on_all = Representative { matters: [Matter::All].into(), ..rob };
    assert!(on_all.speaks_on(Matter::Consents, day(4)) && on_all.speaks_on(Matter::Goals, day(4)));
}

#[test]
fn an_erased_person_has_no_representative() {
    use kernel::Decider;
    let past = [registered(ANA), added(1, rob()), Event::Erased];
    let after = past.iter().fold(State::Unmade, Person::evolve);
    assert!(after.known().unwrap().around.representatives.is_empty());
}

#[test]
fn a_representative_who_never_should_have_been_written_down_is_taken_off_by_that_agency_and_not_by_whom_they_speak_for()
 {
    let mark = |by| ask(by, AroundAsk::RepresentativeInError(id(1), Some(id(2))));
    let gone = || Event::Around(Change::RepresentativeInError(id(1), Some(id(2))));
    let past = || [registered(ANA), Event::ServingAgencyAdded { agency: SHELTER }, added(1, rob())];
    for by in [THE_CLINIC, By::System] {
        given::<Person>(past()).when(mark(by)).then([gone()]);
    }
    for by in [THE_SHELTER, ANA_HERSELF] {
        given::<Person>(past()).when(mark(by)).refused(Refusal::NoSuchRepresentative);
    }
    given::<Person>(past().into_iter().chain([gone()]))
        .when(mark(THE_CLINIC))
        .refused(Refusal::NoSuchRepresentative);
    given::<Person>(past().into_iter().chain([gone()]))
        .when(ends(THE_CLINIC, day(9)))
        .refused(Refusal::NoSuchRepresentative);
}
