//! Every call of the service, through the wire, as agencies and people make it.
//! Invariant: the service and its keys are the real ones, served over loopback; only the other services' logs are the test's.

#![allow(clippy::needless_update, reason = "the macros fill what a call does not name, which may be nothing")]

use kernel::{AgencyId, PersonId, StreamId};
use platform::error::reason;
use platform::peer::{Identity, Peer, connect};
use platform::seal::Secret;
use prost::Message;
use proto::registry as pb;
use proto::registry::key_service_client::KeyServiceClient as KeyClient;
use proto::registry::registry_service_client::RegistryServiceClient as Client;
use proto::types::{FieldStatus, LifeDomain, Occurred, Precision, Purpose, Source, Voice, Written};
use registry::keystore::KeyStore;
use tests::alone::until;
use tests::{Alone, OnStore};
use tonic::{Code, Status};
use uuid::Uuid;

const CLINIC: AgencyId = AgencyId::of(1);
const SHELTER: AgencyId = AgencyId::of(2);

/// The service, and the folder that its erasure ledger lies in.
struct Registry {
    alone: Alone,
    outside: tempfile::TempDir,
}

async fn registry_on(store: OnStore) -> Registry {
    let outside = tempfile::tempdir().unwrap();
    let ledger = outside.path().join("erasures");
    let alone = Alone::start("registry", store, async |parts| {
        let db = parts.store().vault("keys").await.unwrap();
        let keys = KeyStore::open(db, &Secret::new([5; 32]), &ledger).await.unwrap();
        registry::service(&parts, keys).await
    });
    Registry { alone: alone.await, outside }
}

async fn registry() -> Registry {
    registry_on(OnStore::Sqlite).await
}

impl Registry {
    fn clinic(&self) -> Client<Peer> {
        Client::new(self.alone.worker(CLINIC))
    }
    fn shelter(&self) -> Client<Peer> {
        Client::new(self.alone.worker(SHELTER))
    }
    fn recorder(&self) -> Client<Peer> {
        Client::new(self.alone.recorder(CLINIC))
    }
    fn operator(&self) -> Client<Peer> {
        Client::new(self.alone.operator())
    }
    fn person(&self, id: &str) -> Client<Peer> {
        Client::new(self.alone.person(id.parse().unwrap()))
    }
    fn key_service(&self) -> KeyClient<Peer> {
        KeyClient::new(connect(&self.alone.at.to_string(), Identity::service("timeline")).unwrap())
    }
    async fn key_state(&self, person: &str) -> pb::KeyState {
        let request = pb::GetKeysRequest { person_ids: vec![person.into()] };
        self.key_service().get_keys(request).await.unwrap().into_inner().keys[0].state()
    }
}

fn new_request() -> String {
    Uuid::now_v7().to_string()
}

macro_rules! call {
    ($client:expr, $method:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }) => {
        $client.$method(pb::$request { request_id: new_request(), $($field: $value,)* ..Default::default() })
            .await.map(|reply| written(reply.into_inner().written))
    };
}

macro_rules! read {
    ($client:expr, $method:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }) => {
        $client.$method(pb::$request { $($field: $value,)* ..Default::default() }).await.map(tonic::Response::into_inner)
    };
}

// Behind the macros that they use.
mod around;
mod catalogue;
mod consents;
mod duplicates;
mod emergencies;
mod etags;
mod facets;
mod goals;
mod in_error;
mod marks;
mod measures;
mod plans;
mod representatives;
mod team;
mod workers;

/// A 42 CFR Part 2 programme.
async fn programme(registry: &Registry) -> AgencyId {
    let content = Some(pb::AgencyContent {
        name: "Recovery house".into(),
        zone: "America/Chicago".into(),
        part2: true,
        ..Default::default()
    });
    let made = call!(registry.operator(), register_agency, RegisterAgencyRequest { content: content });
    made.unwrap().id.parse().unwrap()
}

fn written(written: Option<Written>) -> Written {
    written.expect("every command replies what it wrote")
}

/// The refusal's reason code.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    reason(&result.unwrap_err()).expect("every status has a reason")
}

fn named(given: &str, family: &str) -> Option<pb::PersonDetails> {
    Some(pb::PersonDetails {
        given_name: given.into(),
        family_name: family.into(),
        name_quality: pb::DataQuality::Full.into(),
        birth_date: Some(proto::Date { year: 1990, month: 7, day: 24 }),
        ..Default::default()
    })
}

fn record_number(value: &str) -> pb::PersonIdentifier {
    pb::PersonIdentifier { system: "clinic:mrn".into(), value: value.into(), ..Default::default() }
}

fn social_security(value: &str, quality: pb::DataQuality) -> pb::PersonIdentifier {
    pb::PersonIdentifier {
        system: "ssn".into(),
        value: value.into(),
        shared_by_source: "hmis:1".into(),
        r#use: pb::IdentifierUse::Matching.into(),
        quality: quality.into(),
    }
}

async fn register(client: &mut Client<Peer>, given: &str, family: &str) -> Written {
    call!(client, register_person, RegisterPersonRequest { details: named(given, family) }).unwrap()
}

async fn find(client: &mut Client<Peer>, request: pb::FindPersonsRequest) -> Vec<String> {
    let reply = client.find_persons(request).await.unwrap().into_inner();
    reply.found.into_iter().map(|found| found.person.unwrap().id).collect()
}

fn by_name(name: &str, seen: &Written) -> pb::FindPersonsRequest {
    pb::FindPersonsRequest { name: name.into(), at_least: vec![seen.revision.clone()], ..Default::default() }
}

