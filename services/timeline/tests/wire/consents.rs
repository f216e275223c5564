//! What consent directives open and close on a timeline, and how their own lives stand on it.
//! Invariant: a read closes at a directive's end by the clock, whether or not any log has told of it.

use jiff::SignedDuration;
use kernel::DirectiveId;
use proto::registry as reg;
use proto::timeline::EntryKind;
use proto::types::Purpose;

use super::*;

const ONE: DirectiveId = DirectiveId::of(60);
const TWO: DirectiveId = DirectiveId::of(61);

fn instant(service: &Alone, hours: i64) -> Option<prost_types::Timestamp> {
    Some(platform::wire::to_instant(service.clock.now() + SignedDuration::from_hours(hours)))
}

async fn says(service: &Alone, directive: DirectiveId, scope: reg::ConsentScope) {
    registry(service, say::stream(ANA), ANA, say::gives(ANA, directive, scope)).await;
}

async fn expired(service: &Alone, directive: DirectiveId) {
    let (directive_id, person_id) = (directive.to_string(), ANA.to_string());
    let kind = Registry::ConsentExpired(reg::ConsentExpired { directive_id, person_id });
    registry(service, say::stream(ANA), ANA, kind).await;
}

/// Waits until all that the registry's log tells has been read, for entries and for what people say.
pub(super) async fn heard(service: &Alone) {
    let head = service.log("registry").head().await.unwrap().position;
    for (name, model) in service.service.read_models() {
        let mut progress = model.views().progress();
        let read = progress
            .wait_for(|progress| progress.places.get("registry").is_some_and(|place| place.position >= head));
        let read = tokio::time::timeout(std::time::Duration::from_secs(20), read).await;
        read.unwrap_or_else(|_| panic!("in vain: {name} to read on")).expect("it runs");
    }
}

