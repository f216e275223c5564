//! No personal data where it must not be: every free text and personal field carries a word that occurs nowhere else, and the word is looked for.
//!
//! Invariant: the search can find something, since a programme's name, which is nobody's secret, is found by it.

use std::collections::BTreeMap;
use std::path::Path;

use kernel::{Actor, AgencyId, Caller, PersonId, Role, WorkerId};
use proto::housing as homes;
use proto::housing::housing_service_client::HousingServiceClient;
use proto::referrals as pb;
use proto::registry as people;
use proto::types::{Contact, LifeDomain, Occurred, Precision, Setting, Source, Voice, Written};
use proto::vocational as work;
use proto::vocational::vocational_service_client::VocationalServiceClient;
use tests::Launch;
use tests::alone::until;
use tests::world::{World, id, request_id};
use tonic::Status;

/// Nobody's secret: it is in the log in the clear.
const PROGRAMME: &str = "Qzopen programme";
const ZONE: &str = "America/Chicago";

/// The words, by the field that each was put into, and what the system said to whoever asked.
#[derive(Default)]
struct Canaries {
    words: BTreeMap<String, String>,
    said: Vec<(String, String)>,
}

impl Canaries {
    /// A word that occurs nowhere else, for that field.
    fn of(&mut self, field: &str) -> String {
        let word = format!("qzcanary{:02}vx", self.words.len());
        let before = self.words.insert(field.to_owned(), word.clone());
        assert_eq!(before, None, "{field} has a word already");
        word
    }

    /// The same in the midst of other words.
    fn words(&mut self, field: &str) -> String {
        format!("words {} words", self.of(field))
    }

    /// A refusal: all that it says is kept.
    fn refused<T>(&mut self, what: &str, reply: Result<tonic::Response<T>, Status>) {
        let status = reply.err().unwrap_or_else(|| panic!("{what} was meant to be refused"));
        let details = String::from_utf8_lossy(status.details()).into_owned();
        let metadata = format!("{:?}", status.metadata());
        self.said
            .push((format!("the refusal: {what}"), format!("{} {details} {metadata}", status.message())));
    }

    /// What a command wrote: its revision and etag must say nothing either.
    fn wrote(&mut self, what: &str, written: Option<Written>) -> String {
        let written = written.expect("what was written");
        self.said.push((format!("the reply to {what}"), format!("{written:?}")));
        written.id
    }

    /// Where any of the words stands in these bytes, whatever the case of its letters.
    fn found_in(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let low = bytes.to_ascii_lowercase();
        let found = self.words.iter().filter(|(_, word)| contains(&low, word.as_bytes()));
        found.map(|(field, _)| format!("{field}: in {place}")).collect()
    }
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = vec![];
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            // A file that has gone meanwhile is read in what took its place.
            found.push((path.file_name().expect("a name").to_string_lossy().into_owned(), bytes));
        }
    }
    found
}

fn now() -> Option<Occurred> {
    let at = Some(prost_types::Timestamp { seconds: jiff::Timestamp::now().as_second(), nanos: 0 });
    Some(Occurred { at, precision: Precision::Instant.into(), zone: ZONE.into() })
}

fn recorder(agency: AgencyId) -> Caller {
    let actor = Actor::Worker(WorkerId::of(77));
    Caller { actor, role: Role::Recorder, agency: Some(agency), on_behalf_of: None }
}

