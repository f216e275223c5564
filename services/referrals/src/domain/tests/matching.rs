//! How offers fit: each reason by what the caller says and what the offer says, and the order that comes of it.

use jiff::civil::{Weekday, time};

use super::*;
use crate::domain::matching::{Code, Consent, Fit, Wish, weigh};
use crate::domain::offer::{Area, Capacity, Hours, Location, Mode, Place, Room};

/// What everybody here looks for: help with daily living.
fn wish() -> Wish {
    Wish { life_domain: Some(4), ..Wish::default() }
}

fn fit_with(wish: &Wish, content: &Content, capacity: Option<Capacity>, consent: Consent) -> Option<Fit> {
    weigh(wish, content, capacity.as_ref(), consent, noon())
}

/// The reasons beside those that every match of this wish has.
fn reasons(wish: &Wish, content: &Content) -> Vec<Code> {
    let fit = fit_with(wish, content, None, Consent::Unknown).unwrap();
    let everybodys = [Code::LifeDomain, Code::CapacityUnknown, Code::ConsentUnknown];
    fit.reasons.into_iter().filter(|code| !everybodys.contains(code)).collect()
}

fn covers() -> Consent {
    Consent::Covers("directive-1".into())
}

fn evenings() -> Hours {
    Hours { days: vec![Weekday::Monday], opens: time(17, 0, 0, 0), closes: time(20, 0, 0, 0) }
}

fn of_ages(minimum_age: Option<u32>, maximum_age: Option<u32>) -> Content {
    Content { eligibility: Eligibility { minimum_age, maximum_age, ..Eligibility::default() }, ..content() }
}

#[test]
fn each_reason_follows_from_what_is_said_on_both_sides_and_what_is_left_unsaid_weighs_nothing() {
    let spanish = || Content { languages: vec!["en".into(), "es-MX".into()], ..content() };
    let local = |codes: &[&str]| {
        let postal_codes = codes.iter().map(|code| (*code).to_owned()).collect();
        Content { areas: vec![Area { postal_codes, ..Area::default() }], ..content() }
    };
    let speaking = |tag: &str| Wish { languages: vec![tag.to_owned()], ..wish() };
    let at_code = |code: &str| {
        let place = Place { postal_code: code.into(), ..Place::default() };
        Wish { place: Some(place), ..wish() }
    };
    let in_town = |name: &str, country: &str| {
        let names = [name.to_owned()].into();
        let place = Place { names, country: country.into(), ..Place::default() };
        Wish { place: Some(place), ..wish() }
    };
    let at = |city: &str, postal_code: &str, country: &str| {
        let (city, postal_code, country) = (city.into(), postal_code.into(), country.into());
        let location = Location { city, postal_code, country, ..Location::default() };
        Content { locations: vec![Location::default(), location], ..content() }
    };
    let aged = |age| Wish { age: Some(age), ..wish() };
    let open = Content { hours: vec![evenings()], modes: vec![Mode::Video, Mode::Outreach], ..content() };
    for (wish, content, expected) in [
        (wish(), content(), vec![]),
        (Wish { practice: "skills-training".into(), ..wish() }, content(), vec![Code::Practice]),
        (Wish { practice: "cbt".into(), ..wish() }, content(), vec![]),
        (Wish { goal: vec![3, 4], ..wish() }, content(), vec![Code::Goal]),
        (Wish { goal: vec![3], ..wish() }, content(), vec![]),
        (Wish { preferred: vec![4], ..wish() }, content(), vec![Code::Preference]),
        (Wish { modes: vec![Mode::Phone, Mode::Video], ..wish() }, open.clone(), vec![Code::Mode]),
        (Wish { modes: vec![Mode::Phone], ..wish() }, open.clone(), vec![]),
        (Wish { modes: vec![Mode::Phone], ..wish() }, content(), vec![]),
        (Wish { hours: vec![evenings()], ..wish() }, open, vec![Code::Hours]),
        (Wish { hours: vec![evenings()], ..wish() }, content(), vec![]),
        (speaking("es"), spanish(), vec![Code::Language]),
        (speaking("fr"), spanish(), vec![Code::LanguageMissing]),
        (speaking("fr"), content(), vec![]),
        (wish(), spanish(), vec![]),
        (at_code("60601"), local(&["60601"]), vec![Code::Area]),
        (at_code("60602"), local(&["60601"]), vec![Code::AreaOutside]),
        (at_code("60602"), content(), vec![]),
        (at_code(""), local(&["60601"]), vec![]),
        (wish(), local(&["60601"]), vec![]),
        (at_code("60601"), at("", "60 601", ""), vec![Code::Nearby]),
        (at_code("60602"), at("", "60601", ""), vec![]),
        (in_town("Testville", "US"), at("testville", "", ""), vec![Code::Nearby]),
        (in_town("Testville", "US"), at("testville", "", "CA"), vec![]),
        (in_town("", "US"), at("testville", "", "US"), vec![]),
        (wish(), at("Testville", "60601", "US"), vec![]),
        (aged(18), of_ages(Some(18), None), vec![Code::Age]),
        (aged(17), of_ages(Some(18), None), vec![Code::AgeOutside]),
        (aged(24), of_ages(None, Some(24)), vec![Code::Age]),
        (aged(25), of_ages(None, Some(24)), vec![Code::AgeOutside]),
        (aged(25), content(), vec![]),
        (wish(), of_ages(Some(18), Some(24)), vec![]),
    ] {
        assert_eq!(reasons(&wish, &content), expected, "{wish:?} {content:?}");
    }
}

