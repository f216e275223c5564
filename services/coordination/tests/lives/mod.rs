//! Invented events of other services, as their logs hold them.
//! Invariant: everybody here is invented, and every event is one that its service writes.

#![allow(dead_code, reason = "each test file uses its own part")]

use kernel::{AgencyId, PersonId, StreamId};
use prost::Message;
use proto::housing::housing_event::Kind as Housing;
use proto::referrals::referrals_event::Kind as Referrals;
use proto::registry::registry_event::Kind as Registry;
use proto::therapy::therapy_event::Kind as Therapy;
use proto::types::Setting;
use proto::vocational::vocational_event::Kind as Vocational;
use proto::{housing, referrals, registry, therapy, vocational};
use uuid::Uuid;

pub const CLINIC: AgencyId = AgencyId::of(1);
pub const EMPLOYMENT: AgencyId = AgencyId::of(2);
pub const SHELTER: AgencyId = AgencyId::of(3);
pub const ANA: PersonId = PersonId::of(10);
pub const ANA_TOO: PersonId = PersonId::of(11);
pub const GOAL: Uuid = Uuid::from_u128(900);

/// What one log is told.
#[derive(Clone)]
pub struct Tell {
    pub log: &'static str,
    pub stream: StreamId,
    pub person: PersonId,
    pub agency: AgencyId,
    pub payload: Vec<u8>,
}

pub fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

pub fn date(text: &str) -> Option<proto::Date> {
    Some(platform::wire::to_date(text.parse().unwrap()))
}

