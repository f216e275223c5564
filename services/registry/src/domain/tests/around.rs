//! Who and what is around a person.

use kernel::ids::Uuid;
use kernel::{Day, Voice, given};

use super::*;
use crate::domain::person::{
    AroundAsk as Ask, Change, Command, ContactPoint, CrisisContact, Membership, Person, Refusal, Relationship,
};

fn ask(by: By, ask: Ask) -> Command {
    Command::Around { by, ask }
}

fn around(change: Change) -> Event {
    Event::Around(change)
}

fn phone(number: &str) -> ContactPoint {
    ContactPoint {
        kind: 1,
        value: Private::plain(number),
        whose: None,
        safe_to_leave_message: false,
        best_times: None,
        used_for: 5,
        safe_to_say_who_calls: false,
    }
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

#[test]
fn a_contact_point_is_set_said_otherwise_and_removed_by_those_who_serve_and_the_person() {
    let set = |number| Ask::SetContact(id(1), phone(number));
    let is = |number, by| around(Change::ContactSet(id(1), phone(number), by));
    given::<Person>([registered(ANA)])
        .when(ask(THE_CLINIC, Ask::AddContact(id(1), phone("555-0100"))))
        .then([is("555-0100", Some(CLINIC))]);
    given::<Person>([registered(ANA)])
        .when(ask(THE_CLINIC, set("555-0100")))
        .refused(Refusal::NoSuchContactPoint);
    let past = || [registered(ANA), is("555-0100", Some(CLINIC))];
    given::<Person>(past()).when(ask(ANA_HERSELF, set("555-0101"))).then([is("555-0101", None)]);
    given::<Person>(past())
        .when(ask(ANA_HERSELF, Ask::RemoveContact(id(1))))
        .then([around(Change::ContactRemoved(id(1)))]);
    given::<Person>(past())
        .when(ask(THE_CLINIC, Ask::RemoveContact(id(2))))
        .refused(Refusal::NoSuchContactPoint);
    given::<Person>(past()).when(ask(THE_SHELTER, set("555-0102"))).refused(Refusal::NotFound);
}

/// Both agencies serve her.
fn served() -> [Event; 2] {
    [registered(ANA), Event::ServingAgencyAdded { agency: SHELTER }]
}

fn folded(events: impl IntoIterator<Item = Event>) -> crate::domain::person::Around {
    let state = events
        .into_iter()
        .fold(State::Unmade, |state, event| <Person as kernel::Decider>::evolve(state, &event));
    state.known().unwrap().around.clone()
}

#[test]
fn another_agencys_contact_point_is_as_none_and_the_persons_correction_leaves_it_whose_it_is() {
    let is = |number, by| around(Change::ContactSet(id(1), phone(number), by));
    let past = || served().into_iter().chain([is("555-0100", Some(CLINIC))]);
    for wrong in [Ask::SetContact(id(1), phone("555-0199")), Ask::RemoveContact(id(1))] {
        given::<Person>(past()).when(ask(THE_SHELTER, wrong)).refused(Refusal::NoSuchContactPoint);
    }
    let corrected = folded(past().chain([is("555-0101", None)]));
    assert_eq!(corrected.contacts[&id(1)], (phone("555-0101"), Some(CLINIC)));
}

#[test]
fn what_one_agency_says_of_a_crisis_no_other_overwrites_or_takes_back() {
    let named = |name, by| {
        let contact =
            CrisisContact { name: Private::plain(name), relationship: None, reached: phone("555-0100") };
        around(Change::CrisisContactSet(contact, by))
    };
    let signs = |text, by| around(Change::WarningSignsSet(Private::plain(text), by));
    let past = || {
        served().into_iter().chain([
            named("Dora", Some(CLINIC)),
            named("Emil", Some(SHELTER)),
            signs("I stop sleeping", Some(CLINIC)),
            signs("I stop calling", Some(SHELTER)),
            named("Dora", Some(CLINIC)),
        ])
    };
    let held = folded(past());
    let writers: Vec<_> = held.crisis_contact.latest_first().map(|(_, by)| *by).collect();
    assert_eq!(writers, [Some(CLINIC), Some(SHELTER)], "one for each, the latest first");
    assert_eq!(held.warning_signs.latest_first().count(), 2);
    let removed = |by| [Change::CrisisContactRemoved(by), Change::WarningSignsRemoved(by)].map(around);
    given::<Person>(past())
        .when(ask(THE_SHELTER, Ask::RemoveCrisisContact))
        .then([around(Change::CrisisContactRemoved(Some(SHELTER)))]);
    let after = folded(past().chain(removed(Some(SHELTER))));
    assert_eq!(after.crisis_contact.latest_first().map(|(_, by)| *by).collect::<Vec<_>>(), [Some(CLINIC)]);
    assert_eq!(after.warning_signs.latest_first().map(|(_, by)| *by).collect::<Vec<_>>(), [Some(CLINIC)]);
    given::<Person>(past().chain(removed(Some(SHELTER))))
        .when(ask(THE_SHELTER, Ask::RemoveCrisisContact))
        .nothing();
    given::<Person>(past().chain(removed(Some(SHELTER))))
        .when(ask(THE_SHELTER, Ask::RemoveWarningSigns(Voice::Person)))
        .nothing();
    let hers = folded(past().chain(removed(None)));
    assert_eq!(hers.crisis_contact.latest_first().count() + hers.warning_signs.latest_first().count(), 0);
}

#[test]
fn a_crisis_contact_takes_the_place_of_the_one_before() {
    let contact =
        |name| CrisisContact { name: Private::plain(name), relationship: None, reached: phone("555-0100") };
    let set = |name| around(Change::CrisisContactSet(contact(name), Some(CLINIC)));
    given::<Person>([registered(ANA), set("Dora")])
        .when(ask(THE_CLINIC, Ask::SetCrisisContact(contact("Emil"))))
        .then([set("Emil")]);
    given::<Person>([registered(ANA), set("Dora")])
        .when(ask(ANA_HERSELF, Ask::RemoveCrisisContact))
        .then([around(Change::CrisisContactRemoved(None))]);
    given::<Person>([registered(ANA)]).when(ask(THE_CLINIC, Ask::RemoveCrisisContact)).nothing();
}

#[test]
fn warning_signs_are_the_persons_own_words() {
    let set = |voice| Ask::SetWarningSigns(voice, Private::plain("I stop sleeping"));
    let signs = |by| around(Change::WarningSignsSet(Private::plain("I stop sleeping"), by));
    given::<Person>([registered(ANA)])
        .when(ask(THE_CLINIC, set(Voice::Staff)))
        .refused(Refusal::NotInPersonsVoice);
    given::<Person>([registered(ANA)]).when(ask(THE_CLINIC, set(Voice::Person))).then([signs(Some(CLINIC))]);
    given::<Person>([registered(ANA)]).when(ask(ANA_HERSELF, set(Voice::Person))).then([signs(None)]);
    let past = || [registered(ANA), signs(None)];
    given::<Person>(past())
        .when(ask(THE_CLINIC, Ask::RemoveWarningSigns(Voice::Staff)))
        .refused(Refusal::NotInPersonsVoice);
    given::<Person>(past())
        .when(ask(ANA_HERSELF, Ask::RemoveWarningSigns(Voice::Person)))
        .then([around(Change::WarningSignsRemoved(None))]);
    given::<Person>([registered(ANA)])
        .when(ask(ANA_HERSELF, Ask::RemoveWarningSigns(Voice::Person)))
        .nothing();
}

#[test]
fn a_household_is_joined_once_corrected_and_left() {
    let day = |text: &str| -> Day { text.parse().unwrap() };
    let member = |from: &str| Membership {
        household: id(7),
        relationship: Relationship::Child,
        from: day(from),
        until: None,
    };
    let joined = |from| around(Change::HouseholdJoined(member(from), Some(CLINIC)));
    let leave = |until: &str| ask(THE_CLINIC, Ask::LeaveHousehold(id(7), day(until)));
    let left = |until: &str| around(Change::HouseholdLeft(id(7), day(until), Some(CLINIC)));
    let join = |from| ask(THE_CLINIC, Ask::JoinHousehold(member(from)));
    given::<Person>([registered(ANA)]).when(join("2026-03-01")).then([joined("2026-03-01")]);
    let past = || [registered(ANA), joined("2026-03-01")];
    given::<Person>(past()).when(join("2026-03-01")).nothing();
    given::<Person>(past()).when(join("2026-02-01")).then([joined("2026-02-01")]);
    given::<Person>(past()).when(leave("2026-03-01")).then([left("2026-03-01")]);
    given::<Person>(past()).when(leave("2026-02-28")).refused(Refusal::LeftBeforeJoined);
    given::<Person>([registered(ANA)]).when(leave("2026-03-09")).refused(Refusal::NotOfThisHousehold);
    let gone = || [registered(ANA), joined("2026-03-01"), left("2026-03-09")];
    given::<Person>(gone()).when(leave("2026-03-09")).nothing();
    given::<Person>(gone()).when(leave("2026-03-10")).then([left("2026-03-10")]);
    given::<Person>(gone()).when(join("2026-03-01")).then([joined("2026-03-01")]);
}

#[test]
fn what_one_agency_says_of_a_household_no_other_takes_over_or_ends() {
    let member = |from: &str| Membership {
        household: id(7),
        relationship: Relationship::Child,
        from: from.parse().unwrap(),
        until: None,
    };
    let joined = |from, by| around(Change::HouseholdJoined(member(from), by));
    let left = |by| around(Change::HouseholdLeft(id(7), "2026-03-09".parse().unwrap(), by));
    let leave = |by| ask(by, Ask::LeaveHousehold(id(7), "2026-03-09".parse().unwrap()));
    let past = || served().into_iter().chain([joined("2026-03-01", Some(CLINIC))]);
    // Its own word beside the other's, whether or not it says the same.
    for from in ["2026-03-01", "2026-02-01"] {
        given::<Person>(past())
            .when(ask(THE_SHELTER, Ask::JoinHousehold(member(from))))
            .then([joined(from, Some(SHELTER))]);
    }
    given::<Person>(past()).when(leave(THE_SHELTER)).refused(Refusal::NotOfThisHousehold);
    let both = || past().chain([joined("2026-02-01", Some(SHELTER))]);
    given::<Person>(both()).when(leave(THE_SHELTER)).then([left(Some(SHELTER))]);
    let state = both()
        .chain([left(Some(SHELTER))])
        .fold(State::Unmade, |state, event| <Person as kernel::Decider>::evolve(state, &event));
    let until = |by| state.known().unwrap().around.households[&(id(7), Some(by))].until;
    assert_eq!((until(CLINIC), until(SHELTER)), (None, Some("2026-03-09".parse().unwrap())));
    // The person, and who runs the system, end it whoever said so.
    given::<Person>(both()).when(leave(ANA_HERSELF)).then([left(None)]);
    let state = both()
        .chain([left(None)])
        .fold(State::Unmade, |state, event| <Person as kernel::Decider>::evolve(state, &event));
    let over = |by| state.known().unwrap().around.households[&(id(7), Some(by))].until.is_some();
    assert!(over(CLINIC) && over(SHELTER));
}

#[test]
fn that_somebody_belongs_to_a_household_is_taken_back_by_whoever_should_never_have_said_it() {
    let home = |number| Membership {
        household: id(number),
        relationship: Relationship::Child,
        from: Day::constant(2026, 3, 1),
        until: None,
    };
    let joined = |by| around(Change::HouseholdJoined(home(1), by));
    let mark = |by| ask(by, Ask::HouseholdInError(id(1), Some(id(2))));
    let gone = |by| around(Change::HouseholdInError(id(1), Some(id(2)), by));
    let both = || served().into_iter().chain([joined(Some(CLINIC)), joined(Some(SHELTER))]);
    given::<Person>(both()).when(mark(THE_CLINIC)).then([gone(Some(CLINIC))]);
    given::<Person>(both()).when(mark(By::System)).then([gone(None)]);
    let left = |events: Vec<Event>| {
        let state = <Person as kernel::Decider>::fold(&events);
        state.known().unwrap().around.households.keys().map(|(_, by)| *by).collect::<Vec<_>>()
    };
    assert_eq!(
        left(both().chain([gone(Some(CLINIC))]).collect()),
        [Some(SHELTER)],
        "the shelter's word stands"
    );
    assert_eq!(left(both().chain([gone(None)]).collect()), []);
    given::<Person>(both().chain([gone(Some(CLINIC))]))
        .when(mark(THE_CLINIC))
        .refused(Refusal::NotOfThisHousehold);
    let of_the_shelter = served().into_iter().chain([joined(Some(SHELTER))]);
    given::<Person>(of_the_shelter).when(mark(THE_CLINIC)).refused(Refusal::NotOfThisHousehold);
}