async fn somebody(world: &World, agency: AgencyId, canaries: &mut Canaries) -> PersonId {
    let point = people::ContactPoint {
        kind: people::ContactKind::Other.into(),
        value: canaries.of("contact_points.value"),
        whose: canaries.of("contact_points.whose"),
        safe_to_leave_message: true,
        best_times: canaries.words("contact_points.best_times"),
        r#use: people::ContactUse::Temp.into(),
        safe_to_say_who_calls: true,
    };
    let details = people::PersonDetails {
        given_name: canaries.of("given_name"),
        middle_name: canaries.of("middle_name"),
        family_name: canaries.of("family_name"),
        name_suffix: canaries.of("name_suffix"),
        chosen_name: canaries.of("chosen_name"),
        pronouns: canaries.of("pronouns"),
        name_quality: people::DataQuality::Full.into(),
        contact_points: vec![point],
        ..Default::default()
    };
    let identifier = people::PersonIdentifier {
        system: "invented".into(),
        value: canaries.of("identifiers.value"),
        r#use: people::IdentifierUse::RecordNumber.into(),
        quality: people::DataQuality::Full.into(),
        ..Default::default()
    };
    let mut registry = world.registry(World::worker(agency));
    let request = people::RegisterPersonRequest {
        request_id: request_id(),
        details: Some(details.clone()),
        identifiers: vec![identifier.clone()],
    };
    let reply = registry.register_person(request.clone()).await.expect("a person").into_inner();
    let person = canaries.wrote("RegisterPerson", reply.written);

    let other = people::RegisterPersonRequest { identifiers: vec![], ..request.clone() };
    canaries.refused("a request id with other content", registry.register_person(other).await);
    let again = people::RegisterPersonRequest { request_id: request_id(), ..request };
    canaries.refused("an identifier that is taken", registry.register_person(again).await);
    let long = people::PersonDetails { given_name: details.given_name.repeat(30), ..details.clone() };
    let request_id = request_id();
    let long = people::RegisterPersonRequest { request_id, details: Some(long), identifiers: vec![] };
    canaries.refused("a name that is too long", registry.register_person(long).await);
    // What is looked for is personal as well.
    let find = people::FindPersonsRequest { page_size: 1, name: details.given_name, ..Default::default() };
    registry.find_persons(find).await.expect("an answer");
    person.parse().expect("an id")
}

async fn goal_and_consent(
    world: &World,
    (told, recipient): (AgencyId, AgencyId),
    person: PersonId,
    canaries: &mut Canaries,
) {
    let mut registry = world.registry(World::worker(told));
    let consent = people::GiveConsentRequest {
        request_id: request_id(),
        person_id: person.to_string(),
        content: tests::say::content(recipient),
        voice: Voice::Person.into(),
        evidence: canaries.words("consent evidence"),
        ..Default::default()
    };
    let reply = registry.give_consent(consent).await.expect("a consent").into_inner();
    canaries.wrote("GiveConsent", reply.written);
    let content = people::GoalContent {
        text: canaries.words("goal text"),
        life_domains: vec![LifeDomain::Employment.into()],
        environment: 0,
        strength: canaries.words("goal strength"),
        ..Default::default()
    };
    let goal = people::SetGoalRequest {
        request_id: request_id(),
        person_id: person.to_string(),
        content: Some(content.clone()),
        voice: Voice::Person.into(),
    };
    let reply = registry.set_goal(goal.clone()).await.expect("a goal").into_inner();
    canaries.wrote("SetGoal", reply.written);
    let close = people::AddTeamMemberRequest {
        request_id: request_id(),
        person_id: person.to_string(),
        role: people::TeamRole::Family.into(),
        name: canaries.words("name of a member of the team"),
        ..Default::default()
    };
    let reply = registry.add_team_member(close.clone()).await.expect("a member").into_inner();
    canaries.wrote("AddTeamMember", reply.written);
    let worker_id = WorkerId::of(5).to_string();
    let both = people::AddTeamMemberRequest { request_id: request_id(), worker_id, ..close };
    canaries.refused("somebody close who is a worker too", registry.add_team_member(both).await);
    let nowhere = people::GoalContent { life_domains: vec![], ..content };
    let nowhere = people::SetGoalRequest { request_id: request_id(), content: Some(nowhere), ..goal };
    canaries.refused("a goal of no life domain", registry.set_goal(nowhere).await);
}

