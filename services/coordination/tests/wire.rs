//! Coordination through the wire: what is raised and cleared, and who is shown it.
//! Invariant: the logs that it reads are real and hold what the test tells them.

mod lives;

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::{AgencyId, PersonId};
use lives::*;
use platform::peer::Peer;
use platform::store::StoreUrl;
use proto::coordination::coordination_service_client::CoordinationServiceClient as Client;
use proto::coordination::{
    Finding, FindingKind, GetCoordinationStatusRequest, GetCoordinationStatusResponse, GetFindingRequest,
    ListFindingsRequest,
};
use proto::housing::housing_event::Kind as Housing;
use proto::registry::registry_event::Kind as Registry;
use proto::therapy::therapy_event::Kind as Therapy;
use tests::alone::until;
use tests::reads::Reads;
use tests::{Alone, OnStore, Postgres};
use tonic::Code;
use uuid::Uuid;

/// The service, and how many events the logs that it reads have been told.
struct Here {
    alone: Alone,
    told: AtomicU64,
}

impl Deref for Here {
    type Target = Alone;
    fn deref(&self) -> &Alone {
        &self.alone
    }
}

async fn service() -> Here {
    on(OnStore::Sqlite).await
}

async fn on(store: OnStore) -> Here {
    let alone = Alone::start("coordination", store, async |parts| coordination::service(&parts).await).await;
    Here { alone, told: AtomicU64::new(0) }
}

async fn told(service: &Here, tells: impl IntoIterator<Item = Tell>) {
    for tell in tells {
        // The payload is the event's whole; its bytes are what any message of them would be.
        service.tell_as(tell.log, tell.stream, Some(tell.person), tell.agency, &Bytes(tell.payload)).await;
        service.told.fetch_add(1, Ordering::Relaxed);
    }
}

/// A message that is encoded already.
#[derive(Debug, Default)]
struct Bytes(Vec<u8>);

impl prost::Message for Bytes {
    fn encode_raw(&self, buffer: &mut impl bytes::BufMut) {
        buffer.put_slice(&self.0);
    }
    fn merge_field(
        &mut self,
        _: u32,
        _: prost::encoding::WireType,
        _: &mut impl bytes::Buf,
        _: prost::encoding::DecodeContext,
    ) -> Result<(), prost::DecodeError> {
        unreachable!("it is only ever encoded")
    }
    fn encoded_len(&self) -> usize {
        self.0.len()
    }
    fn clear(&mut self) {
        self.0.clear();
    }
}

fn of(person: PersonId) -> ListFindingsRequest {
    ListFindingsRequest { person_id: person.to_string(), ..Default::default() }
}

async fn list(peer: Peer, request: ListFindingsRequest) -> Vec<Finding> {
    Client::new(peer).list_findings(request).await.unwrap().into_inner().findings
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.content.as_ref().unwrap().rule.as_str()).collect()
}

/// Waits until these are the rules of the person's open findings, as the person sees them.
async fn open(service: &Here, person: PersonId, wanted: &[&str]) -> Vec<Finding> {
    until(&format!("open findings {wanted:?}"), async || {
        if !level(service).await {
            return None;
        }
        let mut found = list(service.person(person), of(person)).await;
        found.sort_by_key(|finding| finding.content.as_ref().unwrap().rule.clone());
        (rules(&found) == wanted).then_some(found)
    })
    .await
}

/// Whether everything told has been applied, looked at and listed.
async fn level(service: &Here) -> bool {
    let read = |model: &str, of: &dyn Fn(&str) -> bool| {
        let models = service.service.read_models();
        let (_, running) = models.iter().find(|(name, _)| *name == model).unwrap();
        let progress = running.views().progress().borrow().clone();
        let places = progress.places.iter().filter(|(log, _)| of(log));
        places.map(|(_, place)| place.position).sum::<u64>()
    };
    let told = service.told.load(Ordering::Relaxed);
    // The own log last: what a look appends is there before its mark is put off.
    read("facts", &|log| log != coordination::NAME) == told
        && status(service).await.due == 0
        && read("findings", &|log| log == coordination::NAME) == service.events().await.len() as u64
}

async fn status(service: &Here) -> GetCoordinationStatusResponse {
    let ask = GetCoordinationStatusRequest {};
    Client::new(service.operator()).get_coordination_status(ask).await.unwrap().into_inner()
}

