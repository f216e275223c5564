//! Supported employment and CBT with a shared goal.

use kernel::ids::Uuid;

use super::*;
use crate::domain::{Kind, Service};

fn service(stream: &str, practice: &str, agency: AgencyId, goals: &[u128]) -> Service {
    Service {
        input: input(if practice == "ips" { "vocational" } else { "therapy" }, stream, agency),
        practice: practice.into(),
        goals: goals.iter().map(|goal| Uuid::from_u128(*goal)).collect(),
        from: at("2026-01-01T00:00:00Z"),
        until: None,
        known_until: None,
    }
}

fn case(goals: &[u128]) -> Service {
    service("case-1", "ips", EMPLOYMENT, goals)
}
fn episode(goals: &[u128]) -> Service {
    service("episode-1", "cbt", CLINIC, goals)
}
fn services(services: impl IntoIterator<Item = Service>) -> Facts {
    Facts::new(vec![], vec![], vec![], services.into_iter().collect(), vec![])
}

const NOW: &str = "2026-03-10T12:00:00Z";

#[test]
fn supported_employment_and_cbt_with_a_shared_goal_strengthen_each_other() {
    let started = Service { from: at("2026-02-01T00:00:00Z"), ..episode(&[1]) };
    let judgement = judged(&services([case(&[1, 2]), started]), NOW);
    assert_eq!(judgement.look_again, None);
    let found = only(judgement);
    assert_eq!((found.rule.as_str(), found.kind), ("S1", Kind::Synergy));
    assert_eq!(found.from, Some(at("2026-02-01T00:00:00Z")));
    assert_eq!(found.line, "Supported employment and CBT share a goal and can strengthen each other");
    assert_eq!(found.concerned, [CLINIC, EMPLOYMENT].into());
}

#[test]
fn without_a_shared_goal_there_is_nothing() {
    nothing(&judged(&services([case(&[1]), episode(&[2])]), NOW));
    nothing(&judged(&services([case(&[]), episode(&[])]), NOW));
}

#[test]
fn another_practice_is_another_matter() {
    nothing(&judged(&services([case(&[1]), service("episode-1", "cbt-insomnia", CLINIC, &[1])]), NOW));
    nothing(&judged(&services([episode(&[1]), service("episode-2", "cbt", SHELTER, &[1])]), NOW));
    only(judged(
        &services([case(&[1]), service("episode-1", "cbt-supported-employment", CLINIC, &[1])]),
        NOW,
    ));
}

#[test]
fn it_holds_while_both_go_on() {
    let ended = |until| Service { until: Some(at(until)), ..episode(&[1]) };
    nothing(&judged(&services([case(&[1]), ended("2026-03-10T12:00:00Z")]), NOW));
    let going = judged(&services([case(&[1]), ended("2026-03-20T00:00:00Z")]), NOW);
    assert_eq!(going.look_again, Some(at("2026-03-20T00:00:00Z")));
    only(going);
    let known = Service { known_until: Some(at("2026-03-01T00:00:00Z")), ..episode(&[1]) };
    nothing(&judged(&services([case(&[1]), known]), NOW));
    let later = Service { from: at("2026-04-01T00:00:00Z"), ..episode(&[1]) };
    let early = judged(&services([case(&[1]), later]), NOW);
    assert_eq!(early.look_again, Some(at("2026-04-01T00:00:00Z")));
    nothing(&early);
}

#[test]
fn the_line_over_a_labelled_service_names_no_practice() {
    let mut labelled = episode(&[1]);
    labelled.input.label = "42CFRPart2".into();
    let found = only(judged(&services([case(&[1]), labelled]), NOW));
    assert_eq!(found.line, "Two services share a goal and can strengthen each other");
}