async fn get(client: &mut Client<Peer>, person: &str) -> Result<pb::Person, Status> {
    let reply = read!(client, get_person, GetPersonRequest { person_id: person.into() });
    reply.map(|reply| reply.person.unwrap())
}

/// Opens what any agency wrote without a label to this one, for coordination.
fn to(recipient: AgencyId) -> pb::ConsentScope {
    pb::ConsentScope {
        recipient_agency_ids: vec![recipient.to_string()],
        purposes: vec![Purpose::Coordination.into()],
        ..Default::default()
    }
}

fn for_referral(recipient: AgencyId) -> pb::ConsentScope {
    pb::ConsentScope { purposes: vec![Purpose::Referral.into()], ..to(recipient) }
}

fn content(scope: pb::ConsentScope) -> Option<pb::ConsentContent> {
    Some(pb::ConsentContent { scope: Some(scope), operator_is_intermediary: true, ..Default::default() })
}

fn giving(person: &str, scope: pb::ConsentScope) -> pb::GiveConsentRequest {
    pb::GiveConsentRequest {
        request_id: new_request(),
        person_id: person.into(),
        content: content(scope),
        ..Default::default()
    }
}

/// The person gives a directive by their own login: its id, and what was written.
async fn gives(
    herself: &mut Client<Peer>,
    person: &str,
    scope: pb::ConsentScope,
) -> Result<(String, Written), Status> {
    let reply = herself.give_consent(giving(person, scope)).await?.into_inner();
    Ok((reply.directive_id, written(reply.written)))
}

async fn revokes(herself: &mut Client<Peer>, person: &str, directive: &str) -> Result<Written, Status> {
    call!(
        herself,
        revoke_consent,
        RevokeConsentRequest { person_id: person.into(), directive_id: directive.into() }
    )
}

async fn consents(reader: &mut Client<Peer>, person: &str, seen: &Written) -> Vec<pb::Consent> {
    let request = pb::ListConsentsRequest { person_id: person.into(), at_least: vec![seen.revision.clone()] };
    reader.list_consents(request).await.unwrap().into_inner().consents
}

fn day() -> Occurred {
    Occurred {
        at: Some(prost_types::Timestamp { seconds: 1_772_000_000, nanos: 0 }),
        precision: Precision::Day.into(),
        zone: "America/Chicago".into(),
    }
}