/// Rows of as many others as make a plan that is no look-up cost what it would in an agency of some years.
const OTHERS: i64 = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_one_person_reads_that_persons_facts_however_many_others_there_are() {
    let url = Postgres::shared().await.url().await;
    let store = StoreUrl::Postgres(url.clone());
    let alone =
        Alone::start_at("coordination", store, async |parts| coordination::service(&parts).await).await;
    let service = Here { alone, told: AtomicU64::new(0) };
    // Plans are made while there is nearly nothing to read, and kept.
    told(&service, job(1, ANA, EMPLOYMENT)).await;
    told(&service, [booked(2, ANA, CLINIC, IN_SHIFT)]).await;
    open(&service, ANA, &["C2"]).await;
    told(&service, [cancelled(2, ANA, CLINIC)]).await;
    open(&service, ANA, &[]).await;
    let mut reads = Reads::of(&url, "coordination_facts_g1", &["fact"]).await;
    let others = format!(
        "INSERT INTO fact SELECT gen_random_uuid(), source, 'job-' || gen_random_uuid(), body \
         FROM fact, generate_series(1, {OTHERS}) WHERE stream LIKE 'job-%'; ANALYZE fact"
    );
    reads.run(&others).await;

    let before = reads.counts().await;
    let mut events = 0;
    let read = reads
        .rows_of(before, 40, async || {
            // A new stream, one of which something is stored, and a look at all of Ana's after each.
            let hour = 100 + events;
            events += 1;
            told(&service, [booked(hour, ANA, CLINIC, IN_SHIFT)]).await;
            open(&service, ANA, &["C2"]).await;
            told(&service, [cancelled(hour, ANA, CLINIC)]).await;
            open(&service, ANA, &[]).await;
        })
        .await;
    let own = i64::try_from(events).unwrap() + 2;
    let looks = 4 * own;
    assert!(
        read <= (looks * own).min(OTHERS / 2),
        "{read} rows for {looks} looks at {own} facts of {OTHERS}"
    );
}

/// An hour of therapy on Tuesday at 10:00 in Chicago, in the middle of a shift.
const IN_SHIFT: &str = "2026-03-10T15:00:00Z";