async fn a_referral(
    world: &World,
    (from, to): (AgencyId, AgencyId),
    person: PersonId,
    canaries: &mut Canaries,
) {
    let offer = world.offer(to, PROGRAMME).await;
    let mut asks = world.referrals(World::worker(from));
    let draft = pb::DraftReferralRequest {
        need: canaries.words("need"),
        no_goal_reason: canaries.words("no_goal_reason"),
        ..world.draft(person, &offer)
    };
    let reply = asks.draft_referral(draft.clone()).await.expect("a draft").into_inner();
    let referral = canaries.wrote("DraftReferral", reply.written);
    let offer_id = canaries.of("an offer id that is none");
    let unknown = pb::DraftReferralRequest { request_id: request_id(), offer_id, ..draft.clone() };
    canaries.refused("an offer id that is none", asks.draft_referral(unknown).await);

    let send = pb::SendReferralRequest {
        request_id: request_id(),
        referral_id: referral.clone(),
        ..Default::default()
    };
    canaries.refused("a referral without consent", asks.send_referral(send.clone()).await);
    let colleague = people::AddWorkerRequest {
        request_id: request_id(),
        content: Some(people::WorkerContent {
            working_name: "Example".to_owned(),
            roles: vec![people::WorkerRole::Coordinator.into()],
            ..Default::default()
        }),
        ..Default::default()
    };
    let colleague =
        world.registry(World::worker(from)).add_worker(colleague).await.expect("a worker is added");
    let send = pb::SendReferralRequest {
        request_id: request_id(),
        override_reason: canaries.words("override reason"),
        override_approver_id: id(colleague.into_inner().written),
        ..send
    };
    asks.send_referral(send).await.expect("a referral is sent");
    let mut answers = world.referrals(World::worker(to));
    let question = pb::AskForInformationRequest {
        request_id: request_id(),
        referral_id: referral.clone(),
        question: canaries.words("question"),
        ..Default::default()
    };
    answers.ask_for_information(question.clone()).await.expect("it is asked");
    let answer = pb::SupplyInformationRequest {
        request_id: request_id(),
        referral_id: referral.clone(),
        question_id: question.request_id,
        answer: canaries.words("answer"),
        ..Default::default()
    };
    asks.supply_information(answer.clone()).await.expect("it is told");
    let answer = pb::SupplyInformationRequest { request_id: request_id(), ..answer };
    canaries.refused("a second answer", asks.supply_information(answer).await);
    let wish = pb::RequestReferralTransferRequest {
        request_id: request_id(),
        referral_id: referral.clone(),
        reason: canaries.words("transfer reason"),
        ..Default::default()
    };
    asks.request_referral_transfer(wish).await.expect("a transfer is asked for");
    let reject = pb::RejectReferralRequest {
        request_id: request_id(),
        referral_id: referral,
        reason: pb::ClosingReason::NoCapacity.into(),
        text: canaries.words("rejection text"),
        ..Default::default()
    };
    answers.reject_referral(reject.clone()).await.expect("it is rejected");
    let reject = pb::RejectReferralRequest {
        request_id: request_id(),
        reason: pb::ClosingReason::Moved.into(),
        ..reject
    };
    canaries.refused("a second rejection", answers.reject_referral(reject).await);

    let second = pb::DraftReferralRequest { request_id: request_id(), ..draft };
    asks.draft_referral(second).await.expect("a second draft");
    let token = until("two referrals in the list", async || {
        let request = pb::ListReferralsRequest { page_size: 1, ..Default::default() };
        let page = asks.list_referrals(request).await.expect("a list").into_inner();
        Some(page.next_page_token).filter(|token| !token.is_empty())
    })
    .await;
    canaries.said.push(("a page token".into(), token));
}

async fn a_job(world: &World, agency: AgencyId, person: PersonId, canaries: &mut Canaries) {
    let mut works = VocationalServiceClient::new(world.call("vocational", World::worker(agency)));
    let open = work::OpenCaseRequest {
        request_id: request_id(),
        person_id: person.to_string(),
        practice: "ips".into(),
        ..Default::default()
    };
    let case_id = id(works.open_case(open).await.expect("a case").into_inner().written);
    let purpose = canaries.words("contact purpose");
    let contact = Contact {
        occurred: now(),
        setting: Setting::Office.into(),
        reached: true,
        purpose,
        ..Default::default()
    };
    let contact = work::AddCaseContactRequest {
        request_id: request_id(),
        case_id: case_id.clone(),
        contact: Some(contact),
        ..Default::default()
    };
    canaries.refused("a purpose in words", works.add_case_contact(contact).await);
    let lead = work::AddJobLeadRequest {
        request_id: request_id(),
        case_id,
        kind: work::JobKind::Competitive.into(),
        employer: canaries.words("employer"),
        title: canaries.words("job title"),
        ..Default::default()
    };
    let job_id = id(works.add_job_lead(lead).await.expect("a lead").into_inner().written);
    let apply =
        work::ApplyForJobRequest { request_id: request_id(), job_id: job_id.clone(), ..Default::default() };
    works.apply_for_job(apply).await.expect("an application");
    let interview = work::ScheduleInterviewRequest {
        request_id: request_id(),
        job_id,
        starts_at: now().and_then(|now| now.at),
        minutes: 30,
        zone: ZONE.into(),
        setting: Setting::Workplace.into(),
        place: canaries.words("interview place"),
        ..Default::default()
    };
    works.schedule_interview(interview.clone()).await.expect("an interview");
    let none = work::ScheduleInterviewRequest { request_id: request_id(), minutes: 0, ..interview };
    canaries.refused("an interview of no length", works.schedule_interview(none).await);
}

