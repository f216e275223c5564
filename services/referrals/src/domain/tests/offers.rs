//! Offers.

use kernel::{Decider, given};

use super::*;
use crate::domain::offer::{
    Area, Capacity, Command, Event, Hours, Offer, Place, Refusal, Room, same_language,
};

fn published() -> Event {
    saying(content())
}

fn saying(content: Content) -> Event {
    Event::Published { agency: CLINIC, content, discrepancies: vec![], told: None }
}

fn withdraw(agency: kernel::AgencyId) -> Command {
    Command::Withdraw { agency, by_source: false }
}

fn withdrawn() -> Event {
    Event::Withdrawn { by_source: false }
}

/// By a source's word.
fn told(content: Content, told: Content) -> Event {
    Event::Published { agency: CLINIC, content, discrepancies: vec![], told: Some(Box::new(told)) }
}

fn room(room: Room, as_of: &str) -> Capacity {
    Capacity { room, as_of: at(as_of), refresh_hours: 48 }
}

#[test]
fn an_offer_is_published_changed_and_taken_back_by_its_agency_alone() {
    let publish = |agency| Command::Publish { agency, content: content() };
    given::<Offer>([]).when(publish(CLINIC)).then([published()]);
    given::<Offer>([published()]).when(publish(CLINIC)).nothing();
    let other = Content { name: "Other".into(), ..content() };
    given::<Offer>([published()])
        .when(Command::Publish { agency: CLINIC, content: other.clone() })
        .then([saying(other)]);
    given::<Offer>([published()]).when(publish(SHELTER)).refused(Refusal::NotFound);
    given::<Offer>([published()]).when(withdraw(SHELTER)).refused(Refusal::NotFound);
    given::<Offer>([published()]).when(withdraw(CLINIC)).then([withdrawn()]);
    given::<Offer>([published(), withdrawn()]).when(withdraw(CLINIC)).nothing();
    given::<Offer>([]).when(withdraw(CLINIC)).refused(Refusal::NotFound);
    given::<Offer>([published(), withdrawn()]).when(publish(CLINIC)).then([published()]);
}

#[test]
fn an_offer_is_changed_while_it_stands_by_its_agency_alone() {
    let other = Content { name: "Other".into(), ..content() };
    let change = |agency| Command::Change { agency, content: other.clone() };
    given::<Offer>([published()]).when(change(CLINIC)).then([saying(other.clone())]);
    given::<Offer>([saying(other.clone())]).when(change(CLINIC)).nothing();
    given::<Offer>([]).when(change(CLINIC)).refused(Refusal::NotFound);
    given::<Offer>([published()]).when(change(SHELTER)).refused(Refusal::NotFound);
    given::<Offer>([published(), withdrawn()]).when(change(CLINIC)).refused(Refusal::Withdrawn);
    given::<Offer>([published(), withdrawn()]).when(change(SHELTER)).refused(Refusal::NotFound);
}

#[test]
fn its_agency_alone_reports_how_much_room_a_standing_offer_has_and_a_later_report_holds() {
    let (noon, later) = ("2026-03-04T18:00:00Z", "2026-03-05T18:00:00Z");
    let has = room(Room::Has { vacancies: Some(2) }, noon);
    let full = room(Room::Full, later);
    let report = |agency, capacity| Command::Report { agency, capacity };
    given::<Offer>([published()]).when(report(CLINIC, has)).then([Event::CapacityReported(has)]);
    let reported = || [published(), Event::CapacityReported(full)];
    given::<Offer>(reported()).when(report(CLINIC, full)).nothing();
    given::<Offer>(reported()).when(report(CLINIC, has)).refused(Refusal::LaterKnown);
    // Of the same instant the one that was said last holds.
    let other = room(Room::Waitlist, later);
    given::<Offer>(reported()).when(report(CLINIC, other)).then([Event::CapacityReported(other)]);
    given::<Offer>([published()]).when(report(SHELTER, has)).refused(Refusal::NotFound);
    given::<Offer>([]).when(report(CLINIC, has)).refused(Refusal::NotFound);
    given::<Offer>([published(), withdrawn()]).when(report(CLINIC, has)).refused(Refusal::Withdrawn);
}

#[test]
fn an_offer_that_says_something_else_has_as_much_room_as_before_and_one_published_again_begins_anew() {
    let has = room(Room::Full, "2026-03-04T18:00:00Z");
    let fold = |events: &[Event]| {
        let state = events.iter().fold(Default::default(), Offer::evolve);
        state.capacity().copied()
    };
    let other = saying(Content { name: "Other".into(), ..content() });
    assert_eq!(fold(&[published(), Event::CapacityReported(has), other]), Some(has));
    assert_eq!(fold(&[published(), Event::CapacityReported(has), withdrawn()]), None);
    assert_eq!(fold(&[published(), Event::CapacityReported(has), withdrawn(), published()]), None);
}

#[test]
fn a_report_is_relied_on_until_its_period_is_over_and_not_at_its_end() {
    let has = room(Room::Has { vacancies: None }, "2026-03-04T18:00:00Z");
    assert_eq!(has.at(at("2026-03-06T17:59:59Z")), Some(has.room));
    assert_eq!(has.at(at("2026-03-06T18:00:00Z")), None);
}