/// One contact of Ana's with the clinic and one with the shelter, as the shelter sees them when it sees both.
pub(super) async fn two_contacts(service: &Alone) {
    contact(service, 1, ANA, CLINIC, "2026-01-05").await;
    contact(service, 2, ANA, SHELTER, "2026-01-06").await;
    read_all(service, service.worker(SHELTER), contacts_of(ANA), 1).await;
    read_all(service, service.worker(CLINIC), contacts_of(ANA), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directive_opens_from_its_beginning_to_before_its_end_without_any_event() {
    let service = service().await;
    two_contacts(&service).await;
    let scope =
        reg::ConsentScope { from: instant(&service, 1), until: instant(&service, 2), ..say::scope(SHELTER) };
    says(&service, ONE, scope).await;
    heard(&service).await;
    let seen = async || read(service.worker(SHELTER), contacts_of(ANA)).await.len();
    assert_eq!(seen().await, 1, "not yet");
    service.hours_pass(1);
    assert_eq!(seen().await, 2, "from its beginning on");
    let page =
        Client::new(service.worker(SHELTER)).get_timeline(contacts_of(ANA)).await.unwrap().into_inner();
    assert_eq!(page.directive_ids, [ONE.to_string()], "the page names what opened it");
    let own = Client::new(service.worker(CLINIC)).get_timeline(contacts_of(ANA)).await.unwrap().into_inner();
    assert_eq!(own.directive_ids, [] as [&str; 0]);
    let last = service.clock.now() + SignedDuration::from_hours(1) - SignedDuration::from_micros(1);
    service.clock.drive_to(last);
    assert_eq!(seen().await, 2, "to its last microsecond");
    service.clock.drive_to(last + SignedDuration::from_micros(1));
    assert_eq!(seen().await, 1, "and not at its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_is_told_when_a_directive_begins_and_ends() {
    let service = service().await;
    two_contacts(&service).await;
    let mut following = watch::Following::start(service.worker(SHELTER), String::new()).await;
    let own = following.tells().await;
    let scope =
        reg::ConsentScope { from: instant(&service, 1), until: instant(&service, 2), ..say::scope(SHELTER) };
    says(&service, ONE, scope).await;
    heard(&service).await;
    service.hours_pass(1);
    let opened = following.tells().await;
    assert_ne!(opened.id, own.id);
    service.hours_pass(1);
    assert_eq!(following.step().await, [watch::Told::Removed(opened.id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_for_a_purpose_and_a_directive_opens_for_those_that_it_names() {
    let service = service().await;
    two_contacts(&service).await;
    let treatment = reg::ConsentScope { purposes: vec![Purpose::Treatment.into()], ..say::scope(SHELTER) };
    says(&service, ONE, treatment).await;
    heard(&service).await;
    for (purpose, entries) in [
        (None, 1),
        (Some(Purpose::Coordination), 1),
        (Some(Purpose::Referral), 1),
        (Some(Purpose::Treatment), 2),
    ] {
        let purpose = purpose.map_or(0, i32::from);
        let request = GetTimelineRequest { purpose, ..contacts_of(ANA) };
        assert_eq!(read(service.worker(SHELTER), request).await.len(), entries, "for {purpose}");
    }
    let unknown = GetTimelineRequest { purpose: 9, ..contacts_of(ANA) };
    let status = Client::new(service.worker(SHELTER)).get_timeline(unknown).await.unwrap_err();
    assert_eq!((status.code(), status.message().starts_with("purpose")), (Code::InvalidArgument, true));

    // A page token and a resume token are for the purpose that they were given for.
    let whole = GetTimelineRequest { purpose: Purpose::Treatment.into(), page_size: 1, ..contacts_of(ANA) };
    let page = Client::new(service.worker(SHELTER)).get_timeline(whole.clone()).await.unwrap().into_inner();
    let elsewhere = GetTimelineRequest { purpose: 0, page_token: page.next_page_token, ..whole };
    let status = Client::new(service.worker(SHELTER)).get_timeline(elsewhere).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directive_opens_what_its_discloser_category_and_label_name() {
    let service = service().await;
    two_contacts(&service).await;
    let to_shelter = || say::scope(SHELTER);
    let disclosed_by = |agency: AgencyId| agency.to_string();
    for (number, opens, scope) in [
        (60, true, reg::ConsentScope { discloser_agency_id: disclosed_by(CLINIC), ..to_shelter() }),
        (61, false, reg::ConsentScope { discloser_agency_id: disclosed_by(AgencyId::of(9)), ..to_shelter() }),
        (62, true, reg::ConsentScope { categories: vec!["referrals".into()], ..to_shelter() }),
        (
            63,
            false,
            reg::ConsentScope { categories: vec!["housing".into(), "therapy".into()], ..to_shelter() },
        ),
        (64, false, reg::ConsentScope { labels: vec!["PSYTHPN".into()], ..to_shelter() }),
        (65, false, say::scope(CLINIC)),
    ] {
        let directive = DirectiveId::of(number);
        says(&service, directive, scope).await;
        heard(&service).await;
        let seen = read(service.worker(SHELTER), contacts_of(ANA)).await.len();
        assert_eq!(seen, if opens { 2 } else { 1 }, "by directive {number}");
        expired(&service, directive).await;
        heard(&service).await;
        assert_eq!(
            read(service.worker(SHELTER), contacts_of(ANA)).await.len(),
            1,
            "after directive {number}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_a_part_2_programme_writes_needs_a_directive_that_names_the_label() {
    let service = service().await;
    two_contacts(&service).await;
    says(&service, ONE, say::scope(SHELTER)).await;
    read_all(&service, service.worker(SHELTER), contacts_of(ANA), 2).await;
    let programme = |part2| reg::AgencyRegistered {
        agency_id: CLINIC.to_string(),
        content: Some(reg::AgencyContent {
            name: "Recovery house".into(),
            zone: "UTC".into(),
            part2,
            ..Default::default()
        }),
    };
    let kind = Registry::AgencyRegistered(programme(true));
    let agency = StreamId::new("agency", CLINIC.uuid());
    service.tell("registry", agency, None, &RegistryEvent { kind: Some(kind) }).await;
    read_all(&service, service.worker(SHELTER), contacts_of(ANA), 1).await;
    let labelled = reg::ConsentScope { labels: vec!["42CFRPart2".into()], ..say::scope(SHELTER) };
    says(&service, TWO, labelled).await;
    read_all(&service, service.worker(SHELTER), contacts_of(ANA), 2).await;
    let page =
        Client::new(service.worker(SHELTER)).get_timeline(contacts_of(ANA)).await.unwrap().into_inner();
    assert_eq!(page.directive_ids, [ONE.to_string(), TWO.to_string()], "the first still opens what is hers");
    let labels = |agency: AgencyId| {
        let entry = page.entries.iter().find(|entry| entry.agency_id == agency.to_string());
        entry.expect("an entry of each").labels.clone()
    };
    assert_eq!((labels(CLINIC), labels(SHELTER)), (vec!["42CFRPart2".to_owned()], vec![]), "it says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_part_2_programme_any_more_opens_nothing_that_it_wrote() {
    let service = service().await;
    two_contacts(&service).await;
    says(&service, ONE, say::scope(SHELTER)).await;
    read_all(&service, service.worker(SHELTER), contacts_of(ANA), 2).await;
    let says_of_itself = |part2| {
        let (name, zone) = ("Recovery house".into(), "UTC".into());
        Some(reg::AgencyContent { name, zone, part2, ..Default::default() })
    };
    let agency = || StreamId::new("agency", CLINIC.uuid());
    let agency_id = || CLINIC.to_string();
    let is = reg::AgencyRegistered { agency_id: agency_id(), content: says_of_itself(true) };
    let is = RegistryEvent { kind: Some(Registry::AgencyRegistered(is)) };
    service.tell("registry", agency(), None, &is).await;
    read_all(&service, service.worker(SHELTER), contacts_of(ANA), 1).await;
    let is_none = reg::AgencyChanged { agency_id: agency_id(), content: says_of_itself(false) };
    let is_none = RegistryEvent { kind: Some(Registry::AgencyChanged(is_none)) };
    service.tell("registry", agency(), None, &is_none).await;
    heard(&service).await;
    assert_eq!(
        read(service.worker(SHELTER), contacts_of(ANA)).await.len(),
        1,
        "what it wrote stays under it"
    );
    let told =
        reg::AgencyRecorded { agency_id: agency_id(), content: says_of_itself(false), correction: true };
    let told = RegistryEvent { kind: Some(Registry::AgencyRecorded(told)) };
    service.tell("registry", agency(), None, &told).await;
    heard(&service).await;
    assert_eq!(
        read(service.worker(SHELTER), contacts_of(ANA)).await.len(),
        1,
        "whoever says that it is none"
    );
    let labelled = reg::ConsentScope { labels: vec!["42CFRPart2".into()], ..say::scope(SHELTER) };
    says(&service, TWO, labelled).await;
    read_all(&service, service.worker(SHELTER), contacts_of(ANA), 2).await;
}

/// The consent entries that the person sees, oldest first, and whether each is open.
async fn lives(service: &Alone, entries: usize) -> Vec<(String, bool)> {
    let mut found = read_all(service, service.person(ANA), of(ANA), entries).await;
    found.reverse();
    assert!(found.iter().all(|entry| entry.kind() == EntryKind::Consent));
    found.into_iter().map(|entry| (entry.line, entry.open)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directives_life_stands_on_the_timeline_and_names_no_agency() {
    let service = service().await;
    let scope = reg::ConsentScope {
        recipient_agency_ids: vec![SHELTER.to_string(), CLINIC.to_string()],
        until: instant(&service, 9),
        ..say::scope(SHELTER)
    };
    let content = Some(reg::SealedConsent { scope: Some(scope.clone()), ..Default::default() });
    let (directive_id, person_id) = (ONE.to_string(), ANA.to_string());
    let drafted = reg::ConsentDrafted { directive_id, person_id, content };
    registry(&service, say::stream(ANA), ANA, Registry::ConsentDrafted(drafted)).await;
    let line = "Consent being prepared: for referral and coordination, to 2 agencies";
    assert_eq!(lives(&service, 1).await, [(line.to_owned(), false)]);

    service.hours_pass(1);
    says(&service, ONE, scope.clone()).await;
    let given = "Consent given: for referral and coordination, to 2 agencies";
    let prepared = ("Consent prepared, and given".to_owned(), false);
    assert_eq!(lives(&service, 2).await, [prepared.clone(), (given.to_owned(), true)]);

    service.hours_pass(1);
    let treating = reg::ConsentScope {
        recipient_agency_ids: vec![],
        recipient_class: reg::RecipientClass::Treating.into(),
        purposes: vec![Purpose::Treatment.into()],
        ..scope
    };
    says(&service, TWO, treating).await;
    let (directive_id, person_id, by_directive_id) = (ONE.to_string(), ANA.to_string(), TWO.to_string());
    let superseded = reg::ConsentSuperseded { directive_id, person_id, by_directive_id };
    registry(&service, say::stream(ANA), ANA, Registry::ConsentSuperseded(superseded)).await;
    let replaced = (format!("{given}, replaced by a later one"), false);
    let anew = "Consent given: for treatment, payment and operations, to the agencies that serve the person";
    let known = until("the first to be replaced", async || {
        let known = lives(&service, 3).await;
        (!known[1].1).then_some(known)
    })
    .await;
    assert_eq!(known, [prepared.clone(), replaced.clone(), (anew.to_owned(), true)]);

    service.hours_pass(1);
    expired(&service, TWO).await;
    let known = until("the second to expire", async || {
        let known = lives(&service, 3).await;
        (!known[2].1).then_some(known)
    })
    .await;
    assert_eq!(known, [prepared, replaced, (format!("{anew}, expired"), false)]);
    let entries = read(service.person(ANA), of(ANA)).await;
    for agency in [SHELTER, CLINIC] {
        assert!(entries.iter().all(|entry| !entry.line.contains(&agency.to_string())));
    }
}
