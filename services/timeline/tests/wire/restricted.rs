//! Whoever is restricted: where they live, with whom, where they work and when they are where is on nobody's timeline but that of those who serve them.
//! Invariant: the nosy agency has the person's full consent throughout, and serves nobody.

use std::collections::BTreeSet;

use proto::timeline::GetTimelineResponse;
use proto::types::LifeDomain;
use proto::{coordination, housing, registry as reg, therapy, vocational};

use super::*;

const NOSY: AgencyId = SHELTER;
const HOMES: AgencyId = AgencyId::of(3);
/// Where she lies in an emergency.
const HOSPITAL: AgencyId = AgencyId::of(4);

/// What tells where she is, as its lines say it.
const TELLS_WHERE: [&str; 10] = [
    "Matched to Cedar House",
    "Living situation: in a permanent home (HMIS 410)",
    "Belongs to a household",
    "Job (competitive): lead",
    "Therapy session: booked",
    "Referral to Cedar House: requested",
    "Clash C2: A session falls into a job shift",
    "Takes part in Cedar House",
    "Contact",
    "Records opened to River in a medical emergency",
];
/// And what does not.
const TELLS_NOT: &str = "Goal set";

fn stream(family: &'static str, number: u128) -> StreamId {
    StreamId::new(family, Uuid::from_u128(number))
}

/// An agency's word of somebody, in a stream of that family.
async fn told(
    service: &Alone,
    person: PersonId,
    log: &'static str,
    family: &'static str,
    agency: AgencyId,
    event: &impl prost::Message,
) {
    let stream = stream(family, person.uuid().as_u128() * 100);
    service.tell_as(log, stream, Some(person), agency, event).await;
}

/// What several agencies wrote of somebody.
async fn lives(service: &Alone, person: PersonId) {
    let of = person.uuid().as_u128() * 100;
    let person_id = || person.to_string();
    let matched = housing::PlacementMatched {
        person_id: person_id(),
        agency_id: HOMES.to_string(),
        unit_group_name: "Cedar House".into(),
        zone: "America/Chicago".into(),
        ..Default::default()
    };
    let kind = Some(housing::housing_event::Kind::PlacementMatched(matched));
    told(service, person, "housing", "placement", HOMES, &housing::HousingEvent { kind }).await;
    let place = Some(housing::SealedPlace { code: 410, ..Default::default() });
    let noted = housing::LivingSituationNoted { person_id: person_id(), place, ..Default::default() };
    let kind = Some(housing::housing_event::Kind::LivingSituationNoted(noted));
    told(service, person, "housing", "livingsituation", HOMES, &housing::HousingEvent { kind }).await;
    let membership = reg::HouseholdMembership {
        household_id: Uuid::from_u128(5).to_string(),
        from: Some(proto::Date { year: 2026, month: 1, day: 2 }),
        ..Default::default()
    };
    let joined = reg::HouseholdJoined { person_id: person_id(), membership: Some(membership) };
    let event = RegistryEvent { kind: Some(Registry::HouseholdJoined(joined)) };
    let record = StreamId::new("person", person.uuid());
    service.tell_as("registry", record, Some(person), CLINIC, &event).await;
    let lead = vocational::JobLeadAdded {
        person_id: person_id(),
        agency_id: CLINIC.to_string(),
        kind: vocational::JobKind::Competitive.into(),
        ..Default::default()
    };
    let kind = Some(vocational::vocational_event::Kind::JobLeadAdded(lead));
    told(service, person, "vocational", "job", CLINIC, &vocational::VocationalEvent { kind }).await;
    let start = therapy::AppointmentTime {
        zone: "America/Chicago".into(),
        instant: at("2026-05-05").at,
        ..Default::default()
    };
    let content = therapy::AppointmentContent {
        person_id: person_id(),
        agency_id: CLINIC.to_string(),
        start: Some(start),
        minutes: 50,
        ..Default::default()
    };
    let booked = therapy::AppointmentBooked { content: Some(content), ..Default::default() };
    let kind = Some(therapy::therapy_event::Kind::AppointmentBooked(booked));
    told(service, person, "therapy", "appointment", CLINIC, &therapy::TherapyEvent { kind }).await;
    let drafted = referrals::ReferralDrafted {
        requester_agency_id: CLINIC.to_string(),
        target_agency_id: HOMES.to_string(),
        offer_name: "Cedar House".into(),
        life_domain: LifeDomain::Housing.into(),
        ..Default::default()
    };
    for kind in [Referrals::ReferralDrafted(drafted), Referrals::ReferralSent(Default::default())] {
        told(service, person, "referrals", "referral", CLINIC, &ReferralsEvent { kind: Some(kind) }).await;
    }
    let input = |service: &str, family| coordination::FindingInput {
        service: service.into(),
        stream: stream(family, of).to_string(),
        person_id: person_id(),
        agency_id: CLINIC.to_string(),
        category: service.into(),
        ..Default::default()
    };
    let content = coordination::FindingContent {
        rule: "C2".into(),
        kind: coordination::FindingKind::Clash.into(),
        inputs: vec![input("therapy", "appointment"), input("vocational", "job")],
        line: "A session falls into a job shift".into(),
        ..Default::default()
    };
    let raised =
        coordination::FindingRaised { finding_id: Uuid::from_u128(of).to_string(), content: Some(content) };
    let kind = Some(coordination::coordination_event::Kind::FindingRaised(raised));
    told(service, person, "coordination", "findings", CLINIC, &coordination::CoordinationEvent { kind })
        .await;
    takes_part(service, person).await;
    taken_in(service, person).await;
    let event = RegistryEvent { kind: Some(Registry::GoalSet(reg::GoalSet::default())) };
    told(service, person, "registry", "goal", CLINIC, &event).await;
}

