//! The timeline through the wire: whose entries who sees, in which order, as of when, and how it is followed.
//! Invariant: the logs that it reads are real and hold what the test tells them.

mod agency;
mod consents;
mod emergencies;
mod links;
mod participations;
mod plans;
mod restricted;
mod teams;
mod turns;
mod watch;
mod words;

use kernel::{AgencyId, PersonId, StreamId};
use platform::peer::Peer;
use proto::referrals::referrals_event::Kind as Referrals;
use proto::referrals::{self as referrals, ReferralsEvent};
use proto::registry::RegistryEvent;
use proto::registry::registry_event::Kind as Registry;
use proto::timeline::timeline_service_client::TimelineServiceClient as Client;
use proto::timeline::{Entry, GetTimelineRequest, WatchTimelineRequest};
use proto::types::{Contact, Occurred, Precision};
use tests::alone::until;
use tests::{Alone, OnStore, say};
use tonic::Code;
use uuid::Uuid;

const SHELTER: AgencyId = AgencyId::of(1);
const CLINIC: AgencyId = AgencyId::of(2);
const ANA: PersonId = PersonId::of(10);
const ANA_TOO: PersonId = PersonId::of(11);

async fn service() -> Alone {
    Alone::start("timeline", OnStore::Sqlite, async |parts| timeline::service(&parts).await).await
}

fn at(day: &str) -> Occurred {
    let at: jiff::Timestamp = format!("{day}T15:00:00Z").parse().unwrap();
    let at = Some(platform::wire::to_instant(at));
    Occurred { at, precision: Precision::Instant.into(), zone: "America/Chicago".into() }
}

/// A referral of Ana by the shelter to the clinic.
async fn referral(service: &Alone, number: u128, sent: bool) -> StreamId {
    let stream = StreamId::new("referral", Uuid::from_u128(number));
    let drafted = referrals::ReferralDrafted {
        referral_id: Uuid::from_u128(number).to_string(),
        requester_agency_id: SHELTER.to_string(),
        target_agency_id: CLINIC.to_string(),
        offer_name: "Kitchen skills".into(),
        ..Default::default()
    };
    tell(service, stream, ANA, SHELTER, Referrals::ReferralDrafted(drafted)).await;
    if sent {
        tell(service, stream, ANA, SHELTER, Referrals::ReferralSent(Default::default())).await;
    }
    stream
}

async fn tell(service: &Alone, stream: StreamId, person: PersonId, agency: AgencyId, kind: Referrals) {
    let event = ReferralsEvent { kind: Some(kind) };
    service.tell_as("referrals", stream, Some(person), agency, &event).await;
}

/// That a contact was made on that day.
fn made(number: u128, day: &str) -> Referrals {
    Referrals::ParticipationContactMade(referrals::ParticipationContactMade {
        contact_id: Uuid::from_u128(number).to_string(),
        contact: Some(Contact { occurred: Some(at(day)), reached: true, ..Default::default() }),
        ..Default::default()
    })
}

/// A contact of the person with the agency on that day.
async fn contact(service: &Alone, number: u128, person: PersonId, agency: AgencyId, day: &str) {
    let stream = StreamId::new("participation", Uuid::from_u128(number));
    tell(service, stream, person, agency, made(number, day)).await;
}

async fn registry(service: &Alone, stream: StreamId, person: PersonId, kind: Registry) {
    service.tell("registry", stream, Some(person), &RegistryEvent { kind: Some(kind) }).await;
}

async fn ana_allows(service: &Alone, agency: AgencyId) {
    registry(service, say::stream(ANA), ANA, say::given(ANA, agency)).await;
}

async fn ana_allows_no_more(service: &Alone, agency: AgencyId) {
    registry(service, say::stream(ANA), ANA, say::revoked(ANA, agency)).await;
}

fn of(person: PersonId) -> GetTimelineRequest {
    GetTimelineRequest { person_id: person.to_string(), page_size: 200, ..Default::default() }
}