#[test]
fn what_serves_neither_the_life_domain_nor_the_practice_is_no_match() {
    let other = Wish { life_domain: Some(3), ..Wish::default() };
    assert_eq!(fit_with(&other, &content(), None, covers()), None);
    let by_practice = Wish { practice: "skills-training".into(), ..other };
    assert!(fit_with(&by_practice, &content(), None, covers()).is_some());
}

#[test]
fn room_counts_while_its_report_is_fresh_and_a_stale_report_is_never_taken_for_room() {
    let reported = |room, hours_ago: i64| {
        let as_of = noon() - kernel::SignedDuration::from_hours(hours_ago);
        Some(Capacity { room, as_of, refresh_hours: 24 })
    };
    let has = Room::Has { vacancies: Some(3) };
    let total = |capacity| fit_with(&wish(), &content(), capacity, Consent::Unknown).unwrap().total();
    for (capacity, code) in [
        (reported(has, 23), Code::CapacityHas),
        (reported(Room::Waitlist, 23), Code::CapacityWaitlist),
        (reported(Room::Assessment, 23), Code::CapacityAssessment),
        (reported(Room::Full, 23), Code::CapacityNone),
        (reported(has, 24), Code::CapacityStale),
        (reported(Room::Full, 24), Code::CapacityStale),
        (None, Code::CapacityUnknown),
    ] {
        let fit = fit_with(&wish(), &content(), capacity, Consent::Unknown).unwrap();
        assert!(fit.reasons.contains(&code), "{capacity:?}: {:?}", fit.reasons);
    }
    assert!(total(reported(has, 23)) > total(reported(Room::Assessment, 23)));
    assert!(total(reported(Room::Assessment, 23)) > total(reported(Room::Waitlist, 23)));
    assert!(total(reported(Room::Waitlist, 23)) > total(reported(has, 24)));
    assert_eq!(total(reported(has, 24)), total(None));
    assert!(total(None) > total(reported(Room::Full, 23)));
}

#[test]
fn a_directive_that_is_still_needed_is_a_reason_and_excludes_nobody() {
    let fit = |consent| fit_with(&wish(), &content(), None, consent).unwrap();
    for (consent, code) in [
        (covers(), Code::ConsentCovers),
        (Consent::NotNeeded, Code::ConsentNotNeeded),
        (Consent::Needed, Code::ConsentNeeded),
        (Consent::NeededForPart2, Code::ConsentNeededPart2),
        (Consent::Unknown, Code::ConsentUnknown),
    ] {
        let fit = fit(consent.clone());
        assert!(fit.reasons.contains(&code) && !fit.excludes());
        assert_eq!(fit.directive.is_some(), consent == covers(), "what covers it is named");
    }
    assert!(fit(covers()).total() > fit(Consent::Needed).total());
    assert_eq!(fit(Consent::Needed).total(), fit(Consent::NeededForPart2).total());
}

#[test]
fn age_alone_excludes_and_reasons_come_in_the_order_of_their_codes() {
    let everything = Wish {
        practice: "skills-training".into(),
        goal: vec![4],
        preferred: vec![4],
        modes: vec![Mode::Video],
        hours: vec![evenings()],
        languages: vec!["fr".into()],
        place: Some(Place { postal_code: "60602".into(), ..Place::default() }),
        age: Some(90),
        ..wish()
    };
    let asked = Content {
        hours: vec![evenings()],
        modes: vec![Mode::Video],
        languages: vec!["en".into()],
        areas: vec![Area { postal_codes: vec!["60601".into()], ..Area::default() }],
        locations: vec![Location { postal_code: "60602".into(), ..Location::default() }],
        ..of_ages(None, Some(65))
    };
    let fit = fit_with(&everything, &asked, None, Consent::NeededForPart2).unwrap();
    assert!(fit.reasons.is_sorted() && fit.reasons.len() == 12, "{:?}", fit.reasons);
    assert!(fit.excludes());
    let sum: i32 = fit.reasons.iter().map(|code| code.points()).sum();
    assert_eq!(fit.total(), sum);
    let young = fit_with(&Wish { age: Some(30), ..everything }, &asked, None, Consent::Needed).unwrap();
    assert!(!young.excludes(), "neither language nor area excludes");
}
