//! What each change of a record is about.

use std::collections::BTreeSet;

use kernel::ids::Uuid;
use kernel::{Decider, Occurred, Zone};

use super::*;
use crate::domain::person::{
    About, Change, ContactPoint, Death, DeathSource, Membership, Person, Relationship, Restriction,
    RestrictionReason,
};

const HOME: Uuid = Uuid::from_u128(30);
const PHONE: Uuid = Uuid::from_u128(31);

fn phone() -> ContactPoint {
    ContactPoint {
        kind: 1,
        value: Private::plain("555-0100"),
        whose: None,
        safe_to_leave_message: false,
        best_times: None,
        used_for: 0,
        safe_to_say_who_calls: false,
    }
}

fn of<const N: usize>(writers: [Option<AgencyId>; N]) -> BTreeSet<Option<AgencyId>> {
    writers.into()
}

/// What the events are about, in their order.
fn about(events: impl IntoIterator<Item = Event>) -> Vec<About> {
    let state = Person::fold(&events.into_iter().collect::<Vec<_>>());
    state.known().unwrap().changes.clone()
}

#[test]
fn each_change_is_about_whose_word_it_is_and_what_it_takes_away_is_about_whose_that_was() {
    let around = |change| Event::Around(change);
    let signs = |by| around(Change::WarningSignsSet(Private::plain("pacing"), by));
    let membership = Membership {
        household: HOME,
        relationship: Relationship::Head,
        from: "2026-01-01".parse().unwrap(),
        until: None,
    };
    let left = "2026-02-01".parse().unwrap();
    let death =
        Death { at: Occurred::day("2026-03-01".parse().unwrap(), Zone::utc()), source: DeathSource::Family };
    let (clinic, shelter) = (Some(CLINIC), Some(SHELTER));
    let told = [
        (registered(ANA), About::Record),
        (Event::IdentifierAdded(number(9)), About::Identifier(Scope::Agency(CLINIC), Use::RecordNumber)),
        (
            Event::IdentifierRemoved { key_hash: [9; 32] },
            About::Identifier(Scope::Agency(CLINIC), Use::RecordNumber),
        ),
        (Event::ServingAgencyAdded { agency: SHELTER }, About::Serving(SHELTER)),
        (Event::NeverLinked { one: BEN, other: ANA }, About::Other(BEN)),
        (Event::Linked { canonical: ANA, member: BEN }, About::Other(BEN)),
        (Event::Unlinked { canonical: ANA, member: BEN }, About::Other(BEN)),
        (around(Change::ContactSet(PHONE, phone(), clinic)), About::Around(of([clinic]))),
        // The person changes what the clinic wrote, and it stays the clinic's.
        (around(Change::ContactSet(PHONE, phone(), None)), About::Around(of([clinic]))),
        (around(Change::ContactRemoved(PHONE)), About::Around(of([clinic]))),
        (signs(clinic), About::Around(of([clinic]))),
        (signs(shelter), About::Around(of([shelter]))),
        (around(Change::WarningSignsRemoved(shelter)), About::Around(of([shelter]))),
        (signs(shelter), About::Around(of([shelter]))),
        // What the person takes back goes of all who said it.
        (around(Change::WarningSignsRemoved(None)), About::Around(of([None, clinic, shelter]))),
        (around(Change::HouseholdJoined(membership, clinic)), About::Around(of([clinic]))),
        (around(Change::HouseholdJoined(membership, shelter)), About::Around(of([shelter]))),
        (around(Change::HouseholdLeft(HOME, left, shelter)), About::Around(of([shelter]))),
        (around(Change::HouseholdLeft(HOME, left, None)), About::Around(of([None, clinic, shelter]))),
        (Event::Died(death.clone(), clinic), About::Death(of([clinic]))),
        (Event::Died(death, shelter), About::Death(of([shelter]))),
        (Event::DeathInError(clinic), About::Death(of([clinic]))),
        (Event::DeathInError(None), About::Death(of([None, shelter]))),
        (restricted(RestrictionReason::OwnWish), About::Restriction),
        (restricted(RestrictionReason::FleeingViolence), About::RestrictionReason),
        (Event::RestrictionLifted { own_words: true }, About::Restriction),
        (restricted(RestrictionReason::OwnWish), About::Restriction),
        (restricted_by(RestrictionReason::OwnWish, shelter), About::RestrictionReason),
        // The shelter's word stands.
        (Event::RestrictionInError(clinic), About::RestrictionReason),
        (Event::RestrictionInError(shelter), About::Restriction),
        (around(Change::HouseholdInError(HOME, None, shelter)), About::Around(of([shelter]))),
        (Event::Changed { details: details(2) }, About::Record),
        (Event::EnteredInError, About::Record),
        (Event::Erased, About::Record),
    ];
    let (events, expected): (Vec<_>, Vec<_>) = told.into_iter().unzip();
    assert_eq!(about(events), expected, "one for each version");
}

fn restricted(reason: RestrictionReason) -> Event {
    restricted_by(reason, Some(CLINIC))
}

fn restricted_by(reason: RestrictionReason, by: Option<AgencyId>) -> Event {
    Event::Restricted(Restriction { reason, own_words: true }, by)
}