/// The person's contacts alone; consent itself stands on the timeline too.
fn contacts_of(person: PersonId) -> GetTimelineRequest {
    GetTimelineRequest { services: vec!["referrals".into()], ..of(person) }
}

async fn read(peer: Peer, request: GetTimelineRequest) -> Vec<Entry> {
    Client::new(peer).get_timeline(request).await.unwrap().into_inner().entries
}

/// Reads until there are so many entries.
async fn read_all(service: &Alone, peer: Peer, request: GetTimelineRequest, entries: usize) -> Vec<Entry> {
    let what = format!("{entries} entries; the timeline is at {:?}", service.service.read_models().len());
    until(&what, async || {
        let found = read(peer.clone(), request.clone()).await;
        (found.len() == entries).then_some(found)
    })
    .await
}

fn lines(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.line.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_of_a_referral_see_it_once_sent_and_whoever_sees_both_sides_sees_it_once() {
    let service = service().await;
    let stream = referral(&service, 1, false).await;
    let drafts = read_all(&service, service.worker(SHELTER), of(ANA), 1).await;
    assert_eq!(lines(&drafts), ["Referral to Kitchen skills: draft"]);
    assert!(read(service.worker(CLINIC), of(ANA)).await.is_empty(), "a draft is its requester's alone");

    tell(&service, stream, ANA, SHELTER, Referrals::ReferralSent(Default::default())).await;
    let sent = read_all(&service, service.worker(CLINIC), of(ANA), 1).await;
    assert_eq!(lines(&sent), ["Referral to Kitchen skills: requested"]);
    assert_eq!(lines(&read(service.operator(), of(ANA)).await), ["Referral to Kitchen skills: requested"]);
    assert_eq!(read(service.person(ANA), of(ANA)).await.len(), 1);
    assert!(read(service.worker(AgencyId::of(9)), of(ANA)).await.is_empty());
    assert!(read(service.person(PersonId::of(77)), of(ANA)).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_opens_what_others_wrote_and_its_withdrawal_closes_it() {
    let service = service().await;
    contact(&service, 1, ANA, CLINIC, "2026-01-05").await;
    contact(&service, 2, ANA, SHELTER, "2026-01-06").await;
    read_all(&service, service.worker(SHELTER), contacts_of(ANA), 1).await;
    ana_allows(&service, SHELTER).await;
    read_all(&service, service.worker(SHELTER), contacts_of(ANA), 2).await;
    assert_eq!(read(service.worker(CLINIC), contacts_of(ANA)).await.len(), 1, "it names one recipient");
    ana_allows_no_more(&service, SHELTER).await;
    read_all(&service, service.worker(SHELTER), contacts_of(ANA), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_stable_while_late_facts_arrive_and_filters_hold() {
    let service = service().await;
    for day in 10..20_u8 {
        contact(&service, day.into(), ANA, CLINIC, &format!("2026-01-{day}")).await;
    }
    let whole = read_all(&service, service.worker(CLINIC), of(ANA), 10).await;
    let newest_first = whole.windows(2).all(|pair| {
        let at = |entry: &Entry| entry.start.clone().unwrap().at.unwrap().seconds;
        at(&pair[0]) >= at(&pair[1])
    });
    assert!(newest_first);
    let mut client = Client::new(service.worker(CLINIC));
    let first =
        client.get_timeline(GetTimelineRequest { page_size: 4, ..of(ANA) }).await.unwrap().into_inner();
    // Facts that belong before and after the page's end, told between two pages.
    contact(&service, 100, ANA, CLINIC, "2026-02-01").await;
    contact(&service, 101, ANA, CLINIC, "2026-01-02").await;
    read_all(&service, service.worker(CLINIC), of(ANA), 12).await;
    let mut seen: Vec<String> = first.entries.iter().map(|entry| entry.id.clone()).collect();
    let mut page_token = first.next_page_token;
    while !page_token.is_empty() {
        let request = GetTimelineRequest { page_size: 4, page_token, ..of(ANA) };
        let page = client.get_timeline(request).await.unwrap().into_inner();
        seen.extend(page.entries.iter().map(|entry| entry.id.clone()));
        page_token = page.next_page_token;
    }
    let known: Vec<String> = whole.iter().map(|entry| entry.id.clone()).collect();
    assert_eq!(&seen[..10], known.as_slice(), "what was there is seen in its order, once");
    assert_eq!(seen.len(), 11, "a late fact behind the page is seen, one before it is not");

    let january_15_on =
        GetTimelineRequest { from: at("2026-01-15").at, until: at("2026-01-31").at, ..of(ANA) };
    assert_eq!(read(service.worker(CLINIC), january_15_on).await.len(), 5);
    let housing_alone = GetTimelineRequest { services: vec!["housing".into()], ..of(ANA) };
    assert!(read(service.worker(CLINIC), housing_alone).await.is_empty());
    let unknown = GetTimelineRequest { services: vec!["kitchen".into()], ..of(ANA) };
    let refused = client.get_timeline(unknown).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("services[0]"));
    let other = GetTimelineRequest { page_token: "forged".into(), ..of(ANA) };
    assert_eq!(client.get_timeline(other).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_of_shows_what_was_known_then() {
    let service = service().await;
    let stream = referral(&service, 1, true).await;
    read_all(&service, service.worker(CLINIC), of(ANA), 1).await;
    let before = service.clock.now();
    service.hours_pass(24);
    tell(&service, stream, ANA, CLINIC, Referrals::ReferralAccepted(Default::default())).await;
    until("the acceptance", async || {
        (lines(&read(service.worker(CLINIC), of(ANA)).await) == ["Referral to Kitchen skills: accepted"])
            .then_some(())
    })
    .await;
    let then = GetTimelineRequest { as_of: Some(platform::wire::to_instant(before)), ..of(ANA) };
    assert_eq!(lines(&read(service.worker(CLINIC), then).await), ["Referral to Kitchen skills: requested"]);
    let long_ago = GetTimelineRequest { as_of: at("2020-01-01").at, ..of(ANA) };
    assert!(read(service.worker(CLINIC), long_ago).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn linked_records_read_as_one_and_unlinking_restores_every_other_entry_byte_for_byte() {
    let service = service().await;
    contact(&service, 1, ANA, CLINIC, "2026-01-05").await;
    contact(&service, 2, ANA_TOO, CLINIC, "2026-01-06").await;
    let before = read_all(&service, service.worker(CLINIC), of(ANA), 1).await;
    read_all(&service, service.worker(CLINIC), of(ANA_TOO), 1).await;
    let link =
        proto::registry::PersonsLinked { canonical_id: ANA.to_string(), member_id: ANA_TOO.to_string() };
    for person in [ANA, ANA_TOO] {
        registry(
            &service,
            StreamId::new("person", person.uuid()),
            person,
            Registry::PersonsLinked(link.clone()),
        )
        .await;
    }
    let contacts = |entries: Vec<Entry>| -> Vec<Entry> {
        entries.into_iter().filter(|entry| entry.service == "referrals").collect()
    };
    until("the two to read as one", async || {
        let (one, other) =
            (read(service.worker(CLINIC), of(ANA)).await, read(service.worker(CLINIC), of(ANA_TOO)).await);
        (contacts(one).len() == 2 && contacts(other).len() == 2).then_some(())
    })
    .await;
    let page = Client::new(service.worker(CLINIC)).get_timeline(of(ANA_TOO)).await.unwrap().into_inner();
    assert_eq!(page.person_ids, [ANA.to_string(), ANA_TOO.to_string()], "the canonical record first");

    let unlink =
        proto::registry::PersonsUnlinked { canonical_id: ANA.to_string(), member_id: ANA_TOO.to_string() };
    service.hours_pass(1);
    for person in [ANA, ANA_TOO] {
        let kind = Registry::PersonsUnlinked(unlink.clone());
        registry(&service, StreamId::new("person", person.uuid()), person, kind).await;
    }
    let after = until("the two to part", async || {
        let found = contacts(read(service.worker(CLINIC), of(ANA)).await);
        (found.len() == 1).then_some(found)
    })
    .await;
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_by_an_operator_is_written_down_and_a_workers_own_is_not() {
    let service = service().await;
    contact(&service, 1, ANA, CLINIC, "2026-01-05").await;
    read_all(&service, service.worker(CLINIC), of(ANA), 1).await;
    assert!(service.events().await.is_empty());
    assert_eq!(read(service.operator(), of(ANA)).await.len(), 1);
    let audit = service.events().await;
    assert_eq!(audit.len(), 1);
    let watch = WatchTimelineRequest { person_id: ANA.to_string(), ..Default::default() };
    let mut stream = Client::new(service.operator()).watch_timeline(watch).await.unwrap().into_inner();
    stream.message().await.unwrap();
    assert_eq!(service.events().await.len(), 2, "a following is listed too, before anything of it is sent");
    assert_eq!(
        (audit[0].person_id.as_str(), audit[0].actor.as_ref().unwrap().role.as_str()),
        (ANA.to_string().as_str(), "operator")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_read_tells_its_lag_and_what_it_has_seen() {
    let service = service().await;
    contact(&service, 1, ANA, CLINIC, "2026-01-05").await;
    read_all(&service, service.worker(CLINIC), of(ANA), 1).await;
    let mut client = Client::new(service.worker(CLINIC));
    let seen = client.get_timeline(of(ANA)).await.unwrap().into_inner().revisions;
    assert!(!seen.is_empty());
    let with = GetTimelineRequest { at_least: seen, ..of(ANA) };
    assert_eq!(client.get_timeline(with).await.unwrap().into_inner().entries.len(), 1);
    let lag = client.get_lag(proto::timeline::GetLagRequest {}).await.unwrap().into_inner().lag;
    assert!(lag.iter().any(|lag| lag.source == "referrals" && !lag.unreachable));
    let sources: std::collections::BTreeSet<&str> = lag.iter().map(|lag| lag.source.as_str()).collect();
    assert_eq!((lag.len(), sources.len()), (6, 6), "each log once, however many views read it: {lag:?}");
    let bad = GetTimelineRequest { at_least: vec!["???".into()], ..of(ANA) };
    assert!(client.get_timeline(bad).await.unwrap_err().message().starts_with("at_least[0]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_whose_events_cannot_be_applied_are_counted_by_log() {
    let service = service().await;
    contact(&service, 1, ANA_TOO, CLINIC, "2026-01-05").await;
    let unreadable = ReferralsEvent { kind: None };
    for (number, person) in [(2, ANA), (3, ANA_TOO)] {
        let stream = StreamId::new("participation", Uuid::from_u128(number));
        service.tell_as("referrals", stream, Some(person), CLINIC, &unreadable).await;
    }
    let stream = say::stream(ANA);
    service.tell("registry", stream, Some(ANA), &RegistryEvent { kind: None }).await;
    let mut client = Client::new(service.worker(CLINIC));
    let parked = until("three to be parked", async || {
        let lag = client.get_lag(proto::timeline::GetLagRequest {}).await.unwrap().into_inner().lag;
        let parked: Vec<(String, u64)> = lag
            .into_iter()
            .filter(|lag| lag.parked_people > 0)
            .map(|lag| (lag.source, lag.parked_people))
            .collect();
        (parked.iter().map(|(_, people)| people).sum::<u64>() == 3).then_some(parked)
    })
    .await;
    let mut parked = parked;
    parked.sort();
    assert_eq!(parked, [("referrals".to_owned(), 2), ("registry".to_owned(), 1)]);
    // Who waits says so; everyone else's life goes on.
    contact(&service, 4, ANA_TOO, CLINIC, "2026-01-06").await;
    contact(&service, 5, PersonId::of(12), CLINIC, "2026-01-06").await;
    read_all(&service, service.worker(CLINIC), of(PersonId::of(12)), 1).await;
    assert_eq!(read(service.worker(CLINIC), of(ANA_TOO)).await.len(), 1);
}
