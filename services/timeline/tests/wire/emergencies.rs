//! What a medical emergency opens on a timeline, to whom and until when, and how it stands there itself.
//! Invariant: it closes by the clock, for who reads and for who follows, though no log tells of an end.

use jiff::SignedDuration;
use kernel::WorkerId;
use platform::people::emergency;
use proto::registry as reg;
use proto::timeline::{EntryKind, TimelineEvent, WatchAgencyRequest, timeline_event};
use proto::types::{FieldStatus, Purpose};
use tests::alone::TestKeys;

use super::*;

/// The doctor: a worker of the shelter's.
const DOCTOR: WorkerId = WorkerId::of(500);
const FIRST: kernel::EmergencyId = kernel::EmergencyId::of(70);

/// For 24 hours from now on the clinic's records are open to the doctor.
async fn declared(service: &Alone) {
    let now = service.clock.now();
    let judged = kernel::Emergency {
        id: FIRST,
        worker: DOCTOR,
        agency: SHELTER,
        disclosers: [CLINIC].into(),
        from: now,
        until: now + SignedDuration::from_hours(24),
    };
    let nature = TestKeys::key(ANA).seal(Uuid::from_u128(71), "nature", "unconscious, invented");
    let told = emergency::out(ANA, &judged, "River".into(), Some(nature));
    let stream = StreamId::new("emergency", ANA.uuid());
    let event = RegistryEvent { kind: Some(Registry::EmergencyDeclared(told)) };
    service.tell_as("registry", stream, Some(ANA), SHELTER, &event).await;
    consents::heard(service).await;
}

/// That agency is a 42 CFR Part 2 programme.
async fn is_programme(service: &Alone, agency: AgencyId) {
    let content = Some(reg::AgencyContent {
        name: "House".into(),
        zone: "UTC".into(),
        part2: true,
        ..Default::default()
    });
    let registered = reg::AgencyRegistered { agency_id: agency.to_string(), content };
    let event = RegistryEvent { kind: Some(Registry::AgencyRegistered(registered)) };
    service.tell("registry", StreamId::new("agency", agency.uuid()), None, &event).await;
    consents::heard(service).await;
}

fn to_treat(purpose: Purpose) -> GetTimelineRequest {
    GetTimelineRequest { purpose: purpose.into(), ..contacts_of(ANA) }
}