fn row(table: &str, key: &str) -> Option<Source> {
    Some(Source { system: "hmis:1".into(), table: table.into(), key: key.into(), ..Default::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_says_how_long_its_clocks_run_and_on_which_days_it_does_not_work() {
    let registry = registry().await;
    let mut operator = registry.operator();
    let says = |name: &str| pb::AgencyContent {
        name: name.into(),
        zone: "America/Chicago".into(),
        ..Default::default()
    };
    let clocks = |clocks| pb::AgencyContent { referral_clocks: Some(clocks), ..says("Quick") };
    let rests = |days: &[&str]| {
        let weekend_days = days.iter().map(|day| (*day).to_owned()).collect();
        pb::AgencyContent { weekend_days, ..says("Quick") }
    };
    let of = pb::ReferralClocks::default;
    for (content, field) in [
        (
            clocks(pb::ReferralClocks { acknowledge_days: 61, ..of() }),
            "content.referral_clocks.acknowledge_days",
        ),
        (clocks(pb::ReferralClocks { answer_days: 61, ..of() }), "content.referral_clocks.answer_days"),
        (clocks(pb::ReferralClocks { start_days: 61, ..of() }), "content.referral_clocks.start_days"),
        (clocks(pb::ReferralClocks { review_days: 367, ..of() }), "content.referral_clocks.review_days"),
        (clocks(pb::ReferralClocks { expiry_days: 367, ..of() }), "content.referral_clocks.expiry_days"),
        (rests(&["SA", "sunday"]), "content.weekend_days[1]"),
        (rests(&["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), "content.weekend_days"),
    ] {
        let status = call!(operator, register_agency, RegisterAgencyRequest { content: Some(content) });
        assert!(status.unwrap_err().message().starts_with(&format!("{field} ")), "{field}");
    }
    let (acknowledge_days, answer_days, start_days, review_days) = (1, 60, 5, 366);
    let said = pb::ReferralClocks {
        acknowledge_days,
        answer_days,
        start_days,
        review_days,
        expiry_days: 9,
        expires: true,
    };
    let content = pb::AgencyContent { referral_clocks: Some(said), ..rests(&["SA", "FR", "SA"]) };
    let written = call!(operator, register_agency, RegisterAgencyRequest { content: Some(content) }).unwrap();
    let request = pb::GetAgencyRequest { agency_id: written.id, ..Default::default() };
    let read = operator.get_agency(request).await.unwrap().into_inner().agency.unwrap().content.unwrap();
    assert_eq!(read.referral_clocks, Some(said));
    assert_eq!(read.weekend_days, ["FR", "SA"], "in their order, each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agencys_holidays_are_days_in_their_order_each_once() {
    let registry = registry().await;
    let mut operator = registry.operator();
    let says = |name: &str| pb::AgencyContent {
        name: name.into(),
        zone: "America/Chicago".into(),
        ..Default::default()
    };
    let day = |month, day| proto::Date { year: 2026, month, day };
    let off = |holidays| Some(pb::AgencyContent { holidays, ..says("Off") });
    for (holidays, field) in
        [(vec![day(1, 1), day(2, 30)], "content.holidays[1]"), (vec![day(1, 1); 401], "content.holidays")]
    {
        let status = call!(operator, register_agency, RegisterAgencyRequest { content: off(holidays) });
        assert!(status.unwrap_err().message().starts_with(&format!("{field} ")));
    }
    let given = vec![day(12, 25), day(7, 4), day(12, 25)];
    let resting = call!(operator, register_agency, RegisterAgencyRequest { content: off(given) }).unwrap();
    let request = pb::GetAgencyRequest { agency_id: resting.id, ..Default::default() };
    let read = operator.get_agency(request).await.unwrap().into_inner().agency.unwrap();
    assert_eq!(read.content.unwrap().holidays, [day(7, 4), day(12, 25)], "in their order, each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn agencies_and_workers_are_made_changed_told_and_listed() {
    let registry = registry().await;
    let (mut operator, mut clinic) = (registry.operator(), registry.clinic());
    let says = |name: &str| {
        Some(pb::AgencyContent { name: name.into(), zone: "America/Chicago".into(), ..Default::default() })
    };
    let refusal = call!(clinic, register_agency, RegisterAgencyRequest { content: says("Clinic") });
    assert_eq!(refused(refusal), "ROLE_NOT_ALLOWED");
    let bad = Some(pb::AgencyContent { name: "A".into(), zone: "Mars/Olympus".into(), ..Default::default() });
    let status = call!(operator, register_agency, RegisterAgencyRequest { content: bad }).unwrap_err();
    assert_eq!((status.code(), status.message().contains("content.zone")), (Code::InvalidArgument, true));

    let made = call!(operator, register_agency, RegisterAgencyRequest { content: says("Clinic") }).unwrap();
    let own = AgencyId::new(made.id.parse().unwrap());
    let mut own_worker = Client::new(registry.alone.worker(own));
    let change = pb::ChangeAgencyRequest {
        request_id: new_request(),
        etag: made.etag.clone(),
        agency_id: made.id.clone(),
        content: says("New name"),
    };
    let changed = written(own_worker.change_agency(change).await.unwrap().into_inner().written);
    assert_eq!(changed.etag, "2");
    let others =
        call!(clinic, change_agency, ChangeAgencyRequest { agency_id: made.id.clone(), content: says("X") });
    assert_eq!(refused(others), "NOT_YOUR_AGENCY");

    let told = pb::RecordAgencyRequest {
        request_id: new_request(),
        source: row("Organization", "1361"),
        content: says("Told"),
    };
    let told = written(registry.recorder().record_agency(told).await.unwrap().into_inner().written);
    let list =
        read!(clinic, list_agencies, ListAgenciesRequest { at_least: vec![told.revision], page_size: 1 });
    let first = list.unwrap();
    assert_eq!(first.agencies[0].content.as_ref().unwrap().name, "New name");
    let next =
        read!(clinic, list_agencies, ListAgenciesRequest { page_token: first.next_page_token }).unwrap();
    assert_eq!(next.agencies[0].content.as_ref().unwrap().name, "Told");
    assert_eq!(next.next_page_token, "");

    let is = |name: &str| {
        let roles = vec![pb::WorkerRole::PeerSupportWorker.into()];
        Some(pb::WorkerContent { working_name: name.into(), roles, ..Default::default() })
    };
    let added = call!(own_worker, add_worker, AddWorkerRequest { content: is("Robin") }).unwrap();
    let foreign =
        call!(clinic, change_worker, ChangeWorkerRequest { worker_id: added.id.clone(), content: is("R") });
    assert_eq!(refused(foreign), "WORKER_NOT_FOUND");
    let workers =
        read!(own_worker, list_workers, ListWorkersRequest { at_least: vec![added.revision] }).unwrap();
    assert_eq!(workers.workers.len(), 1);
    let read = read!(clinic, get_worker, GetWorkerRequest { worker_id: added.id }).unwrap().worker.unwrap();
    assert_eq!((read.agency_id, read.content.unwrap().working_name), (made.id, "Robin".to_owned()));
}

async fn people_are_found_on(store: OnStore) {
    let registry = registry_on(store).await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let ana = register(&mut clinic, "Zebulonia", "O'Quixley").await;
    let ben = register(&mut clinic, "Rupert", "Placeholder").await;

    assert_eq!(find(&mut clinic, by_name("oquixley ZEBULONIA", &ben)).await, [ana.id.as_str()]);
    assert_eq!(find(&mut clinic, by_name("robert", &ben)).await, [ben.id.as_str()], "it sounds alike");
    let birth_date = Some(proto::Date { year: 1990, month: 7, day: 24 });
    let both = pb::FindPersonsRequest { birth_date, ..by_name("zebulonia", &ben) };
    assert_eq!(
        find(&mut clinic, both.clone()).await,
        [ana.id.as_str(), ben.id.as_str()],
        "the best match first"
    );
    let first = clinic.find_persons(pb::FindPersonsRequest { page_size: 1, ..both.clone() }).await.unwrap();
    let token = first.into_inner().next_page_token;
    let second = pb::FindPersonsRequest { page_size: 1, page_token: token, ..both };
    assert_eq!(find(&mut clinic, second).await, [ben.id.as_str()]);
    let nobody = read!(clinic, find_persons, FindPersonsRequest {});
    assert_eq!(nobody.unwrap_err().code(), Code::InvalidArgument);

    // Another agency finds nobody, until the person allows it.
    assert_eq!(find(&mut shelter, by_name("zebulonia", &ben)).await, [] as [&str; 0]);
    assert_eq!(get(&mut shelter, &ana.id).await.unwrap_err().code(), Code::NotFound);
    let (directive, given) = gives(&mut registry.person(&ana.id), &ana.id, to(SHELTER)).await.unwrap();
    assert_eq!(find(&mut shelter, by_name("zebulonia", &given)).await, [ana.id.as_str()]);
    let revoked = revokes(&mut registry.person(&ana.id), &ana.id, &directive).await.unwrap();
    assert_eq!(find(&mut shelter, by_name("zebulonia", &revoked)).await, [] as [&str; 0]);

    // Whom directives name the agency for and whom they do not open to it are on no page, and the pages are full.
    for (given, scope) in
        [("Zebulon", for_referral(SHELTER)), ("Zebulin", to(SHELTER)), ("Zebulan", to(SHELTER))]
    {
        let person = register(&mut clinic, given, "Quagmirely").await.id;
        gives(&mut registry.person(&person), &person, scope).await.unwrap();
    }
    let last = register(&mut clinic, "Zebulun", "Quagmirely").await;
    let page = pb::FindPersonsRequest { page_size: 1, ..by_name("quagmirely", &last) };
    let first = shelter.find_persons(page.clone()).await.unwrap().into_inner();
    assert_eq!(first.found.len(), 1);
    let page = pb::FindPersonsRequest { page_token: first.next_page_token, ..page };
    let second = shelter.find_persons(page).await.unwrap().into_inner();
    assert_eq!((second.found.len(), second.next_page_token.as_str()), (1, ""));

    let events = registry.alone.events().await;
    assert!(!events.is_empty());
    for event in events {
        let bytes = event.encode_to_vec();
        for canary in ["Zebulonia", "Quixley", "1990-07-24"] {
            assert!(!bytes.windows(canary.len()).any(|part| part == canary.as_bytes()), "{}", event.r#type);
        }
    }
    registry.alone.one_batch_makes_the_same_lists().await;
    registry.alone.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_how_names_are_written_and_sound_and_only_by_who_may_on_sqlite() {
    people_are_found_on(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_how_names_are_written_and_sound_and_only_by_who_may_on_postgres() {
    people_are_found_on(OnStore::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_registered_once_read_whole_and_changed() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        a_person_is_changed(store).await;
    }
}

async fn a_person_is_changed(store: OnStore) {
    let registry = registry_on(store).await;
    let mut clinic = registry.clinic();
    let details = pb::PersonDetails {
        chosen_name: "Zee".into(),
        pronouns: "they".into(),
        languages: vec!["es".into(), "en-US".into()],
        interpreter_needed: true,
        contact_points: vec![pb::ContactPoint {
            kind: pb::ContactKind::Phone.into(),
            value: "555-0100".into(),
            whose: "sister".into(),
            safe_to_leave_message: true,
            best_times: "mornings".into(),
            r#use: pb::ContactUse::Mobile.into(),
            safe_to_say_who_calls: true,
        }],
        ..named("Ana", "Example").unwrap()
    };
    let request = pb::RegisterPersonRequest {
        request_id: new_request(),
        details: Some(details.clone()),
        identifiers: vec![record_number("A-17")],
    };
    let made = written(clinic.register_person(request.clone()).await.unwrap().into_inner().written);
    let again = written(clinic.register_person(request).await.unwrap().into_inner().written);
    assert_eq!(again, made, "a retry gives the same reply");

    let read = get(&mut clinic, &made.id).await.unwrap();
    let wanted = pb::PersonDetails { languages: vec!["es".into(), "en-us".into()], ..details.clone() };
    assert_eq!(read.details, Some(wanted));
    assert_eq!(read.details_status(), FieldStatus::Open);
    assert_eq!((read.state(), read.serving_agency_ids), (pb::PersonState::Active, vec![CLINIC.to_string()]));
    assert_eq!(read.identifiers[0].value, "A-17");
    let by_number = read!(clinic, get_person, GetPersonRequest { identifier: Some(record_number("A-17")) });
    assert_eq!(by_number.unwrap().person.unwrap().id, made.id);

    let person_id = || made.id.clone();
    let same =
        call!(clinic, change_person, ChangePersonRequest { person_id: person_id(), details: Some(details) });
    assert_eq!(same.unwrap().etag, made.etag, "what is the same changes nothing");
    let changed = call!(
        clinic,
        change_person,
        ChangePersonRequest { person_id: person_id(), details: named("Ana", "New") }
    );
    assert_ne!(changed.unwrap().etag, made.etag);
    let stale = pb::ChangePersonRequest {
        request_id: new_request(),
        etag: made.etag.clone(),
        person_id: person_id(),
        details: named("Late", "Comer"),
    };
    assert_eq!(clinic.change_person(stale).await.unwrap_err().code(), Code::Aborted);

    // A number is one record's alone.
    let taken = pb::RegisterPersonRequest {
        request_id: new_request(),
        details: named("Other", "Example"),
        identifiers: vec![record_number("A-17")],
    };
    assert_eq!(refused(clinic.register_person(taken.clone()).await), "IDENTIFIER_TAKEN");
    let removed = call!(
        clinic,
        remove_identifier,
        RemoveIdentifierRequest { person_id: person_id(), identifier: Some(record_number("A-17")) }
    );
    assert!(removed.is_ok());
    let free = pb::RegisterPersonRequest { request_id: new_request(), ..taken };
    assert!(clinic.register_person(free).await.is_ok());
    let back = call!(
        clinic,
        add_identifier,
        AddIdentifierRequest { person_id: person_id(), identifier: Some(record_number("A-17")) }
    );
    assert_eq!(refused(back), "IDENTIFIER_TAKEN");
    registry.alone.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_told_by_a_source_is_corrected_never_doubled_and_matched_by_full_numbers_alone() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        a_person_told_by_a_source_is_corrected(store).await;
    }
}

async fn a_person_told_by_a_source_is_corrected(store: OnStore) {
    let registry = registry_on(store).await;
    let (mut recorder, mut clinic) = (registry.recorder(), registry.clinic());
    let personal_id = pb::PersonIdentifier {
        system: "PersonalID".into(),
        value: "528656".into(),
        shared_by_source: "hmis:1".into(),
        ..Default::default()
    };
    let telling = |key: &str, details, numbers: Vec<pb::PersonIdentifier>| pb::RecordPersonRequest {
        request_id: new_request(),
        source: row("Client", key),
        details,
        identifiers: numbers,
        serving_agency_ids: vec![SHELTER.to_string()],
    };
    let numbers = || vec![personal_id.clone(), social_security("227-93-0267", pb::DataQuality::Full)];
    let mut tell =
        async |request| written(recorder.record_person(request).await.unwrap().into_inner().written);
    let first = tell(telling("528656", named("Herring", "Bone"), numbers())).await;
    assert_eq!(first.discrepancies, []);
    let same = tell(telling("528656", named("Herring", "Bone"), numbers())).await;
    assert_eq!((&same.id, &same.etag), (&first.id, &first.etag));
    let other = tell(telling("528656", named("Herring", "Bones"), numbers())).await;
    assert!(other.id == first.id && other.etag != first.etag);
    let double = tell(telling("7", named("Someone", "Else"), numbers())).await;
    assert_eq!(double.discrepancies[0].code, "IDENTIFIER_TAKEN");
    let partial = vec![social_security("227930267", pb::DataQuality::Partial)];
    let vague = tell(telling("8", named("Herring", "Vague"), partial)).await;

    // Both agencies serve them; the shared number finds the one that holds it.
    let read = get(&mut registry.shelter(), &first.id).await.unwrap();
    assert_eq!(
        read.serving_agency_ids,
        [SHELTER.to_string()],
        "who else serves them is not the shelter's to know"
    );
    assert_eq!(read.identifiers.len(), 2);
    let by_number = read!(clinic, get_person, GetPersonRequest { identifier: Some(personal_id.clone()) });
    assert_eq!(by_number.unwrap().person.unwrap().id, first.id);

    let at_least = vec![vague.revision.clone()];
    let ssn = Some(social_security("227 93 0267", pb::DataQuality::Full));
    let alone =
        pb::FindPersonsRequest { identifier: ssn.clone(), at_least: at_least.clone(), ..Default::default() };
    assert_eq!(find(&mut clinic, alone).await, [] as [&str; 0], "such a number never finds anybody alone");
    let beside =
        pb::FindPersonsRequest { name: "herring".into(), identifier: ssn, at_least, ..Default::default() };
    let found = clinic.find_persons(beside).await.unwrap().into_inner().found;
    assert_eq!(found[0].person.as_ref().unwrap().id, first.id);
    let vague_score = found.iter().find(|found| found.person.as_ref().unwrap().id == vague.id).unwrap().score;
    assert!(found[0].score > vague_score, "a partial number does not match");

    let gone = pb::MarkPersonEnteredInErrorRequest {
        request_id: new_request(),
        person_id: double.id.clone(),
        ..Default::default()
    };
    recorder = registry.recorder();
    assert!(recorder.mark_person_entered_in_error(gone).await.is_ok());
    assert_eq!(get(&mut clinic, &double.id).await.unwrap().state(), pb::PersonState::EnteredInError);
    registry.alone.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_record_is_linked_read_as_one_and_unlinked_for_good() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let (one, two) =
        (register(&mut clinic, "Ana", "Example").await, register(&mut clinic, "Anna", "Example").await);
    macro_rules! link {
        ($despite:expr) => {
            call!(
                clinic,
                link_persons,
                LinkPersonsRequest {
                    canonical_id: one.id.clone(),
                    member_id: two.id.clone(),
                    despite_unlinked: $despite
                }
            )
        };
    }
    let linked = link!(false).unwrap();
    let both = pb::GetPersonRequest {
        person_id: two.id.clone(),
        at_least: vec![linked.revision],
        ..Default::default()
    };
    let read = clinic.get_person(both).await.unwrap().into_inner().person.unwrap();
    assert_eq!(read.canonical_id, one.id);
    assert_eq!(read.record_ids, [one.id.clone(), two.id.clone()]);
    assert!(!read.needs_attention);

    let unlinked = call!(
        clinic,
        unlink_persons,
        UnlinkPersonsRequest { canonical_id: one.id.clone(), member_id: two.id.clone() }
    );
    let apart = pb::GetPersonRequest {
        person_id: two.id.clone(),
        at_least: vec![unlinked.unwrap().revision],
        ..Default::default()
    };
    let read = clinic.get_person(apart).await.unwrap().into_inner().person.unwrap();
    assert_eq!((read.canonical_id, read.record_ids), (two.id.clone(), vec![two.id.clone()]));
    assert_eq!(refused(link!(false)), "NEVER_LINK");
    assert!(link!(true).is_ok());
    let twice = registry.alone.events().await;
    let links = twice.iter().filter(|event| event.r#type.ends_with("PersonsLinked")).count();
    assert_eq!(links, 4, "one event for each person, each time");
    let itself = call!(
        clinic,
        link_persons,
        LinkPersonsRequest { canonical_id: one.id.clone(), member_id: one.id.clone() }
    );
    assert_eq!(refused(itself), "SAME_RECORD");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_contradict_each_other_need_attention_until_one_of_them_is_undone() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let mut people = vec![];
    for name in ["Ana", "Anna", "Anne"] {
        people.push(register(&mut clinic, name, "Example").await.id);
    }
    let attention = async |at_least: Written| {
        let mut needed = vec![];
        for person in &people {
            let request = pb::GetPersonRequest {
                person_id: person.clone(),
                at_least: vec![at_least.revision.clone()],
                ..Default::default()
            };
            let mut clinic = registry.clinic();
            needed
                .push(clinic.get_person(request).await.unwrap().into_inner().person.unwrap().needs_attention);
        }
        needed
    };
    macro_rules! link {
        ($method:ident, $request:ident, $one:literal, $two:literal) => {
            call!(
                clinic,
                $method,
                $request { canonical_id: people[$one].clone(), member_id: people[$two].clone() }
            )
            .unwrap()
        };
    }
    link!(link_persons, LinkPersonsRequest, 0, 1);
    let unlinked = link!(unlink_persons, UnlinkPersonsRequest, 0, 1);
    assert_eq!(attention(unlinked).await, [false; 3], "never to be linked, and not linked");
    // Each of the two is the third's double: then they are each other's, which somebody has denied.
    link!(link_persons, LinkPersonsRequest, 2, 0);
    let contradicts = link!(link_persons, LinkPersonsRequest, 2, 1);
    assert_eq!(attention(contradicts).await, [true; 3]);
    let undone = link!(unlink_persons, UnlinkPersonsRequest, 2, 1);
    assert_eq!(attention(undone).await, [false; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_persons_voice_sets_goals_and_a_plan_serves_them() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let person_id = || person.clone();
    let goal = |text: &str| {
        let life_domains = vec![LifeDomain::Employment.into()];
        Some(pb::GoalContent { text: text.into(), life_domains, ..Default::default() })
    };
    let staff = call!(clinic, set_goal, SetGoalRequest { person_id: person_id(), content: goal("work") });
    assert_eq!(refused(staff), "NOT_IN_PERSONS_VOICE");
    let own = Voice::Person.into();
    let set = call!(
        clinic,
        set_goal,
        SetGoalRequest { person_id: person_id(), content: goal("paid work"), voice: own }
    );
    let set = set.unwrap();
    let proposed =
        call!(clinic, propose_goal, ProposeGoalRequest { person_id: person_id(), content: goal("a club") });
    let proposed = proposed.unwrap();
    let mut herself = registry.person(&person);
    let goal_id = |written: &Written| written.id.clone();
    call!(herself, accept_goal, AcceptGoalRequest { goal_id: goal_id(&proposed) }).unwrap();
    call!(clinic, activate_goal, ActivateGoalRequest { goal_id: goal_id(&set) }).unwrap();
    call!(clinic, hold_goal, HoldGoalRequest { goal_id: goal_id(&set) }).unwrap();
    call!(clinic, resume_goal, ResumeGoalRequest { goal_id: goal_id(&set) }).unwrap();
    let rating = pb::Achievement::Improving.into();
    call!(
        herself,
        reword_goal,
        RewordGoalRequest { goal_id: goal_id(&proposed), content: goal("a chess club") }
    )
    .unwrap();
    let foreign = call!(registry.shelter(), hold_goal, HoldGoalRequest { goal_id: goal_id(&set) });
    assert_eq!(refused(foreign), "PERSON_NOT_FOUND");

    let item = |goal: &Written| {
        Some(pb::PlanItemContent {
            goal_id: goal.id.clone(),
            practice: "ips".into(),
            skills: vec!["job-search".into()],
            stance: proto::types::Stance::BuildIndependence.into(),
            from: Some(proto::Date { year: 2026, month: 3, day: 4 }),
            ..Default::default()
        })
    };
    let added = call!(
        clinic,
        add_plan_item,
        AddPlanItemRequest { person_id: person_id(), content: item(&set), voice: own }
    );
    let added = added.unwrap();
    let unskilled = Some(pb::PlanItemContent { stance: 0, ..item(&set).unwrap() });
    let bad = call!(clinic, add_plan_item, AddPlanItemRequest { person_id: person_id(), content: unskilled });
    assert_eq!(refused(bad), "BAD_FIELD");
    call!(clinic, rate_goal, RateGoalRequest { goal_id: goal_id(&set), achievement: rating, voice: own })
        .unwrap();
    call!(clinic, complete_goal, CompleteGoalRequest { goal_id: goal_id(&set) }).unwrap();
    let closed =
        call!(clinic, add_plan_item, AddPlanItemRequest { person_id: person_id(), content: item(&set) });
    assert_eq!(refused(closed), "GOAL_CLOSED");
    call!(herself, drop_goal, DropGoalRequest { goal_id: goal_id(&proposed) }).unwrap();

    let plan = read!(clinic, get_plan, GetPlanRequest { person_id: person_id() }).unwrap().plan.unwrap();
    assert_eq!((plan.items.len(), plan.items[0].agreed, plan.etag.as_str()), (1, true, added.etag.as_str()));
    let content = plan.items[0].content.clone().unwrap();
    assert_eq!((content.agency_id, content.review_on.unwrap().month), (CLINIC.to_string(), 6));
    let item = plan.items[0].id.clone();
    let ended =
        call!(clinic, end_plan_item, EndPlanItemRequest { person_id: person_id(), plan_item_id: item });
    let ended = ended.unwrap();
    let request = pb::ListGoalsRequest { person_id: person_id(), at_least: vec![ended.revision] };
    let goals = clinic.list_goals(request).await.unwrap().into_inner().goals;
    let told: Vec<_> =
        goals.iter().map(|goal| (goal.content.as_ref().unwrap().text.as_str(), goal.state())).collect();
    assert_eq!(told, [("paid work", pb::GoalState::Completed), ("a chess club", pb::GoalState::Cancelled)]);
    assert_eq!(goals[0].achievement(), pb::Achievement::Improving);
    assert!(goals.iter().all(|goal| goal.in_persons_voice && goal.text_status() == FieldStatus::Open));
    let hidden = read!(registry.shelter(), list_goals, ListGoalsRequest { person_id: person_id() });
    assert_eq!(hidden.unwrap_err().code(), Code::NotFound);
    call!(clinic, mark_goal_entered_in_error, MarkGoalEnteredInErrorRequest { goal_id: goal_id(&set) })
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn measures_are_told() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let person_id = || person.clone();
    let taken = |score: &str| {
        Some(pb::MeasureContent {
            scale: "hope".into(),
            score: score.into(),
            taken: Some(day()),
            ..Default::default()
        })
    };
    let tell = |score: &str| pb::RecordMeasureRequest {
        request_id: new_request(),
        source: row("Assessment", "9"),
        person_id: person_id(),
        content: taken(score),
    };
    let mut recorder = registry.recorder();
    let bad = recorder.record_measure(tell("lots")).await;
    assert_eq!(refused(bad), "BAD_FIELD");
    let first = written(recorder.record_measure(tell("2.5")).await.unwrap().into_inner().written);
    let second = written(recorder.record_measure(tell("3")).await.unwrap().into_inner().written);
    assert_eq!((first.id.as_str(), second.etag.as_str()), (second.id.as_str(), "2"));
    let request = pb::ListMeasuresRequest { person_id: person_id(), at_least: vec![second.revision.clone()] };
    let measures = clinic.list_measures(request.clone()).await.unwrap().into_inner().measures;
    assert_eq!(measures[0].content.as_ref().unwrap().score, "3");
    call!(
        recorder,
        mark_measure_entered_in_error,
        MarkMeasureEnteredInErrorRequest { measure_id: second.id }
    )
    .unwrap();
    assert_eq!(clinic.list_measures(request).await.unwrap().into_inner().measures, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_is_nowhere_to_be_read_found_or_written_about() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Zebulonia", "Example").await.id;
    let number = record_number("A-17");
    let added = call!(
        clinic,
        add_identifier,
        AddIdentifierRequest { person_id: person.clone(), identifier: Some(number.clone()) }
    );
    assert_eq!(find(&mut clinic, by_name("zebulonia", &added.unwrap())).await, [person.as_str()]);
    assert_eq!(registry.key_state(&person).await, pb::KeyState::Open);

    let forbidden = call!(clinic, erase_person, ErasePersonRequest { person_id: person.clone() });
    assert_eq!(refused(forbidden), "ROLE_NOT_ALLOWED");
    let erased =
        call!(registry.operator(), erase_person, ErasePersonRequest { person_id: person.clone() }).unwrap();
    assert_eq!(registry.key_state(&person).await, pb::KeyState::Erased);
    let ledger = std::fs::read_to_string(registry.outside.path().join("erasures")).unwrap();
    assert_eq!(ledger, format!("{person}\n"));

    let read = get(&mut clinic, &person).await.unwrap();
    assert_eq!((read.state(), read.details, read.identifiers.len()), (pb::PersonState::Erased, None, 0));
    assert_eq!(FieldStatus::try_from(read.details_status), Ok(FieldStatus::Erased));
    assert_eq!(find(&mut clinic, by_name("zebulonia", &erased)).await, [] as [&str; 0]);
    let changed = call!(
        clinic,
        change_person,
        ChangePersonRequest { person_id: person.clone(), details: named("A", "B") }
    );
    assert_eq!(refused(changed), "PERSON_ERASED");
    let again = call!(registry.operator(), erase_person, ErasePersonRequest { person_id: person.clone() });
    assert_eq!(again.unwrap().etag, erased.etag, "erasing again is fine");
    let reuse = pb::RegisterPersonRequest {
        request_id: new_request(),
        details: named("New", "Person"),
        identifiers: vec![number],
    };
    assert!(clinic.register_person(reuse).await.is_ok(), "the number is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_whose_command_died_on_the_way_is_finished_by_its_event() {
    let registry = registry().await;
    let person = register(&mut registry.clinic(), "Ana", "Example").await.id;
    let id: PersonId = person.parse().unwrap();
    let kind = pb::registry_event::Kind::PersonErased(pb::PersonErased { person_id: person.clone() });
    let event = pb::RegistryEvent { kind: Some(kind) };
    registry.alone.tell("registry", StreamId::new("person", id.uuid()), Some(id), &event).await;
    until("the key to be destroyed", async || {
        (registry.key_state(&person).await == pb::KeyState::Erased).then_some(())
    })
    .await;
    let ledger = std::fs::read_to_string(registry.outside.path().join("erasures")).unwrap();
    assert!(ledger.starts_with(&person));
}

/// That agency accepted a referral of the person which went by this consent, or by none, and which that other one asked for, or the person.
async fn accepted(
    registry: &Registry,
    person: &str,
    target: AgencyId,
    (consent, requester): (&str, Option<AgencyId>),
) {
    let stream = StreamId::new("referral", Uuid::now_v7());
    let accepted = proto::referrals::ReferralAccepted {
        referral_id: stream.id().to_string(),
        person_id: person.to_owned(),
        target_agency_id: target.to_string(),
        consent_reference: consent.into(),
        requester_agency_id: requester.map(|agency| agency.to_string()).unwrap_or_default(),
        ..Default::default()
    };
    let kind = proto::referrals::referrals_event::Kind::ReferralAccepted(accepted);
    let event = proto::referrals::ReferralsEvent { kind: Some(kind) };
    registry.alone.tell("referrals", stream, Some(person.parse().unwrap()), &event).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_accepts_a_referral_serves_its_person_where_the_person_or_who_serves_them_sent_them_there() {
    let registry = registry().await;
    let directive = Uuid::from_u128(60).to_string();
    let stranger = Some(AgencyId::of(66));
    // By a directive, by the person's own act whoever drafted it, and without either by an agency that serves them.
    for ground in
        [(directive.as_str(), stranger), ("self", None), ("self", Some(SHELTER)), ("", Some(CLINIC))]
    {
        let person = register(&mut registry.clinic(), "Ana", "Example").await.id;
        let mut shelter = registry.shelter();
        assert_eq!(get(&mut shelter, &person).await.unwrap_err().code(), Code::NotFound);
        accepted(&registry, &person, SHELTER, ground).await;
        until("the shelter to serve the person", async || get(&mut shelter, &person).await.ok()).await;
    }
    // By whichever record of that human.
    let ana = register(&mut registry.clinic(), "Ana", "Example").await.id;
    let too = register(&mut registry.shelter(), "Ana", "Example").await.id;
    let link = pb::LinkPersonsRequest {
        request_id: new_request(),
        canonical_id: ana.clone(),
        member_id: too,
        ..Default::default()
    };
    registry.operator().link_persons(link).await.unwrap();
    let homes = AgencyId::of(3);
    accepted(&registry, &ana, homes, ("", Some(SHELTER))).await;
    let mut homes = Client::new(registry.alone.worker(homes));
    until("what the linked record's agency asked for", async || get(&mut homes, &ana).await.ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_agency_makes_itself_or_another_serve_somebody_whom_it_does_not_serve() {
    let registry = registry().await;
    let person = register(&mut registry.clinic(), "Ana", "Example").await.id;
    // To its own programme, under an override of its own, and of what nobody told.
    for requester in [Some(SHELTER), Some(AgencyId::of(66)), None] {
        accepted(&registry, &person, SHELTER, ("", requester)).await;
    }
    // What is told after them is judged after them.
    let homes = AgencyId::of(3);
    accepted(&registry, &person, homes, ("self", None)).await;
    let mut at_homes = Client::new(registry.alone.worker(homes));
    until("the last to be judged", async || get(&mut at_homes, &person).await.ok()).await;
    assert_eq!(get(&mut registry.shelter(), &person).await.unwrap_err().code(), Code::NotFound);
    let events = registry.alone.events().await;
    let added = events.iter().filter(|event| event.r#type.ends_with("ServingAgencyAdded"));
    assert_eq!(added.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_for_services_alone() {
    let registry = registry().await;
    let request = || pb::GetKeysRequest { person_ids: vec![PersonId::of(9).to_string()] };
    for peer in
        [registry.alone.worker(CLINIC), registry.alone.operator(), registry.alone.person(PersonId::of(9))]
    {
        let status = KeyClient::new(peer).get_keys(request()).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_deref()),
            (Code::PermissionDenied, Some("ROLE_NOT_ALLOWED"))
        );
    }
    let keys = registry.key_service().get_keys(request()).await.unwrap().into_inner().keys;
    assert_eq!(keys[0].state(), pb::KeyState::Unknown);
    let many = pb::GetKeysRequest { person_ids: vec![PersonId::of(9).to_string(); 1_001] };
    assert_eq!(registry.key_service().get_keys(many).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_part_2_agency_writes_is_labelled_and_only_a_directive_that_names_the_label_opens_it() {
    let registry = registry().await;
    let house = programme(&registry).await;
    let mut house = Client::new(registry.alone.worker(house));
    let person = register(&mut house, "Ana", "Example").await.id;
    let events = registry.alone.events().await;
    assert_eq!(events.last().unwrap().labels, ["42CFRPart2"]);
    let mut herself = registry.person(&person);
    let read = |given: Written| pb::GetPersonRequest {
        person_id: person.clone(),
        at_least: vec![given.revision],
        ..Default::default()
    };
    let (_, given) = gives(&mut herself, &person, to(SHELTER)).await.unwrap();
    assert_eq!(registry.shelter().get_person(read(given)).await.unwrap_err().code(), Code::NotFound);
    let labelled = pb::ConsentScope { labels: vec!["42CFRPart2".into()], ..to(SHELTER) };
    let (_, given) = gives(&mut herself, &person, labelled).await.unwrap();
    assert_eq!(
        registry.shelter().get_person(read(given)).await.unwrap().into_inner().person.unwrap().id,
        person
    );
}
