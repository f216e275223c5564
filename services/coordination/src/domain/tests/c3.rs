//! Two lodgings of permanent type share a night.

use kernel::Day;

use super::*;
use crate::domain::{Kind, Lodging};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn home(stream: &str, project_type: u32, from: &str, until: Option<&str>) -> Lodging {
    Lodging {
        input: input("housing", stream, SHELTER),
        project_type,
        from: day(from),
        until: until.map(day),
        zone: chicago(),
        known_until: None,
    }
}

fn lodgings(lodgings: impl IntoIterator<Item = Lodging>) -> Facts {
    Facts::new(vec![], vec![], lodgings.into_iter().collect(), vec![], vec![])
}

const NOW: &str = "2026-03-10T12:00:00Z";

#[test]
fn two_permanent_homes_at_once_clash_from_their_first_shared_night() {
    let facts =
        lodgings([home("placement-1", 3, "2026-01-01", None), home("placement-2", 13, "2026-03-05", None)]);
    let judgement = judged(&facts, NOW);
    assert_eq!(judgement.look_again, None, "nothing but a fact ends it");
    let found = only(judgement);
    assert_eq!((found.rule.as_str(), found.kind), ("C3", Kind::Clash));
    assert_eq!(found.from, Some(at("2026-03-05T00:00:00-06:00")));
    assert_eq!(found.until, None);
    assert_eq!(found.line, "Two permanent homes share a night");
}

#[test]
fn moving_from_one_home_to_the_next_on_a_day_shares_no_night() {
    let facts = lodgings([
        home("placement-1", 3, "2026-01-01", Some("2026-03-12")),
        home("placement-2", 3, "2026-03-12", None),
    ]);
    nothing(&judged(&facts, NOW));
    // A stay of no night shares none.
    let facts = lodgings([
        home("placement-1", 3, "2026-03-12", Some("2026-03-12")),
        home("placement-2", 3, "2026-03-01", None),
    ]);
    nothing(&judged(&facts, NOW));
}

#[test]
fn a_shelter_beside_a_home_is_no_clash() {
    for other in [0, 1, 2, 8] {
        let facts = lodgings([
            home("placement-1", 3, "2026-01-01", None),
            home("placement-2", other, "2026-01-01", None),
        ]);
        nothing(&judged(&facts, NOW));
    }
}

#[test]
fn shared_nights_gone_by_raise_nothing_and_the_end_is_a_time_to_look_again() {
    let facts = |until| {
        lodgings([
            home("placement-1", 9, "2026-01-01", Some(until)),
            home("placement-2", 10, "2026-03-05", None),
        ])
    };
    nothing(&judged(&facts("2026-03-10"), NOW));
    let judgement = judged(&facts("2026-03-11"), NOW);
    assert_eq!(judgement.look_again, Some(at("2026-03-11T00:00:00-05:00")));
    only(judgement);
    // The last night belongs to the day before: it is over when that day is, where the home is.
    nothing(&judged(&facts("2026-03-11"), "2026-03-11T05:00:00Z"));
    only(judged(&facts("2026-03-11"), "2026-03-11T04:59:59Z"));
}

#[test]
fn an_open_record_counts_as_far_as_its_source_knows() {
    let known =
        |until: &str| Lodging { known_until: Some(day(until)), ..home("placement-1", 3, "2025-01-01", None) };
    let facts = |until| lodgings([known(until), home("placement-2", 3, "2025-06-01", None)]);
    nothing(&judged(&facts("2026-03-01"), NOW));
    only(judged(&facts("2026-04-01"), NOW));
}