#[tokio::test(flavor = "multi_thread")]
async fn a_therapy_hour_in_a_job_shift_of_another_agency_is_raised_once_and_shown_to_who_sees_both() {
    let service = service().await;
    told(&service, job(1, ANA, EMPLOYMENT)).await;
    told(&service, [booked(2, ANA, CLINIC, IN_SHIFT)]).await;
    let found = open(&service, ANA, &["C2"]).await;
    let content = found[0].content.clone().unwrap();
    assert_eq!(content.line, "An appointment falls into a job shift");
    assert_eq!(content.from, Some(platform::wire::to_instant(at(IN_SHIFT))));
    assert_eq!(content.inputs.len(), 2);

    // Each side alone sees its own fact and so not the clash; nobody else sees anything.
    for agency in [CLINIC, EMPLOYMENT, SHELTER] {
        assert_eq!(list(service.worker(agency), of(ANA)).await, []);
    }
    assert_eq!(list(service.person(ANA_TOO), of(ANA)).await, []);
    let get = GetFindingRequest { finding_id: found[0].id.clone(), at_least: vec![] };
    let hidden = Client::new(service.worker(CLINIC)).get_finding(get.clone()).await.unwrap_err();
    assert_eq!(hidden.code(), Code::NotFound);
    told(&service, [allows(ANA, CLINIC)]).await;
    until("the clinic to see both", async || {
        (list(service.worker(CLINIC), of(ANA)).await == found).then_some(())
    })
    .await;
    let got = Client::new(service.worker(CLINIC)).get_finding(get.clone()).await.unwrap().into_inner();
    assert_eq!(got.finding.as_ref(), Some(&found[0]));
    assert_eq!(list(service.worker(EMPLOYMENT), of(ANA)).await, [], "consent names the clinic");

    // It closes when she takes it back, stays closed by a directive about something else, and opens by one about the other input.
    told(&service, [revokes(ANA, CLINIC)]).await;
    until("the clinic to see neither", async || {
        list(service.worker(CLINIC), of(ANA)).await.is_empty().then_some(())
    })
    .await;
    let about = |category: &str| proto::registry::ConsentScope {
        categories: vec![category.into()],
        ..tests::say::scope(CLINIC)
    };
    told(&service, [says(ANA, 1, about("housing")), says(ANA, 2, about("vocational"))]).await;
    until("the clinic to see both again", async || {
        (list(service.worker(CLINIC), of(ANA)).await == found).then_some(())
    })
    .await;
    let ended = proto::registry::ConsentExpired {
        directive_id: kernel::DirectiveId::of(2).to_string(),
        person_id: ANA.to_string(),
    };
    let ended = Registry::ConsentExpired(ended);
    told(&service, [registry(ended, ("consent", ANA.uuid().as_u128()), ANA)]).await;
    until("housing alone to open nothing of it", async || {
        list(service.worker(CLINIC), of(ANA)).await.is_empty().then_some(())
    })
    .await;

    told(&service, [cancelled(2, ANA, CLINIC)]).await;
    open(&service, ANA, &[]).await;
    let all = ListFindingsRequest { include_cleared: true, ..of(ANA) };
    let cleared = list(service.person(ANA), all).await;
    assert_eq!(cleared.len(), 1);
    assert!(cleared[0].id == found[0].id && cleared[0].cleared_at.is_some());
    let kinds: Vec<String> = service.events().await.into_iter().map(|event| event.r#type).collect();
    assert_eq!(
        kinds,
        ["throughline.coordination.v1.FindingRaised", "throughline.coordination.v1.FindingCleared"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_commitments_too_close_to_travel_between_clash_and_one_by_video_does_not() {
    let service = service().await;
    told(&service, [booked(1, ANA, CLINIC, "2026-03-11T15:00:00Z")]).await;
    told(&service, [job(2, ANA, EMPLOYMENT)[0].clone()]).await;
    told(&service, [interview(2, ANA, EMPLOYMENT, "2026-03-11T16:15:00Z")]).await;
    let found = open(&service, ANA, &["C1"]).await;
    assert_eq!(
        found[0].content.as_ref().unwrap().line,
        "An appointment leaves too little time to get to an interview"
    );
    // The same hour again, by video.
    let mut content = session(ANA, CLINIC, "2026-03-11T15:00:00Z");
    content.as_mut().unwrap().setting = proto::types::Setting::Video.into();
    let by_video = proto::therapy::AppointmentBooked { content, ..Default::default() };
    told(&service, [cancelled(1, ANA, CLINIC)]).await;
    let by_video = Therapy::AppointmentBooked(by_video);
    told(&service, [lives::therapy(by_video, ("appointment", 3), ANA, CLINIC)]).await;
    open(&service, ANA, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_permanent_homes_share_a_night_until_one_is_left() {
    let service = service().await;
    told(&service, moved_in(1, ANA, SHELTER, "2026-03-02")).await;
    told(&service, moved_in(2, ANA, CLINIC, "2026-03-03")).await;
    open(&service, ANA, &["C3"]).await;
    let exited = proto::housing::PlacementExited { on: date("2026-03-03"), ..Default::default() };
    told(&service, [lives::home(Housing::PlacementExited(exited), ("placement", 1), ANA, SHELTER)]).await;
    open(&service, ANA, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn supported_employment_and_cbt_that_share_a_goal_strengthen_each_other_while_it_is_open() {
    let service = service().await;
    told(&service, [case(1, ANA, EMPLOYMENT, Some(GOAL))]).await;
    // The episode names the goal by a plan item of its own agency.
    let item = Uuid::from_u128(800);
    let added = |agency: AgencyId| {
        let content = proto::registry::PlanItemContent {
            goal_id: GOAL.to_string(),
            agency_id: agency.to_string(),
            ..Default::default()
        };
        let added = proto::registry::PlanItemAdded {
            plan_item_id: item.to_string(),
            content: Some(content),
            ..Default::default()
        };
        lives::registry(Registry::PlanItemAdded(added), ("plan", ANA.uuid().as_u128()), ANA)
    };
    told(&service, [episode(2, ANA, CLINIC, None, &[item])]).await;
    open(&service, ANA, &[]).await;
    told(&service, [added(CLINIC)]).await;
    let found = open(&service, ANA, &["S1"]).await;
    assert_eq!(found[0].content.as_ref().unwrap().kind(), FindingKind::Synergy);
    let dropped = Registry::GoalDropped(proto::registry::GoalDropped { goal_id: GOAL.to_string() });
    told(&service, [lives::registry(dropped, ("goal", GOAL.as_u128()), ANA)]).await;
    open(&service, ANA, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_nobody_acknowledges_is_a_gap_from_the_moment_its_clock_runs_out() {
    let service = service().await;
    told(&service, sent(1, ANA, SHELTER, CLINIC, "2026-03-04T14:00:00Z")).await;
    // One whose clock had run out before it was recorded, and one acknowledged at once, raise nothing.
    told(&service, sent(2, ANA, SHELTER, CLINIC, "2026-03-04T11:00:00Z")).await;
    told(&service, sent(3, ANA, SHELTER, CLINIC, "2026-03-04T14:00:00Z")).await;
    told(&service, [acknowledged(3, ANA, CLINIC)]).await;
    open(&service, ANA, &[]).await;
    service.hours_pass(1);
    open(&service, ANA, &[]).await;
    service.hours_pass(1);
    let found = open(&service, ANA, &["G1"]).await;
    let content = found[0].content.clone().unwrap();
    assert_eq!(content.from, Some(platform::wire::to_instant(at("2026-03-04T14:00:00Z"))));
    // Both sides see the referral, and so what is wrong with it.
    for agency in [SHELTER, CLINIC] {
        assert_eq!(list(service.worker(agency), of(ANA)).await, found);
    }
    assert_eq!(list(service.worker(EMPLOYMENT), of(ANA)).await, []);
    told(&service, [acknowledged(1, ANA, CLINIC)]).await;
    open(&service, ANA, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_link_brings_together_is_raised_on_the_record_that_leads_and_cleared_by_the_unlink() {
    let service = service().await;
    told(&service, job(1, ANA, EMPLOYMENT)).await;
    told(&service, [booked(2, ANA_TOO, CLINIC, IN_SHIFT)]).await;
    // The member has a clash of its own beforehand.
    told(&service, [booked(3, ANA_TOO, SHELTER, "2026-03-10T15:30:00Z")]).await;
    open(&service, ANA_TOO, &["C1"]).await;
    open(&service, ANA, &[]).await;

    told(&service, linked(ANA, ANA_TOO)).await;
    let linked = open(&service, ANA, &["C1", "C2", "C2"]).await;
    assert_eq!(open(&service, ANA_TOO, &["C1", "C2", "C2"]).await, linked, "the two read as one");
    let on_ana = linked.iter().all(|finding| {
        let subject = finding.content.as_ref().unwrap().subject.clone().unwrap();
        subject.of == Some(proto::coordination::subject::Of::PersonId(ANA.to_string()))
    });
    assert!(on_ana);

    service.hours_pass(1);
    told(&service, unlinked(ANA, ANA_TOO)).await;
    open(&service, ANA, &[]).await;
    open(&service, ANA_TOO, &["C1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_filters_and_bad_fields() {
    let service = service().await;
    // Five hours that overlap pairwise: ten clashes.
    for id in 0..5 {
        told(&service, [booked(id + 1, ANA, AgencyId::of(id + 1), "2026-03-11T15:00:00Z")]).await;
    }
    let mut wanted = vec!["C1"; 10];
    open(&service, ANA, &wanted).await;
    let mut client = Client::new(service.person(ANA));
    let (mut seen, mut page_token) = (vec![], String::new());
    loop {
        let request = ListFindingsRequest { page_size: 4, page_token: page_token.clone(), ..of(ANA) };
        let page = client.list_findings(request).await.unwrap().into_inner();
        seen.extend(page.findings);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, list(service.person(ANA), of(ANA)).await, "in the same order, each once");
    // Each agency sees none of the pairs; one that the person allows sees all.
    assert_eq!(list(service.worker(CLINIC), of(ANA)).await, []);

    told(&service, sent(90, ANA, SHELTER, CLINIC, "2026-03-04T13:00:00Z")).await;
    service.hours_pass(2);
    wanted.push("G1");
    open(&service, ANA, &wanted).await;
    let gaps = ListFindingsRequest { kinds: vec![FindingKind::Gap.into()], ..of(ANA) };
    assert_eq!(rules(&list(service.person(ANA), gaps).await), ["G1"]);
    let named = ListFindingsRequest { rules: vec!["G1".into()], ..of(ANA) };
    assert_eq!(rules(&list(service.person(ANA), named).await), ["G1"]);

    let complaint = async |request: ListFindingsRequest| {
        let status = Client::new(service.person(ANA)).list_findings(request).await.unwrap_err();
        (status.code(), status.message().split(' ').next().unwrap().to_owned())
    };
    let bad = |field: &str| (Code::InvalidArgument, field.to_owned());
    assert_eq!(complaint(ListFindingsRequest::default()).await.0, Code::InvalidArgument);
    let unknown = ListFindingsRequest { rules: vec!["Z9".into()], ..of(ANA) };
    assert!(complaint(unknown).await.1.starts_with(&bad("rules[0]").1));
    let unknown = ListFindingsRequest { kinds: vec![9], ..of(ANA) };
    assert!(complaint(unknown).await.1.starts_with(&bad("kinds[0]").1));
    let forged = ListFindingsRequest { page_token: "forged".into(), ..of(ANA) };
    assert!(complaint(forged).await.1.starts_with(&bad("page_token").1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_the_operators_and_says_what_runs_and_waits() {
    let service = service().await;
    told(&service, sent(1, ANA, SHELTER, CLINIC, "2026-03-05T12:00:00Z")).await;
    open(&service, ANA, &[]).await;
    let ask = GetCoordinationStatusRequest {};
    let refused = Client::new(service.worker(CLINIC)).get_coordination_status(ask).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let status = self::status(&service).await;
    let codes: Vec<&str> = status.rules.iter().map(|rule| rule.code.as_str()).collect();
    assert_eq!(codes, ["C1", "C2", "C3", "S1", "G1"]);
    assert_eq!((status.due, status.oldest_due_at.is_some(), status.scheduled), (0, false, 1));
    assert_eq!(status.sources.len(), 6);
    service.hours_pass(24);
    open(&service, ANA, &["G1"]).await;
    let status = self::status(&service).await;
    assert_eq!((status.rules[4].open, status.scheduled), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_is_not_looked_at_for_ever() {
    let service = service().await;
    service.keys.erase(ANA);
    told(&service, job(1, ANA, EMPLOYMENT)).await;
    told(&service, [booked(2, ANA, CLINIC, IN_SHIFT)]).await;
    until("the marks to be put off", async || level(&service).await.then_some(())).await;
    assert_eq!(service.events().await.len(), 0);
}

/// The list of work is no row of the logs' making: verify passes over it, and a rebuild looks at everybody again and finds the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_tables_verify_clean_and_a_rebuild_finds_the_same() {
    let service = service().await;
    told(&service, job(1, ANA, EMPLOYMENT)).await;
    told(&service, [booked(2, ANA, CLINIC, IN_SHIFT)]).await;
    told(&service, sent(3, ANA, SHELTER, CLINIC, "2026-03-05T12:00:00Z")).await;
    let before = open(&service, ANA, &["C2"]).await;
    for (name, model) in service.service.read_models() {
        let verified = model.verify().await.unwrap();
        assert!(verified.clean() && (verified.rows > 0 || name == "people"), "{name}: {verified:?}");
    }
    let (_, facts) = service.service.read_models().into_iter().find(|(name, _)| *name == "facts").unwrap();
    let mut progress = facts.views().progress();
    let next = facts.rebuild().await.unwrap();
    progress.wait_for(|progress| progress.generation == next).await.unwrap();
    assert_eq!(open(&service, ANA, &["C2"]).await, before);
    service.hours_pass(24);
    open(&service, ANA, &["C2", "G1"]).await;
    assert_eq!(service.events().await.len(), 2, "nothing was raised twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_the_same_on_postgres() {
    let service = on(OnStore::Postgres).await;
    told(&service, job(1, ANA, EMPLOYMENT)).await;
    told(&service, [booked(2, ANA_TOO, CLINIC, IN_SHIFT)]).await;
    told(&service, sent(3, ANA, SHELTER, CLINIC, "2026-03-04T13:00:00Z")).await;
    told(&service, linked(ANA, ANA_TOO)).await;
    open(&service, ANA, &["C2"]).await;
    service.hours_pass(2);
    open(&service, ANA, &["C2", "G1"]).await;
    told(&service, unlinked(ANA, ANA_TOO)).await;
    open(&service, ANA, &["G1"]).await;
    for (name, model) in service.service.read_models() {
        let verified = model.verify().await.unwrap();
        assert!(verified.clean(), "{name}: {verified:?}");
    }
}
