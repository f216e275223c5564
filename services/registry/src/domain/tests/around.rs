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
        .when(ask(THE_CLINIC, set("555-0100")))
        .then([is("555-0100", Some(CLINIC))]);
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
        .then([around(Change::CrisisContactRemoved)]);
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
        .then([around(Change::WarningSignsRemoved)]);
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
    let left = |until: &str| around(Change::HouseholdLeft(id(7), day(until)));
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
