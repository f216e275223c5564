//! What events make of the facts, told as events in and what the rules find.
//! Invariant: everybody here is invented.

use jiff::Timestamp;
use kernel::{AgencyId, Occurred, PersonId, StreamId};
use platform::log::Recorded;
use platform::source::Read;
use platform::wire::{to_date, to_instant, to_occurred};
use prost::Message;
use proto::{housing, referrals, therapy, vocational};
use uuid::Uuid;

use super::stored::Fact;
use super::told::Told;
use super::{
    housing as of_housing, referrals as of_referrals, registry as of_registry, therapy as of_therapy,
    vocational as of_vocational,
};
use crate::domain::{Facts, Parameters, judge};

const ANA: PersonId = PersonId::of(10);
const CLINIC: AgencyId = AgencyId::of(1);
const RECORDED: &str = "2026-03-04T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
fn date(text: &str) -> Option<proto::Date> {
    Some(to_date(text.parse().unwrap()))
}

/// An event with this payload; one from elsewhere is known until that day.
fn read(payload: &impl Message, known_until: Option<&str>) -> Read {
    let source =
        known_until.map(|day| proto::log::EventSource { known_until: date(day), ..Default::default() });
    let event = proto::log::Event {
        person_id: ANA.to_string(),
        occurred: Some(to_occurred(&Occurred::instant(at(RECORDED)))),
        source,
        payload: payload.encode_to_vec().into(),
        ..Default::default()
    };
    let bytes = event.encode_to_vec().into();
    Read::new(Recorded { position: 1, partition: 0, sequence: 1, recorded_at: at(RECORDED), bytes })
}

fn home(
    known_until: Option<&str>,
    kinds: impl IntoIterator<Item = housing::housing_event::Kind>,
) -> Option<Fact> {
    kinds.into_iter().fold(None, |held, kind| {
        of_housing::apply(held, &read(&housing::HousingEvent { kind: Some(kind) }, known_until)).unwrap()
    })
}

fn work(kinds: impl IntoIterator<Item = vocational::vocational_event::Kind>) -> Option<Fact> {
    kinds.into_iter().fold(None, |held, kind| {
        of_vocational::apply(held, &read(&vocational::VocationalEvent { kind: Some(kind) }, None)).unwrap()
    })
}