#[test]
fn an_offer_of_zero_exclusion_names_the_wish_age_area_and_language_alone() {
    let eligible = Eligibility {
        minimum_age: Some(18),
        maximum_age: Some(65),
        wants_service: true,
        ..Eligibility::default()
    };
    let area = Area { country: "US".into(), ..Area::default() };
    let ips = Content {
        zero_exclusion: true,
        eligibility: eligible.clone(),
        areas: vec![area],
        languages: vec!["en".into()],
        ..content()
    };
    assert_eq!(ips.beyond_zero_exclusion(), None);
    let with = |eligibility| Content { eligibility, ..ips.clone() };
    let sober = with(Eligibility { text: "six months sober".into(), ..eligible.clone() });
    assert_eq!(sober.beyond_zero_exclusion(), Some("eligibility.text"));
    let housed = with(Eligibility { populations: vec!["housed".into()], ..eligible });
    assert_eq!(housed.beyond_zero_exclusion(), Some("eligibility.population_codes"));
    let other = Content { zero_exclusion: false, ..sober.clone() };
    assert_eq!(other.beyond_zero_exclusion(), None, "other offers may ask for what they like");

    // What another system says of one is kept, and what is wrong with it is told.
    let found = kernel::Discrepancy::new(
        "ZERO_EXCLUSION",
        "an offer of zero exclusion names eligibility.text, which excludes nobody from it",
    );
    let word = Some(Box::new(sober.clone()));
    let told =
        Event::Published { agency: CLINIC, content: sober.clone(), discrepancies: vec![found], told: word };
    let record = || Command::Record { agency: CLINIC, content: sober.clone() };
    given::<Offer>([]).when(record()).then([told.clone()]);
    given::<Offer>([told]).when(record()).nothing();
}

#[test]
fn an_area_serves_a_place_by_all_that_it_names_and_says_nothing_of_what_the_place_leaves_out() {
    let area = |country: &str, codes: &[&str], name: &str| Area {
        country: country.into(),
        postal_codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        name: name.into(),
    };
    let place = |country: &str, code: &str, names: &[&str]| Place {
        country: country.into(),
        postal_code: code.into(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    for (area, place, serves) in [
        (area("US", &[], ""), place("US", "", &[]), Some(true)),
        (area("US", &[], ""), place("CA", "60601", &["Cook"]), Some(false)),
        (area("US", &["60601", "60602"], ""), place("US", "60602", &[]), Some(true)),
        (area("US", &["60601"], ""), place("US", "60603", &[]), Some(false)),
        (area("US", &["60601"], ""), place("US", "", &[]), None),
        (area("US", &["60601"], ""), place("CA", "", &[]), Some(false)),
        (area("", &["SW1A 1AA"], ""), place("", "sw1a1aa", &[]), Some(true)),
        (area("", &[], "Cook County"), place("US", "60601", &["Lake County", "cook county"]), Some(true)),
        (area("", &[], "Cook County"), place("US", "60601", &["Lake County"]), Some(false)),
        (area("", &[], "Cook County"), place("US", "60601", &[]), None),
    ] {
        assert_eq!(area.serves(&place), serves, "{area:?} {place:?}");
    }
}

#[test]
fn hours_meet_where_both_are_open_past_midnight_and_over_the_end_of_a_week() {
    use jiff::civil::{Weekday, time};
    let hours = |days: &[Weekday], opens, closes| Hours {
        days: days.to_vec(),
        opens: time(opens, 0, 0, 0),
        closes: time(closes, 0, 0, 0),
    };
    let day = hours(&[Weekday::Monday, Weekday::Tuesday], 9, 17);
    for (other, share) in [
        (hours(&[Weekday::Tuesday], 16, 20), true),
        (hours(&[Weekday::Tuesday], 17, 20), false),
        (hours(&[Weekday::Wednesday], 9, 17), false),
        (hours(&[Weekday::Monday], 22, 10), true),
        (hours(&[Weekday::Sunday], 22, 10), true),
        (hours(&[Weekday::Sunday], 22, 9), false),
        (hours(&[Weekday::Saturday], 0, 23), false),
    ] {
        assert_eq!((day.share(&other), other.share(&day)), (share, share), "{other:?}");
    }
}

#[test]
fn a_language_is_met_by_itself_and_by_a_wider_or_narrower_tag() {
    for (one, other, same) in
        [("es", "es-MX", true), ("ES-mx", "es-MX", true), ("es-ES", "es-MX", false), ("en", "es", false)]
    {
        assert_eq!((same_language(one, other), same_language(other, one)), (same, same), "{one} {other}");
    }
}

#[test]
fn what_a_source_tells_again_changes_nothing_that_the_agency_has_set_since() {
    let record = |content: &Content| Command::Record { agency: CLINIC, content: content.clone() };
    let directory = content();
    let set = Content { part2: true, expires: Some(true), ..content() };
    let past = || [told(directory.clone(), directory.clone()), saying(set.clone())];
    given::<Offer>(past()).when(record(&directory)).nothing();

    // A typo mended in the directory is mended here, and nothing else moves.
    let mended = Content { name: "Kitchen skills, mended".into(), ..content() };
    let both = Content { name: mended.name.clone(), ..set.clone() };
    given::<Offer>(past()).when(record(&mended)).then([told(both, mended)]);

    // What the source takes back the source brings back; what the agency takes back stays so.
    let gone = |by_source| [told(directory.clone(), directory.clone()), Event::Withdrawn { by_source }];
    given::<Offer>(gone(true)).when(record(&directory)).then([told(directory.clone(), directory.clone())]);
    given::<Offer>(gone(false)).when(record(&directory)).nothing();
}