fn tell(
    log: &'static str,
    (category, id): (&'static str, u128),
    person: PersonId,
    agency: AgencyId,
    payload: Vec<u8>,
) -> Tell {
    Tell { log, stream: StreamId::new(category, Uuid::from_u128(id)), person, agency, payload }
}

pub fn therapy(kind: Therapy, of: (&'static str, u128), person: PersonId, agency: AgencyId) -> Tell {
    tell("therapy", of, person, agency, therapy::TherapyEvent { kind: Some(kind) }.encode_to_vec())
}

pub fn work(kind: Vocational, of: (&'static str, u128), person: PersonId, agency: AgencyId) -> Tell {
    tell("vocational", of, person, agency, vocational::VocationalEvent { kind: Some(kind) }.encode_to_vec())
}

pub fn home(kind: Housing, of: (&'static str, u128), person: PersonId, agency: AgencyId) -> Tell {
    tell("housing", of, person, agency, housing::HousingEvent { kind: Some(kind) }.encode_to_vec())
}

pub fn referral(kind: Referrals, of: (&'static str, u128), person: PersonId, agency: AgencyId) -> Tell {
    tell("referrals", of, person, agency, referrals::ReferralsEvent { kind: Some(kind) }.encode_to_vec())
}

pub fn registry(kind: Registry, of: (&'static str, u128), person: PersonId) -> Tell {
    let payload = registry::RegistryEvent { kind: Some(kind) }.encode_to_vec();
    tell("registry", of, person, AgencyId::of(0), payload)
}

/// An hour at the agency's office from then on.
pub fn session(person: PersonId, agency: AgencyId, start: &str) -> Option<therapy::AppointmentContent> {
    Some(therapy::AppointmentContent {
        person_id: person.to_string(),
        agency_id: agency.to_string(),
        start: Some(therapy::AppointmentTime {
            zone: "America/Chicago".into(),
            instant: Some(platform::wire::to_instant(at(start))),
            ..Default::default()
        }),
        minutes: 60,
        setting: Setting::Office.into(),
        ..Default::default()
    })
}

pub fn booked(id: u128, person: PersonId, agency: AgencyId, start: &str) -> Tell {
    let content = session(person, agency, start);
    let booked = therapy::AppointmentBooked { content, ..Default::default() };
    therapy(Therapy::AppointmentBooked(booked), ("appointment", id), person, agency)
}

pub fn cancelled(id: u128, person: PersonId, agency: AgencyId) -> Tell {
    therapy(Therapy::AppointmentCancelled(Default::default()), ("appointment", id), person, agency)
}

/// Tuesdays from 9:00 to 13:00 in Chicago, from 5 March 2026 on.
pub fn tuesdays() -> Option<vocational::JobTerms> {
    let shift = vocational::WeeklyShift {
        weekday: vocational::Weekday::Tuesday.into(),
        start_minute: 9 * 60,
        end_minute: 13 * 60,
    };
    let pattern = vocational::ShiftPattern {
        zone: "America/Chicago".into(),
        from_day: date("2026-03-05"),
        until_day: None,
        weekly: vec![shift],
    };
    Some(vocational::JobTerms { shifts: vec![pattern], ..Default::default() })
}

/// A lead, and the acceptance of it.
pub fn job(id: u128, person: PersonId, agency: AgencyId) -> [Tell; 2] {
    let lead = vocational::JobLeadAdded {
        person_id: person.to_string(),
        agency_id: agency.to_string(),
        ..Default::default()
    };
    let accepted =
        vocational::JobAccepted { starts_on: date("2026-03-06"), terms: tuesdays(), ..Default::default() };
    let of = ("job", id);
    [
        work(Vocational::JobLeadAdded(lead), of, person, agency),
        work(Vocational::JobAccepted(accepted), of, person, agency),
    ]
}

pub fn interview(job: u128, person: PersonId, agency: AgencyId, start: &str) -> Tell {
    let told = vocational::InterviewScheduled {
        interview_id: Uuid::from_u128(job + 1_000).to_string(),
        starts_at: Some(platform::wire::to_instant(at(start))),
        minutes: 45,
        zone: "America/Chicago".into(),
        setting: Setting::Workplace.into(),
        ..Default::default()
    };
    work(Vocational::InterviewScheduled(told), ("job", job), person, agency)
}

pub fn case(id: u128, person: PersonId, agency: AgencyId, goal: Option<Uuid>) -> Tell {
    let opened = vocational::CaseOpened {
        person_id: person.to_string(),
        agency_id: agency.to_string(),
        practice: "ips".into(),
        goal_id: goal.map(|goal| goal.to_string()).unwrap_or_default(),
        ..Default::default()
    };
    work(Vocational::CaseOpened(opened), ("case", id), person, agency)
}

pub fn episode(id: u128, person: PersonId, agency: AgencyId, goal: Option<Uuid>, items: &[Uuid]) -> Tell {
    let opened = therapy::EpisodeOpened {
        person_id: person.to_string(),
        agency_id: agency.to_string(),
        modality: "cbt".into(),
        goal_id: goal.map(|goal| goal.to_string()).unwrap_or_default(),
        plan_item_ids: items.iter().map(ToString::to_string).collect(),
        ..Default::default()
    };
    therapy(Therapy::EpisodeOpened(opened), ("episode", id), person, agency)
}

/// Matched to a permanent home, and moved in on that day.
pub fn moved_in(id: u128, person: PersonId, agency: AgencyId, on: &str) -> [Tell; 3] {
    let project_type = housing::ProjectType::PermanentSupportiveHousing.into();
    let matched = housing::PlacementMatched {
        person_id: person.to_string(),
        agency_id: agency.to_string(),
        project_type,
        zone: "America/Chicago".into(),
        ..Default::default()
    };
    let admitted = housing::PlacementAdmitted { on: date("2026-03-01"), project_type, ..Default::default() };
    let moved = housing::PlacementMovedIn { on: date(on), project_type, ..Default::default() };
    let of = ("placement", id);
    [
        home(Housing::PlacementMatched(matched), of, person, agency),
        home(Housing::PlacementAdmitted(admitted), of, person, agency),
        home(Housing::PlacementMovedIn(moved), of, person, agency),
    ]
}

/// Drafted and sent, with its acknowledge clock.
pub fn sent(id: u128, person: PersonId, from: AgencyId, to: AgencyId, by: &str) -> [Tell; 2] {
    let drafted = referrals::ReferralDrafted {
        person_id: person.to_string(),
        requester_agency_id: from.to_string(),
        target_agency_id: to.to_string(),
        ..Default::default()
    };
    let sent = referrals::ReferralSent {
        acknowledge_by: Some(platform::wire::to_instant(at(by))),
        ..Default::default()
    };
    let of = ("referral", id);
    [
        referral(Referrals::ReferralDrafted(drafted), of, person, from),
        referral(Referrals::ReferralSent(sent), of, person, from),
    ]
}

pub fn acknowledged(id: u128, person: PersonId, by: AgencyId) -> Tell {
    referral(Referrals::ReferralAcknowledged(Default::default()), ("referral", id), person, by)
}

/// The link of two records, or its end: one event for each.
pub fn linked(canonical: PersonId, member: PersonId) -> [Tell; 2] {
    let link =
        || registry::PersonsLinked { canonical_id: canonical.to_string(), member_id: member.to_string() };
    [canonical, member]
        .map(|person| registry(Registry::PersonsLinked(link()), ("person", person.uuid().as_u128()), person))
}

pub fn unlinked(canonical: PersonId, member: PersonId) -> [Tell; 2] {
    let link =
        || registry::PersonsUnlinked { canonical_id: canonical.to_string(), member_id: member.to_string() };
    [canonical, member].map(|person| {
        registry(Registry::PersonsUnlinked(link()), ("person", person.uuid().as_u128()), person)
    })
}

pub fn revokes(person: PersonId, agency: AgencyId) -> Tell {
    registry(tests::say::revoked(person, agency), ("consent", person.uuid().as_u128()), person)
}

/// The person gives this directive.
pub fn says(person: PersonId, directive: u128, scope: registry::ConsentScope) -> Tell {
    let given = tests::say::gives(person, kernel::DirectiveId::of(directive), scope);
    registry(given, ("consent", person.uuid().as_u128()), person)
}

pub fn allows(person: PersonId, agency: AgencyId) -> Tell {
    registry(tests::say::given(person, agency), ("consent", person.uuid().as_u128()), person)
}