/// The rules' facts of these stored ones, each of its own stream.
fn facts(stored: impl IntoIterator<Item = (&'static str, Fact)>) -> Facts {
    let mut told = Told::default();
    for (number, (service, fact)) in stored.into_iter().enumerate() {
        let stream = StreamId::new("stream", Uuid::from_u128(number as u128)).to_string();
        told.add(service, &stream, ANA, fact);
    }
    told.facts()
}

fn found(facts: &Facts, now: &str) -> Vec<String> {
    judge(facts, &Parameters::default(), at(now)).found.into_iter().map(|found| found.rule).collect()
}

fn recorded_home(known_until: Option<&str>) -> Option<Fact> {
    let told = housing::PlacementRecorded {
        agency_id: CLINIC.to_string(),
        project_type: housing::ProjectType::RapidRehousing.into(),
        zone: "America/Chicago".into(),
        entry_on: date("2025-01-01"),
        moved_in_on: date("2025-02-01"),
        ..Default::default()
    };
    home(known_until, [housing::housing_event::Kind::PlacementRecorded(told)])
}

#[test]
fn a_recorded_fact_says_nothing_past_the_day_until_which_it_is_known() {
    let two = |until| {
        facts([("housing", recorded_home(until).unwrap()), ("housing", recorded_home(until).unwrap())])
    };
    assert_eq!(found(&two(Some("2026-03-01")), RECORDED), Vec::<String>::new());
    assert_eq!(found(&two(Some("2026-06-01")), RECORDED), ["C3"]);
    assert_eq!(found(&two(Some("2026-06-01")), "2026-06-02T00:00:00Z"), Vec::<String>::new());
}

#[test]
fn a_recorded_referral_and_one_that_came_too_late_have_no_clock() {
    use referrals::referrals_event::Kind;
    let told = |kinds: Vec<Kind>| {
        kinds.into_iter().fold(None, |held, kind| {
            of_referrals::apply(held, &read(&referrals::ReferralsEvent { kind: Some(kind) }, None)).unwrap()
        })
    };
    let recorded =
        referrals::ReferralRecorded { requester_agency_id: CLINIC.to_string(), ..Default::default() };
    assert_eq!(told(vec![Kind::ReferralRecorded(recorded)]), None);
    let drafted = Kind::ReferralDrafted(referrals::ReferralDrafted {
        target_agency_id: CLINIC.to_string(),
        ..Default::default()
    });
    let sent = |by: &str| {
        let acknowledge_by = Some(to_instant(at(by)));
        Kind::ReferralSent(referrals::ReferralSent { acknowledge_by, ..Default::default() })
    };
    let clock = |by: &str| {
        let fact = told(vec![drafted.clone(), sent(by)]).unwrap();
        found(&facts([("referrals", fact)]), "2026-03-09T00:00:00Z")
    };
    assert_eq!(clock("2026-03-04T11:59:00Z"), Vec::<String>::new());
    assert_eq!(clock("2026-03-04T12:01:00Z"), ["G1"]);
}

#[test]
fn a_clock_rests_while_the_consent_has_lapsed_and_goes_on_with_what_was_left() {
    use referrals::referrals_event::Kind;
    let drafted = Kind::ReferralDrafted(referrals::ReferralDrafted {
        target_agency_id: CLINIC.to_string(),
        ..Default::default()
    });
    let sent = Kind::ReferralSent(referrals::ReferralSent {
        acknowledge_by: Some(to_instant(at("2026-03-09T12:00:00Z"))),
        ..Default::default()
    });
    let restored = |due: Option<&str>| {
        let clock = |due: &str| referrals::RunningClock {
            clock: referrals::Clock::Acknowledge.into(),
            due_at: Some(to_instant(at(due))),
        };
        let clocks = due.map(clock).into_iter().collect();
        Kind::ReferralConsentRestored(referrals::ReferralConsentRestored { clocks, ..Default::default() })
    };
    let lapsed = Kind::ReferralConsentLapsed(Default::default());
    let findings = |more: Vec<Kind>, now: &str| {
        let kinds = [drafted.clone(), sent.clone(), lapsed.clone()].into_iter().chain(more);
        let fact = kinds.fold(None, |held, kind| {
            of_referrals::apply(held, &read(&referrals::ReferralsEvent { kind: Some(kind) }, None)).unwrap()
        });
        found(&facts([("referrals", fact.unwrap())]), now)
    };
    assert_eq!(findings(vec![], "2026-03-10T00:00:00Z"), Vec::<String>::new());
    let later = || vec![restored(Some("2026-03-20T12:00:00Z"))];
    assert_eq!(findings(later(), "2026-03-10T00:00:00Z"), Vec::<String>::new());
    assert_eq!(findings(later(), "2026-03-21T00:00:00Z"), ["G1"]);
    // It had run out before it rested.
    assert_eq!(findings(vec![restored(None)], "2026-03-10T00:00:00Z"), ["G1"]);
}

#[test]
fn a_participation_that_rests_does_not_go_on_until_it_is_taken_up_again_whatever_its_source_tells_meanwhile()
{
    use referrals::referrals_event::Kind;
    let told = |kinds: &[Kind]| {
        let fact = kinds.iter().fold(None, |held, kind| {
            let event = referrals::ReferralsEvent { kind: Some(kind.clone()) };
            of_referrals::apply(held, &read(&event, None)).unwrap()
        });
        let Some(Fact::Service(service)) = fact else { panic!("a participation") };
        service
    };
    let began = |day| Some(to_occurred(&Occurred::instant(at(day))));
    let recorded = |ended| {
        let (agency_id, started) = (CLINIC.to_string(), began("2026-01-05T12:00:00Z"));
        let told = referrals::ParticipationRecorded { agency_id, started, ended, ..Default::default() };
        Kind::ParticipationRecorded(told)
    };
    let paused = Kind::ParticipationPaused(referrals::ParticipationPaused::default());
    let resumed = Kind::ParticipationResumed(referrals::ParticipationResumed::default());
    let now = at(RECORDED).as_microsecond();
    assert_eq!(told(&[recorded(None), paused.clone()]).until, Some(now));
    let told_again = told(&[recorded(None), paused.clone(), recorded(None)]);
    assert_eq!((told_again.until, told_again.paused), (Some(now), true));
    let on = told(&[recorded(None), paused.clone(), resumed, recorded(None)]);
    assert_eq!((on.until, on.paused), (None, false));
    let (left, over) = ("2026-02-05T12:00:00Z", recorded(began("2026-02-05T12:00:00Z")));
    let over = told(&[recorded(None), paused, over]);
    assert_eq!((over.until, over.paused), (Some(at(left).as_microsecond()), false));
}

#[test]
fn who_waits_for_a_home_does_not_lodge_there_and_who_leaves_unhoused_leaves_nothing() {
    use housing::housing_event::Kind;
    let project_type = housing::ProjectType::RapidRehousing.into();
    let matched = Kind::PlacementMatched(housing::PlacementMatched {
        agency_id: CLINIC.to_string(),
        project_type,
        zone: "America/Chicago".into(),
        ..Default::default()
    });
    let admitted = Kind::PlacementAdmitted(housing::PlacementAdmitted {
        on: date("2026-03-01"),
        project_type,
        ..Default::default()
    });
    let exited =
        Kind::PlacementExited(housing::PlacementExited { on: date("2026-03-05"), ..Default::default() });
    let waiting = home(None, [matched.clone(), admitted.clone()]).unwrap();
    assert_eq!(facts([("housing", waiting)]).lodgings(), []);
    assert_eq!(home(None, [matched, admitted, exited]), None);
}

#[test]
fn shifts_count_from_the_first_day_of_a_job_that_was_taken_to_its_last() {
    use vocational::vocational_event::Kind;
    let pattern = |from: &str, until: Option<&str>| vocational::ShiftPattern {
        zone: "America/Chicago".into(),
        from_day: date(from),
        until_day: until.and_then(date),
        weekly: vec![],
    };
    let shifts = vec![pattern("2026-01-01", Some("2026-02-01")), pattern("2026-02-01", None)];
    let terms = Some(vocational::JobTerms { shifts, ..Default::default() });
    let lead =
        Kind::JobLeadAdded(vocational::JobLeadAdded { agency_id: CLINIC.to_string(), ..Default::default() });
    let changed = Kind::JobTermsChanged(vocational::JobTermsChanged { terms, ..Default::default() });
    let started =
        Kind::JobStarted(vocational::JobStarted { started_on: date("2026-02-15"), ..Default::default() });
    let ended = Kind::JobEnded(vocational::JobEnded { ended_on: date("2026-03-20"), ..Default::default() });

    let lead_alone = work([lead.clone(), changed.clone()]).unwrap();
    assert_eq!(facts([("vocational", lead_alone)]).jobs(), []);
    let run = work([lead, changed, started, ended]).unwrap();
    let facts = facts([("vocational", run)]);
    let days: Vec<_> = facts.jobs().iter().map(|job| (job.shifts.from, job.shifts.until)).collect();
    let day = |text: &str| text.parse().unwrap();
    assert_eq!(
        days,
        [(day("2026-02-15"), Some(day("2026-02-01"))), (day("2026-02-15"), Some(day("2026-03-21")))],
        "each pattern keeps its place, and one that was over before the job began has no day left"
    );
}

#[test]
fn what_is_only_proposed_holds_nobodys_time_and_what_is_over_is_no_commitment() {
    use therapy::therapy_event::Kind;
    let told = |kinds: Vec<Kind>| {
        kinds.into_iter().fold(None, |held, kind| {
            of_therapy::apply(held, &read(&therapy::TherapyEvent { kind: Some(kind) }, None)).unwrap()
        })
    };
    let content = Some(therapy::AppointmentContent {
        agency_id: CLINIC.to_string(),
        part2: true,
        start: Some(therapy::AppointmentTime {
            instant: Some(to_instant(at("2026-03-10T15:00:00Z"))),
            zone: "America/Chicago".into(),
            ..Default::default()
        }),
        minutes: 60,
        ..Default::default()
    });
    let proposed = Kind::AppointmentProposed(therapy::AppointmentProposed { content, ..Default::default() });
    let confirmed = Kind::AppointmentConfirmed(Default::default());
    let missed = Kind::AppointmentMissed(Default::default());
    let commitments = |kinds| facts([("therapy", told(kinds).unwrap())]).commitments().to_vec();
    assert_eq!(commitments(vec![proposed.clone()]), []);
    let booked = commitments(vec![proposed.clone(), confirmed.clone()]);
    assert_eq!(booked.len(), 1);
    assert_eq!(booked[0].input.label, "42CFRPart2");
    assert_eq!(told(vec![proposed, confirmed, missed]), None);
}

#[test]
fn an_event_of_a_newer_release_cannot_be_read() {
    let newer = read(&therapy::TherapyEvent { kind: None }, None);
    assert!(of_therapy::apply(None, &newer).is_err());
}

#[test]
fn what_a_service_was_refused_to_do_changes_no_fact() {
    let refused = || proto::log::ReactionRefused { reason: "PERSON_NOT_FOUND".into(), ..Default::default() };
    let of = |kind| read(&housing::HousingEvent { kind: Some(kind) }, None);
    let refused_here = of(housing::housing_event::Kind::ReactionRefused(refused()));
    assert_eq!(of_housing::apply(None, &refused_here), Ok(None));
    let kind = referrals::referrals_event::Kind::ReactionRefused(refused());
    let read_of = read(&referrals::ReferralsEvent { kind: Some(kind) }, None);
    assert_eq!(of_referrals::apply(None, &read_of), Ok(None));
    let kind = vocational::vocational_event::Kind::ReactionRefused(refused());
    let read_of = read(&vocational::VocationalEvent { kind: Some(kind) }, None);
    assert_eq!(of_vocational::apply(None, &read_of), Ok(None));
    let kind = therapy::therapy_event::Kind::ReactionRefused(refused());
    assert_eq!(of_therapy::apply(None, &read(&therapy::TherapyEvent { kind: Some(kind) }, None)), Ok(None));
}

#[test]
fn an_item_that_was_given_another_goal_serves_that_one() {
    use proto::registry as reg;
    use reg::registry_event::Kind;
    let item = |goal: &str| {
        let content = reg::PlanItemContent {
            goal_id: goal.into(),
            agency_id: CLINIC.to_string(),
            ..Default::default()
        };
        Some(content)
    };
    let told =
        |held, kind| of_registry::apply(held, &read(&reg::RegistryEvent { kind: Some(kind) }, None)).unwrap();
    let added =
        reg::PlanItemAdded { plan_item_id: "item".into(), content: item("first"), ..Default::default() };
    let changed =
        reg::PlanItemChanged { plan_item_id: "item".into(), content: item("second"), ..Default::default() };
    let held = told(told(None, Kind::PlanItemAdded(added)), Kind::PlanItemChanged(changed));
    let goals = |held: &Option<Fact>| -> Vec<String> {
        let Some(Fact::Plan(plan)) = held else { panic!("a plan") };
        plan.items.iter().map(|item| item.goal.clone()).collect()
    };
    assert_eq!(goals(&held), ["second"]);
    // One that never should have been written serves none.
    let gone = |item: &str| {
        Kind::PlanItemEnteredInError(reg::PlanItemEnteredInError {
            plan_item_id: item.into(),
            ..Default::default()
        })
    };
    let held = told(held, gone("another"));
    assert_eq!(goals(&held), ["second"]);
    assert_eq!(goals(&told(held, gone("item"))), [] as [&str; 0]);
}

#[test]
fn nothing_is_found_of_the_dead_until_the_death_turns_out_an_error() {
    use proto::registry::registry_event::Kind;
    let told = |held, kind| {
        let event = proto::registry::RegistryEvent { kind: Some(kind) };
        of_registry::apply(held, &read(&event, None)).unwrap()
    };
    let two_homes = || {
        let known_until = Some("2026-12-31");
        [("housing", recorded_home(known_until).unwrap()), ("housing", recorded_home(known_until).unwrap())]
    };
    assert_eq!(found(&facts(two_homes()), RECORDED), ["C3"]);
    let death = told(None, Kind::PersonDied(proto::registry::PersonDied::default()));
    let dead = facts(two_homes().into_iter().chain([("registry", death.clone().unwrap())]));
    assert_eq!(found(&dead, RECORDED), [] as [&str; 0]);
    let error = proto::registry::PersonDeathEnteredInError::default();
    assert_eq!(told(death, Kind::PersonDeathEnteredInError(error)), None);
}

#[test]
fn the_person_is_dead_as_long_as_any_agency_tells_it() {
    use proto::registry::registry_event::Kind;
    let told = |held, agency: &str, kind| {
        let payload = proto::registry::RegistryEvent { kind: Some(kind) }.encode_to_vec().into();
        let agency_id = agency.to_owned();
        let bytes = proto::log::Event { agency_id, payload, ..Default::default() }.encode_to_vec().into();
        let recorded = Recorded { position: 1, partition: 0, sequence: 1, recorded_at: at(RECORDED), bytes };
        of_registry::apply(held, &Read::new(recorded)).unwrap()
    };
    let died = || Kind::PersonDied(proto::registry::PersonDied::default());
    let error = || Kind::PersonDeathEnteredInError(proto::registry::PersonDeathEnteredInError::default());
    let both = told(told(told(None, "clinic", died()), "shelter", died()), "clinic", died());
    let one = told(both.clone(), "shelter", error());
    assert!(matches!(&one, Some(Fact::Died(died)) if died.told_by == ["clinic"]));
    assert_eq!(told(one, "clinic", error()), None);
    assert_eq!(told(both, "", error()), None, "who runs the system takes back all");
}