async fn seen(peer: Peer, purpose: Purpose) -> usize {
    read(peer, to_treat(purpose)).await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_opens_what_a_programme_wrote_for_treatment_to_who_declared_it_until_its_end() {
    let service = service().await;
    consents::two_contacts(&service).await;
    is_programme(&service, CLINIC).await;
    let doctor = || service.as_worker(SHELTER, DOCTOR);
    assert_eq!(seen(doctor(), Purpose::Treatment).await, 1, "not before");
    declared(&service).await;
    let page = Client::new(doctor()).get_timeline(to_treat(Purpose::Treatment)).await.unwrap().into_inner();
    assert_eq!(page.entries.len(), 2);
    assert_eq!(page.emergency_ids, [FIRST.to_string()], "the page names what opened it");
    assert!(page.part2_notice.contains("42 CFR 2.51"), "{}", page.part2_notice);
    assert_eq!(page.directive_ids, [] as [&str; 0]);
    for other in [Purpose::Coordination, Purpose::Referral] {
        assert_eq!(seen(doctor(), other).await, 1, "for treatment alone");
    }
    for other in
        [service.worker(SHELTER), service.recorder(SHELTER), service.as_worker(AgencyId::of(3), DOCTOR)]
    {
        let page = Client::new(other).get_timeline(to_treat(Purpose::Treatment)).await.unwrap().into_inner();
        assert!(page.entries.len() < 2 && page.emergency_ids.is_empty() && page.part2_notice.is_empty());
    }
    // What the clinic reads of its own needs none, and is told nothing.
    let own = Client::new(service.worker(CLINIC)).get_timeline(to_treat(Purpose::Treatment)).await;
    assert_eq!(own.unwrap().into_inner().part2_notice, "");

    service
        .clock
        .drive_to(service.clock.now() + SignedDuration::from_hours(24) - SignedDuration::from_micros(1));
    assert_eq!(seen(doctor(), Purpose::Treatment).await, 2, "to its last microsecond");
    service.clock.drive_to(service.clock.now() + SignedDuration::from_micros(1));
    assert_eq!(seen(doctor(), Purpose::Treatment).await, 1, "and not at its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_read_in_an_emergency_is_written_down_before_it_is_answered() {
    let service = service().await;
    consents::two_contacts(&service).await;
    declared(&service).await;
    let doctor = service.as_worker(SHELTER, DOCTOR);
    assert_eq!(seen(doctor.clone(), Purpose::Treatment).await, 2);
    assert_eq!(seen(doctor.clone(), Purpose::Treatment).await, 2);
    assert_eq!(seen(doctor.clone(), Purpose::Coordination).await, 1);
    let mut following = following(&service, doctor, String::new()).await;
    assert_eq!(following.step().await.len(), 2);
    let events = service.events().await;
    assert_eq!(events.len(), 3, "two pages and one following");
    for event in events {
        assert_eq!((event.person_id, event.agency_id), (ANA.to_string(), SHELTER.to_string()));
        let kind = <TimelineEvent as prost::Message>::decode(event.payload).unwrap().kind.unwrap();
        let timeline_event::Kind::TimelineRead(read) = kind;
        assert_eq!((read.entries, read.emergency_ids), (2, vec![FIRST.to_string()]));
        assert_eq!(event.actor.unwrap().id, DOCTOR.to_string());
    }
}

async fn following(service: &Alone, peer: Peer, resume_token: String) -> watch::Following {
    let asked = WatchTimelineRequest {
        person_id: ANA.to_string(),
        services: vec!["referrals".into()],
        purpose: Purpose::Treatment.into(),
        resume_token,
    };
    consents::heard(service).await;
    watch::Following::of(peer, asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_is_shown_it_and_has_it_taken_back_when_it_ends_and_a_colleague_cannot_go_on() {
    let service = service().await;
    consents::two_contacts(&service).await;
    is_programme(&service, CLINIC).await;
    let mut watching = following(&service, service.as_worker(SHELTER, DOCTOR), String::new()).await;
    let own = watching.tells().await;
    assert_eq!(watching.notices(), [] as [&str; 0]);
    declared(&service).await;
    let opened = watching.tells().await;
    assert_ne!(opened.id, own.id);
    assert!(watching.notices().len() == 1 && watching.notices()[0].contains("42 CFR 2.51"));
    let request = WatchTimelineRequest {
        person_id: ANA.to_string(),
        services: vec!["referrals".into()],
        purpose: Purpose::Treatment.into(),
        resume_token: watching.token(),
    };
    let mut colleague = Client::new(service.worker(SHELTER));
    let refused = colleague.watch_timeline(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "the token tells what the doctor saw");
    service.hours_pass(24);
    assert_eq!(watching.step().await, [watch::Told::Removed(opened.id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_opens_nothing_to_whoever_follows_the_agencys_people() {
    let service = service().await;
    consents::two_contacts(&service).await;
    let serves = reg::ServingAgencyAdded { person_id: ANA.to_string(), agency_id: SHELTER.to_string() };
    registry(&service, StreamId::new("person", ANA.uuid()), ANA, Registry::ServingAgencyAdded(serves)).await;
    declared(&service).await;
    let request = WatchAgencyRequest {
        services: vec!["referrals".into()],
        purpose: Purpose::Treatment.into(),
        ..Default::default()
    };
    let mut client = Client::new(service.as_worker(SHELTER, DOCTOR));
    let mut stream = client.watch_agency(request).await.unwrap().into_inner();
    let mut told = 0;
    loop {
        let next = tokio::time::timeout(std::time::Duration::from_secs(20), stream.message()).await;
        use proto::timeline::watch_agency_response::Update;
        match next.unwrap().unwrap().unwrap().update.unwrap() {
            Update::Entry(_) => told += 1,
            Update::ResumeToken(_) => break,
            Update::RemovedEntryId(_) | Update::BeginsAnew(_) => {}
        }
    }
    assert_eq!(told, 1, "its own alone");
    assert!(service.events().await.is_empty());
}

/// The registry tells that of the emergency, by the agency that declared it, now.
async fn told(service: &Alone, kind: Registry) {
    let stream = StreamId::new("emergency", ANA.uuid());
    let event = RegistryEvent { kind: Some(kind) };
    service.tell_as("registry", stream, Some(ANA), SHELTER, &event).await;
    consents::heard(service).await;
}

fn ended(service: &Alone) -> Registry {
    Registry::EmergencyEnded(reg::EmergencyEnded {
        emergency_id: FIRST.to_string(),
        person_id: ANA.to_string(),
        ended_at: Some(platform::wire::to_instant(service.clock.now())),
    })
}

fn in_error(service: &Alone) -> Registry {
    Registry::EmergencyEnteredInError(reg::EmergencyEnteredInError {
        emergency_id: FIRST.to_string(),
        person_id: ANA.to_string(),
        at: Some(platform::wire::to_instant(service.clock.now())),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ended_or_withdrawn_before_its_time_opens_nothing_from_then_on() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        for over in [ended, in_error] {
            opens_nothing_from_then_on(store, over).await;
        }
    }
}

async fn opens_nothing_from_then_on(store: OnStore, over: fn(&Alone) -> Registry) {
    let service = Alone::start("timeline", store, async |parts| timeline::service(&parts).await).await;
    consents::two_contacts(&service).await;
    declared(&service).await;
    let doctor = || service.as_worker(SHELTER, DOCTOR);
    let mut watching = following(&service, doctor(), String::new()).await;
    let shown = watching.step().await;
    assert_eq!(shown.len(), 2);
    service.hours_pass(2);
    assert_eq!(seen(doctor(), Purpose::Treatment).await, 2);
    told(&service, over(&service)).await;
    assert_eq!(seen(doctor(), Purpose::Treatment).await, 1, "its own alone");
    let removed = watching.step().await;
    assert!(matches!(removed.as_slice(), [watch::Told::Removed(_)]), "{removed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stands_on_the_timeline_of_the_person_and_of_whose_records_it_opened() {
    let service = service().await;
    consents::two_contacts(&service).await;
    declared(&service).await;
    let of_registry = GetTimelineRequest { services: vec!["registry".into()], ..of(ANA) };
    for peer in [service.person(ANA), service.worker(CLINIC), service.worker(SHELTER)] {
        let entries = read(peer, of_registry.clone()).await;
        let [entry] = entries.as_slice() else { panic!("one entry, and not {entries:?}") };
        assert_eq!(entry.line, "Records opened to River in a medical emergency");
        assert_eq!(
            (entry.kind(), entry.open, entry.agency_id.as_str()),
            (EntryKind::Consent, false, SHELTER.to_string().as_str())
        );
        // What it was is for the list of disclosures.
        assert_eq!((entry.text.as_str(), entry.text_status()), ("", FieldStatus::Unspecified));
        let lasts = |at: &Option<Occurred>| at.as_ref().unwrap().at.unwrap().seconds;
        assert_eq!(lasts(&entry.end) - lasts(&entry.start), 24 * 3_600);
    }
    assert!(read(service.worker(AgencyId::of(9)), of_registry).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_entry_of_one_that_is_over_before_its_time_says_so_and_that_records_were_opened() {
    let service = service().await;
    consents::two_contacts(&service).await;
    declared(&service).await;
    let of_registry = GetTimelineRequest { services: vec!["registry".into()], ..of(ANA) };
    let hours = |entry: &proto::timeline::Entry| {
        let at = |at: &Option<Occurred>| at.as_ref().unwrap().at.unwrap().seconds;
        (at(&entry.end) - at(&entry.start)) / 3_600
    };
    let entry = async |peer: Peer| {
        let entries = read(peer, of_registry.clone()).await;
        let [entry] = entries.as_slice() else { panic!("one entry, and not {entries:?}") };
        entry.clone()
    };
    let opened = entry(service.person(ANA)).await;
    service.hours_pass(2);
    told(&service, ended(&service)).await;
    for peer in [service.person(ANA), service.worker(CLINIC), service.worker(SHELTER)] {
        let entry = entry(peer).await;
        assert_eq!(entry.line, "Records opened to River in a medical emergency, ended before its time");
        assert_eq!((hours(&entry), entry.withdrawn, &entry.id), (2, false, &opened.id));
    }
    service.hours_pass(2);
    told(&service, in_error(&service)).await;
    for peer in [service.person(ANA), service.worker(CLINIC), service.worker(SHELTER)] {
        let entry = entry(peer).await;
        assert!(
            entry.line.starts_with("Records opened to River") && entry.line.ends_with(", declared in error")
        );
        assert_eq!((hours(&entry), entry.withdrawn), (2, true), "it was over before");
    }
}