/// The homes accepted the referral: a participation opened.
async fn takes_part(service: &Alone, person: PersonId) {
    let started = referrals::ParticipationStarted {
        agency_id: HOMES.to_string(),
        offer_name: "Cedar House".into(),
        ..Default::default()
    };
    let contact = Contact { occurred: Some(at("2026-01-05")), reached: true, ..Default::default() };
    let made = referrals::ParticipationContactMade {
        contact_id: Uuid::from_u128(1).to_string(),
        contact: Some(contact),
        ..Default::default()
    };
    for kind in [Referrals::ParticipationStarted(started), Referrals::ParticipationContactMade(made)] {
        told(service, person, "referrals", "participation", HOMES, &ReferralsEvent { kind: Some(kind) })
            .await;
    }
}

/// A doctor of the hospital declared an emergency.
async fn taken_in(service: &Alone, person: PersonId) {
    let now = service.clock.now();
    let judged = kernel::Emergency {
        id: kernel::EmergencyId::new(Uuid::new_v5(&person.uuid(), b"emergency")),
        worker: kernel::WorkerId::of(500),
        agency: HOSPITAL,
        disclosers: [CLINIC].into(),
        from: now,
        until: now + jiff::SignedDuration::from_hours(24),
    };
    let nature =
        tests::alone::TestKeys::key(person).seal(Uuid::from_u128(71), "nature", "unconscious, invented");
    let declared = platform::people::emergency::out(person, &judged, "River".into(), Some(nature));
    let event = RegistryEvent { kind: Some(Registry::EmergencyDeclared(declared)) };
    told(service, person, "registry", "emergency", HOSPITAL, &event).await;
}

async fn restricted(service: &Alone, person: PersonId) {
    let (person_id, reason) = (person.to_string(), reg::RestrictionReason::FleeingViolence.into());
    let kind = Registry::PersonRestricted(reg::PersonRestricted { person_id, reason });
    registry(service, StreamId::new("person", person.uuid()), person, kind).await;
}

async fn lifted(service: &Alone, person: PersonId) {
    let person_id = person.to_string();
    let kind = Registry::PersonRestrictionLifted(reg::PersonRestrictionLifted { person_id });
    registry(service, StreamId::new("person", person.uuid()), person, kind).await;
}

async fn served_by(service: &Alone, person: PersonId, agency: AgencyId) {
    let (person_id, agency_id) = (person.to_string(), agency.to_string());
    let kind = Registry::ServingAgencyAdded(reg::ServingAgencyAdded { person_id, agency_id });
    registry(service, StreamId::new("person", person.uuid()), person, kind).await;
}

/// What of a timeline tells where she is.
fn where_she_is(entries: &[Entry]) -> BTreeSet<&str> {
    lines(entries).into_iter().filter(|line| TELLS_WHERE.contains(line)).collect()
}

fn goals(entries: &[Entry]) -> usize {
    lines(entries).into_iter().filter(|line| *line == TELLS_NOT).count()
}

/// Reads until so many entries tell where she is, and something that does not is there too.
async fn read_until(peer: Peer, request: GetTimelineRequest, tell: usize) -> Vec<Entry> {
    until(&format!("{tell} entries that tell where she is"), async || {
        let entries = read(peer.clone(), request.clone()).await;
        (where_she_is(&entries).len() == tell && goals(&entries) > 0).then_some(entries)
    })
    .await
}