async fn a_place(world: &World, agency: AgencyId, person: PersonId, canaries: &mut Canaries) {
    let place = homes::Place { code: 17, other: canaries.words("other place"), ..Default::default() };
    let mut houses = HousingServiceClient::new(world.call("housing", World::worker(agency)));
    let note = homes::NoteLivingSituationRequest {
        request_id: request_id(),
        person_id: person.to_string(),
        place: Some(place.clone()),
        zone: ZONE.into(),
        ..Default::default()
    };
    houses.note_living_situation(note.clone()).await.expect("a living situation");
    let zone = canaries.of("a zone that is none");
    let wrong = homes::NoteLivingSituationRequest { request_id: request_id(), zone, ..note };
    canaries.refused("a zone that is none", houses.note_living_situation(wrong).await);

    let mut records = HousingServiceClient::new(world.call("housing", recorder(agency)));
    let source = Source {
        system: "invented".into(),
        table: "Situations".into(),
        key: canaries.of("source.key"),
        ..Default::default()
    };
    let record = homes::RecordLivingSituationRequest {
        request_id: request_id(),
        source: Some(source),
        person_id: person.to_string(),
        told: now(),
        stage: homes::SituationStage::AtEntry.into(),
        place: Some(place),
        ..Default::default()
    };
    records.record_living_situation(record).await.expect("a recorded situation");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_word_is_found_outside_the_replies_it_belongs_to() {
    let home = tempfile::tempdir().unwrap();
    let mut process = Launch::new(["serve", "all", "--drain-seconds", "5"])
        .arg("--store")
        .arg(format!("sqlite:{}", home.path().display()))
        .arg("--grpc-listen=127.0.0.1:0")
        .arg("--http-listen=127.0.0.1:0")
        .arg("--admin-listen=127.0.0.1:0")
        .env("THROUGHLINE_LOG", "debug")
        .start()
        .await;
    let world = World::at(process.grpc());
    let mut canaries = Canaries::default();
    let (shelter, clinic) = (world.agency("Invented Shelter").await, world.agency("Invented Clinic").await);
    let elsewhere = world.agency("Invented Elsewhere").await;

    let person = somebody(&world, shelter, &mut canaries).await;
    goal_and_consent(&world, (shelter, clinic), person, &mut canaries).await;
    a_referral(&world, (shelter, elsewhere), person, &mut canaries).await;
    a_job(&world, shelter, person, &mut canaries).await;
    a_place(&world, shelter, person, &mut canaries).await;
    until("all of it on the timeline", async || {
        let entries = world.entries(World::worker(shelter), person).await;
        let from = |service: &str| entries.iter().any(|entry| entry.service == service);
        ["registry", "referrals", "vocational", "housing"].into_iter().all(from).then_some(())
    })
    .await;

    let (status, metrics) = tests::http::get(process.admin(), "/metrics").await.expect("metrics");
    assert!(status == 200 && metrics.contains("# TYPE"), "{metrics}");
    canaries.said.push(("/metrics".into(), metrics));
    let mut stored = files(home.path());
    process.terminate();
    assert!(process.ended().await.success(), "{}", process.said());
    stored.extend(files(home.path()));
    assert!(process.said().contains("DEBUG"), "the log is not at its most talkative:\n{}", process.said());
    canaries.said.push(("the log of the process".into(), process.said()));

    assert!(
        stored.iter().any(|(_, bytes)| contains(bytes, PROGRAMME.as_bytes())),
        "not even a programme's name is found in {} files: the search is blind",
        stored.len()
    );
    let mut found: Vec<String> =
        stored.iter().flat_map(|(file, bytes)| canaries.found_in(file, bytes)).collect();
    found.extend(canaries.said.iter().flat_map(|(place, text)| canaries.found_in(place, text.as_bytes())));
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "personal words were found:\n{}", found.join("\n"));
}