/// Every entry, by pages of this size, and how many pages there were.
async fn paged(peer: Peer, size: i32) -> (Vec<Entry>, usize) {
    let (mut all, mut pages, mut page_token) = (vec![], 0, String::new());
    loop {
        let request = GetTimelineRequest { page_size: size, page_token, ..of(ANA) };
        let page: GetTimelineResponse =
            Client::new(peer.clone()).get_timeline(request).await.unwrap().into_inner();
        pages += 1;
        assert!(!page.entries.is_empty() || page.next_page_token.is_empty(), "a page for nothing");
        all.extend(page.entries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return (all, pages);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_somebody_restricted_is_is_seen_by_those_who_serve_them_and_by_nobody_else_whatever_they_allowed()
 {
    let service = service().await;
    ana_allows(&service, NOSY).await;
    lives(&service, ANA).await;
    let nosy = || service.worker(NOSY);
    let before = read_until(nosy(), of(ANA), TELLS_WHERE.len()).await;
    assert_eq!(goals(&before), 1);
    let open = service.clock.now();
    service.hours_pass(1);

    restricted(&service, ANA).await;
    let now = read_until(nosy(), of(ANA), 0).await;
    assert_eq!(goals(&now), 1, "the rest is opened as before: {:?}", lines(&now));
    // Not by what was known before, not by a service alone, not by small pages.
    let as_of = Some(platform::wire::to_instant(open));
    let then = read(nosy(), GetTimelineRequest { as_of, ..of(ANA) }).await;
    assert_eq!((where_she_is(&then).len(), goals(&then)), (0, 1));
    for service in ["housing", "vocational", "therapy", "coordination", "referrals"] {
        let only = GetTimelineRequest { services: vec![service.into()], ..of(ANA) };
        assert_eq!(read(nosy(), only).await, [], "{service}");
    }
    let (all, pages) = paged(nosy(), 1).await;
    assert_eq!(
        (where_she_is(&all).len(), pages),
        (0, now.len()),
        "one page for each entry seen, and no more"
    );
    assert_eq!(where_she_is(&read(service.operator(), of(ANA)).await).len(), 0);
    assert_eq!(where_she_is(&read(service.recorder(NOSY), of(ANA)).await).len(), 0);
    // She herself, and each agency what it wrote itself.
    assert_eq!(where_she_is(&read(service.person(ANA), of(ANA)).await).len(), TELLS_WHERE.len());
    let homes = read(service.worker(HOMES), of(ANA)).await;
    let own = [TELLS_WHERE[0], TELLS_WHERE[1], TELLS_WHERE[5], TELLS_WHERE[7], TELLS_WHERE[8]];
    assert_eq!(where_she_is(&homes), own.into());
    let hospital = read(service.worker(HOSPITAL), of(ANA)).await;
    assert_eq!(where_she_is(&hospital), [TELLS_WHERE[9]].into());

    // Who serves her is told what she allows.
    served_by(&service, ANA, NOSY).await;
    read_until(nosy(), of(ANA), TELLS_WHERE.len()).await;
    assert_eq!(where_she_is(&read(service.worker(AgencyId::of(9)), of(ANA)).await).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mark_is_of_all_records_of_one_human_and_ends_when_it_is_lifted() {
    let service = service().await;
    let (canonical_id, member_id) = (ANA.to_string(), ANA_TOO.to_string());
    let link = reg::PersonsLinked { canonical_id, member_id };
    for person in [ANA, ANA_TOO] {
        registry(
            &service,
            StreamId::new("person", person.uuid()),
            person,
            Registry::PersonsLinked(link.clone()),
        )
        .await;
    }
    ana_allows(&service, NOSY).await;
    lives(&service, ANA).await;
    let nosy = || service.worker(NOSY);
    read_until(nosy(), of(ANA), TELLS_WHERE.len()).await;
    let linked = service.clock.now();
    service.hours_pass(1);
    restricted(&service, ANA_TOO).await;
    for record in [ANA, ANA_TOO] {
        assert_eq!(goals(&read_until(nosy(), of(record), 0).await), 1);
    }
    // Parted, the record that is not restricted is open again, and by way of it nothing of the other's, not even as it was linked then.
    lives(&service, ANA_TOO).await;
    registry(&service, StreamId::new("consent", ANA_TOO.uuid()), ANA_TOO, say::given(ANA_TOO, NOSY)).await;
    for person in [ANA, ANA_TOO] {
        let unlink = reg::PersonsUnlinked { canonical_id: ANA.to_string(), member_id: ANA_TOO.to_string() };
        let stream = StreamId::new("person", person.uuid());
        registry(&service, stream, person, Registry::PersonsUnlinked(unlink)).await;
    }
    read_until(nosy(), of(ANA), TELLS_WHERE.len()).await;
    let as_of = Some(platform::wire::to_instant(linked));
    let then = Client::new(nosy()).get_timeline(GetTimelineRequest { as_of, ..of(ANA) }).await.unwrap();
    let then = then.into_inner();
    assert_eq!(then.person_ids.len(), 2, "they were linked then");
    assert_eq!(where_she_is(&then.entries).len(), 0);
    read_until(nosy(), of(ANA_TOO), 0).await;
    lifted(&service, ANA_TOO).await;
    read_until(nosy(), of(ANA_TOO), TELLS_WHERE.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_is_taken_away_what_tells_where_somebody_is_and_given_it_back() {
    let service = service().await;
    ana_allows(&service, NOSY).await;
    lives(&service, ANA).await;
    read_until(service.worker(NOSY), of(ANA), TELLS_WHERE.len()).await;
    // Of housing alone, where all of it tells.
    let request = WatchTimelineRequest {
        person_id: ANA.to_string(),
        services: vec!["housing".into()],
        ..Default::default()
    };
    let mut following = watch::Following::of(service.worker(NOSY), request).await;
    let told = following.step().await;
    assert_eq!(told.len(), 2, "{told:?}");
    restricted(&service, ANA).await;
    let taken = following.step().await;
    assert!(
        taken.iter().all(|told| matches!(told, watch::Told::Removed(_))) && taken.len() == 2,
        "{taken:?}"
    );
    lifted(&service, ANA).await;
    assert_eq!(following.step().await, told);
}
