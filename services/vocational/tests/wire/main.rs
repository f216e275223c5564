//! Every call of the service, through the wire, as agencies and the person make it.
//! Invariant: the service is the real one, served over loopback; only the other services' logs and the registry's keys are the test's.

use kernel::{AgencyId, OfferId, PersonId, StreamId, WorkerId};
use platform::error::reason;
use platform::peer::Peer;
use platform::wire::{to_date, to_instant};
use proto::types::{Contact, FieldStatus, Occurred, Precision, Setting, Source, Voice, Written};
use proto::vocational as pb;
use proto::vocational::vocational_service_client::VocationalServiceClient as Client;
use tests::alone::until;
use tests::{Alone, OnStore};
use tonic::{Code, Status};
use uuid::Uuid;

const WORKS: AgencyId = AgencyId::of(1);
const ELSEWHERE: AgencyId = AgencyId::of(2);
const ANA: PersonId = PersonId::of(10);
const BEN: PersonId = PersonId::of(11);
const SPECIALIST: WorkerId = WorkerId::of(20);
const ZONE: &str = "America/Chicago";

async fn service() -> Alone {
    on(OnStore::Sqlite).await
}

async fn on(store: OnStore) -> Alone {
    Alone::start("vocational", store, async |parts| vocational::service(&parts).await).await
}

fn new_request() -> String {
    Uuid::now_v7().to_string()
}

/// Makes a call under a new request id and gives what was written, or the status.
macro_rules! call {
    ($client:expr, $method:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }) => {
        $client
            .$method(pb::$request { request_id: new_request(), $($field: $value,)* ..Default::default() })
            .await
            .map(|reply| reply.into_inner().written.expect("every command replies what it wrote"))
    };
}

mod caseload;
mod deaths;
mod restricted;

#[track_caller]
fn refused(answer: Result<Written, Status>, code: Code, why: &str) {
    let status = answer.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_deref()), (code, Some(why)), "{}", status.message());
}

fn contact_at(service: &Alone, setting: Setting) -> Option<Contact> {
    let occurred = Occurred {
        at: Some(to_instant(service.clock.now())),
        precision: Precision::Instant.into(),
        zone: ZONE.into(),
    };
    Some(Contact {
        occurred: Some(occurred),
        minutes: 30,
        setting: setting.into(),
        reached: true,
        purpose: "career-planning".into(),
        worker_ids: vec![SPECIALIST.to_string()],
        skills: vec!["job-search".into()],
        stance: proto::types::Stance::BuildIndependence.into(),
    })
}

fn date(text: &str) -> Option<proto::Date> {
    Some(to_date(text.parse().unwrap()))
}

fn weekday_mornings() -> pb::ShiftPattern {
    pb::ShiftPattern {
        zone: ZONE.into(),
        from_day: date("2026-03-04"),
        until_day: None,
        weekly: vec![pb::WeeklyShift {
            weekday: pb::Weekday::Wednesday.into(),
            start_minute: 9 * 60,
            end_minute: 13 * 60,
        }],
    }
}

async fn opened_for(client: &mut Client<Peer>, person: PersonId, practice: &str) -> String {
    call!(
        client,
        open_case,
        OpenCaseRequest {
            person_id: person.to_string(),
            practice: practice.into(),
            worker_id: SPECIALIST.to_string()
        }
    )
    .unwrap()
    .id
}

async fn opened(client: &mut Client<Peer>) -> String {
    opened_for(client, ANA, "ips").await
}

async fn lead(client: &mut Client<Peer>, case: &str) -> String {
    call!(
        client,
        add_job_lead,
        AddJobLeadRequest {
            case_id: case.into(),
            kind: pb::JobKind::Competitive.into(),
            employer: "Invented Diner".into(),
            title: "Cook's mate".into(),
        }
    )
    .unwrap()
    .id
}

/// A job on its first day.
async fn started(client: &mut Client<Peer>, case: &str) -> String {
    let job = lead(client, case).await;
    call!(client, offer_job, OfferJobRequest { job_id: job.clone() }).unwrap();
    call!(client, accept_job, AcceptJobRequest { job_id: job.clone() }).unwrap();
    call!(
        client,
        start_job,
        StartJobRequest { job_id: job.clone(), started_on: date("2026-03-04"), zone: ZONE.into() }
    )
    .unwrap();
    job
}

async fn case(client: &mut Client<Peer>, id: &str) -> pb::Case {
    let request = pb::GetCaseRequest { case_id: id.into(), at_least: vec![] };
    client.get_case(request).await.unwrap().into_inner().case.unwrap()
}

async fn job(client: &mut Client<Peer>, id: &str) -> pb::Job {
    let request = pb::GetJobRequest { job_id: id.into(), at_least: vec![] };
    client.get_job(request).await.unwrap().into_inner().job.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_goes_from_opening_over_the_search_and_a_job_to_handing_on() {
    let service = service().await;
    let mut works = Client::new(service.worker(WORKS));
    let id = opened(&mut works).await;
    let seen = case(&mut works, &id).await;
    assert_eq!((seen.state(), seen.zero_exclusion, seen.etag.as_str()), (pb::CaseState::Referred, true, "1"));

    refused(
        call!(works, start_search, StartSearchRequest { case_id: id.clone() }),
        Code::FailedPrecondition,
        "NOT_ENGAGED",
    );
    let meeting = contact_at(&service, Setting::Community);
    call!(works, add_case_contact, AddCaseContactRequest { case_id: id.clone(), contact: meeting }).unwrap();
    assert_eq!(case(&mut works, &id).await.state(), pb::CaseState::Engaged);
    call!(works, start_search, StartSearchRequest { case_id: id.clone() }).unwrap();
    assert_eq!(case(&mut works, &id).await.state(), pb::CaseState::Searching);

    let work = lead(&mut works, &id).await;
    call!(works, apply_for_job, ApplyForJobRequest { job_id: work.clone() }).unwrap();
    let soon = service.clock.now() + jiff::SignedDuration::from_hours(26);
    let interview = call!(
        works,
        schedule_interview,
        ScheduleInterviewRequest {
            job_id: work.clone(),
            starts_at: Some(to_instant(soon)),
            minutes: 45,
            zone: ZONE.into(),
            setting: Setting::Workplace.into(),
            place: "1 Invented Street".into(),
        }
    );
    assert_eq!(interview.unwrap().id, work);
    call!(works, offer_job, OfferJobRequest { job_id: work.clone() }).unwrap();
    let terms = pb::JobTerms { weekly_minutes: 240, wage: None, shifts: vec![weekday_mornings()] };
    call!(works, change_job_terms, ChangeJobTermsRequest { job_id: work.clone(), terms: Some(terms) })
        .unwrap();
    call!(works, accept_job, AcceptJobRequest { job_id: work.clone(), starts_on: date("2026-03-04") })
        .unwrap();
    assert_eq!(job(&mut works, &work).await.starts_on, date("2026-03-04"));
    call!(
        works,
        start_job,
        StartJobRequest { job_id: work.clone(), started_on: date("2026-03-04"), zone: ZONE.into() }
    )
    .unwrap();
    let seen = case(&mut works, &id).await;
    assert_eq!((seen.state(), seen.jobs_running), (pb::CaseState::Employed, 1));
    refused(
        call!(works, count_job_start, CountJobStartRequest { job_id: work.clone(), paid_minutes: 239 }),
        Code::FailedPrecondition,
        "TOO_FEW_PAID_MINUTES",
    );
    call!(works, count_job_start, CountJobStartRequest { job_id: work.clone(), paid_minutes: 240 }).unwrap();
    let seen = job(&mut works, &work).await;
    assert_eq!((seen.state(), seen.start_counted), (pb::JobState::Started, true));
    assert_eq!(seen.terms.unwrap().shifts, [weekday_mornings()]);

    call!(works, transition_case, TransitionCaseRequest { case_id: id.clone() }).unwrap();
    assert_eq!(case(&mut works, &id).await.state(), pb::CaseState::Transitioned);
    call!(works, reengage_case, ReengageCaseRequest { case_id: id.clone() }).unwrap();
    assert_eq!(case(&mut works, &id).await.state(), pb::CaseState::Employed, "the job still runs");
    let quit = call!(
        works,
        end_job,
        EndJobRequest {
            job_id: work.clone(),
            ended_on: date("2026-03-04"),
            zone: ZONE.into(),
            reason: pb::JobEnd::Quit.into(),
            satisfied: pb::Satisfied::No.into(),
        }
    );
    quit.unwrap();
    let seen = job(&mut works, &work).await;
    assert_eq!(
        (seen.state(), seen.end_reason(), seen.satisfied()),
        (pb::JobState::Ended, pb::JobEnd::Quit, pb::Satisfied::No)
    );
    assert_eq!(case(&mut works, &id).await.state(), pb::CaseState::Searching);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_started_job_says_all_that_a_reader_of_it_alone_needs() {
    use prost::Message;
    let service = service().await;
    let mut works = Client::new(service.worker(WORKS));
    let id = opened(&mut works).await;
    let work = lead(&mut works, &id).await;
    let terms = pb::JobTerms { weekly_minutes: 240, wage: None, shifts: vec![weekday_mornings()] };
    call!(
        works,
        change_job_terms,
        ChangeJobTermsRequest { job_id: work.clone(), terms: Some(terms.clone()) }
    )
    .unwrap();
    call!(works, offer_job, OfferJobRequest { job_id: work.clone() }).unwrap();
    call!(works, accept_job, AcceptJobRequest { job_id: work.clone() }).unwrap();
    let before = service.events().await.len();
    call!(
        works,
        start_job,
        StartJobRequest { job_id: work.clone(), started_on: date("2026-03-04"), zone: ZONE.into() }
    )
    .unwrap();
    let events = service.events().await.split_off(before);
    let kinds: Vec<&str> = events.iter().map(|event| event.r#type.as_str()).collect();
    assert_eq!(kinds, ["throughline.vocational.v1.JobStarted", "throughline.vocational.v1.CaseEmployed"]);
    for event in &events {
        assert_eq!(event.person_id, ANA.to_string());
        let occurred = event.occurred.as_ref().unwrap();
        assert_eq!((occurred.precision(), occurred.zone.as_str()), (Precision::Day, ZONE));
    }
    let payload = pb::VocationalEvent::decode(events[0].payload.clone()).unwrap();
    let Some(pb::vocational_event::Kind::JobStarted(told)) = payload.kind else {
        panic!("{payload:?}");
    };
    assert_eq!(
        told,
        pb::JobStarted {
            job_id: work,
            case_id: id,
            kind: pb::JobKind::Competitive.into(),
            started_on: date("2026-03-04"),
            zone: ZONE.into(),
            terms: Some(terms),
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_a_part_2_programme_writes_is_labelled_so() {
    let service = service().await;
    let mut works = Client::new(service.worker(WORKS));
    let labelled = call!(
        works,
        open_case,
        OpenCaseRequest { person_id: ANA.to_string(), practice: "ips".into(), part2: true }
    )
    .unwrap()
    .id;
    let work = started(&mut works, &labelled).await;
    call!(works, mark_job_entered_in_error, MarkJobEnteredInErrorRequest { job_id: work }).unwrap();
    call!(works, mark_case_entered_in_error, MarkCaseEnteredInErrorRequest { case_id: labelled }).unwrap();
    let events = service.events().await;
    assert_eq!(events.len(), 9);
    assert!(events.iter().all(|event| event.labels == ["42CFRPart2"]));

    let plain = opened_for(&mut works, BEN, "ips").await;
    started(&mut works, &plain).await;
    assert!(service.events().await[9..].iter().all(|event| event.labels.is_empty()));
}

fn accepted(referral: Uuid, person: PersonId) -> proto::referrals::ReferralsEvent {
    use proto::referrals::referrals_event::Kind;
    let accepted = proto::referrals::ReferralAccepted {
        referral_id: referral.to_string(),
        person_id: person.to_string(),
        offer_id: OfferId::of(30).to_string(),
        target_agency_id: WORKS.to_string(),
        practice: "ips".into(),
        zero_exclusion: true,
        receiver: proto::referrals::Receiver::Vocational.into(),
        ..Default::default()
    };
    proto::referrals::ReferralsEvent { kind: Some(Kind::ReferralAccepted(accepted)) }
}

async fn caseload(client: &mut Client<Peer>, count: usize) -> Vec<pb::Case> {
    until("the caseload", async || {
        let found = client.list_cases(pb::ListCasesRequest::default()).await.unwrap().into_inner().cases;
        (found.len() == count).then_some(found)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_referral_opens_one_case_however_often_it_is_told() {
    let service = service().await;
    let (first, second) = (Uuid::from_u128(501), Uuid::from_u128(502));
    let tell = async |referral: Uuid, person: PersonId| {
        let stream = StreamId::new("referral", referral);
        service.tell("referrals", stream, Some(person), &accepted(referral, person)).await;
    };
    tell(first, ANA).await;
    tell(first, ANA).await;
    // Nothing can be written about an erased person, and that holds nobody else up.
    let erased = PersonId::of(99);
    service.keys.erase(erased);
    tell(Uuid::from_u128(503), erased).await;
    tell(second, BEN).await;

    let mut works = Client::new(service.worker(WORKS));
    let cases = caseload(&mut works, 2).await;
    let referrals: Vec<&str> = cases.iter().map(|case| case.referral_id.as_str()).collect();
    assert_eq!(referrals, [second.to_string(), first.to_string()]);
    let of_ana = &cases[1];
    assert_eq!(
        (of_ana.person_id.as_str(), of_ana.agency_id.as_str()),
        (ANA.to_string().as_str(), WORKS.to_string().as_str())
    );
    assert!(of_ana.zero_exclusion);
    assert_eq!(of_ana.state(), pb::CaseState::Referred);
    let openings = service.events().await.into_iter().filter(|event| event.r#type.ends_with("CaseOpened"));
    let openings: Vec<_> = openings.collect();
    assert_eq!(openings.len(), 2);
    assert!(openings.iter().all(|event| !event.causation_id.is_empty()), "each names the acceptance");
}

#[tokio::test(flavor = "multi_thread")]
async fn zero_exclusion_is_kept_and_a_wish_is_the_persons() {
    let service = service().await;
    let (mut works, mut ana) = (Client::new(service.worker(WORKS)), Client::new(service.person(ANA)));
    let id = opened(&mut works).await;
    let pause = |reason: pb::PauseReason, persons_own_words| pb::PauseCaseRequest {
        request_id: new_request(),
        case_id: id.clone(),
        reason: reason.into(),
        persons_own_words,
        ..Default::default()
    };
    let written = |reply: Result<tonic::Response<pb::PauseCaseResponse>, Status>| {
        reply.map(|reply| reply.into_inner().written.unwrap())
    };
    let asked = works.pause_case(pause(pb::PauseReason::NotReady, false)).await;
    refused(written(asked), Code::FailedPrecondition, "ZERO_EXCLUSION");
    let asked = works.pause_case(pause(pb::PauseReason::PersonsWish, false)).await;
    refused(written(asked), Code::FailedPrecondition, "NOT_IN_THEIR_WORDS");
    ana.pause_case(pause(pb::PauseReason::PersonsWish, false)).await.unwrap();
    let seen = case(&mut works, &id).await;
    assert_eq!(
        (seen.state(), seen.returns_to(), seen.pause_reason()),
        (pb::CaseState::Paused, pb::CaseState::Referred, pb::PauseReason::PersonsWish)
    );
    call!(works, resume_case, ResumeCaseRequest { case_id: id.clone() }).unwrap();
    works.pause_case(pause(pb::PauseReason::PersonsWish, true)).await.unwrap();
    let last = service.events().await.pop().unwrap();
    assert_eq!(last.voice(), Voice::Person, "staff recorded the person's own words");

    let end = |reason: pb::DischargeReason, ground: i32| pb::DischargeCaseRequest {
        request_id: new_request(),
        case_id: id.clone(),
        reason: reason.into(),
        ground,
        ..Default::default()
    };
    let why = works.discharge_case(end(pb::DischargeReason::SubstanceUse, 0)).await.unwrap_err();
    assert_eq!(reason(&why).as_deref(), Some("ZERO_EXCLUSION"));
    let why = works.discharge_case(end(pb::DischargeReason::Ineligible, 0)).await.unwrap_err();
    assert_eq!(reason(&why).as_deref(), Some("GROUND_MISSING"));
    let area = pb::EligibilityGround::Area.into();
    works.discharge_case(end(pb::DischargeReason::Ineligible, area)).await.unwrap();
    let seen = case(&mut works, &id).await;
    assert_eq!(
        (seen.state(), seen.discharge_reason(), seen.discharge_ground()),
        (pb::CaseState::Discharged, pb::DischargeReason::Ineligible, pb::EligibilityGround::Area)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_employer_is_told_a_name_unless_the_person_chose_so() {
    let service = service().await;
    let (mut works, mut ana) = (Client::new(service.worker(WORKS)), Client::new(service.person(ANA)));
    let id = opened(&mut works).await;
    let work = lead(&mut works, &id).await;
    let contact = contact_at(&service, Setting::Phone);
    let tell = |person_named| pb::AddEmployerContactRequest {
        request_id: new_request(),
        job_id: work.clone(),
        contact: contact.clone(),
        person_named,
        ..Default::default()
    };
    works.add_employer_contact(tell(false)).await.unwrap();
    let why = works.add_employer_contact(tell(true)).await.unwrap_err();
    assert_eq!(reason(&why).as_deref(), Some("DISCLOSURE_NOT_CHOSEN"));
    refused(
        call!(works, apply_for_job, ApplyForJobRequest { job_id: work.clone(), introduced_by_staff: true }),
        Code::FailedPrecondition,
        "DISCLOSURE_NOT_CHOSEN",
    );
    let name = pb::DisclosureChoice::Name.into();
    refused(
        call!(works, choose_disclosure, ChooseDisclosureRequest { job_id: work.clone(), choice: name }),
        Code::FailedPrecondition,
        "NOT_IN_THEIR_WORDS",
    );
    call!(ana, choose_disclosure, ChooseDisclosureRequest { job_id: work.clone(), choice: name }).unwrap();
    let mark = works.add_employer_contact(tell(true)).await.unwrap().into_inner().written.unwrap();
    assert_eq!(mark.id, work);
    call!(works, apply_for_job, ApplyForJobRequest { job_id: work.clone(), introduced_by_staff: true })
        .unwrap();
    let seen = job(&mut ana, &work).await;
    assert_eq!((seen.disclosure(), seen.employer_contacts), (pb::DisclosureChoice::Name, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_personal_is_sealed_in_the_log_and_opened_for_its_readers_alone() {
    let service = service().await;
    let mut works = Client::new(service.worker(WORKS));
    let id = opened(&mut works).await;
    let work = lead(&mut works, &id).await;
    call!(
        works,
        schedule_interview,
        ScheduleInterviewRequest {
            job_id: work.clone(),
            starts_at: Some(to_instant(service.clock.now())),
            minutes: 30,
            zone: ZONE.into(),
            setting: Setting::Video.into(),
            place: "link-to-an-invented-room".into(),
        }
    )
    .unwrap();
    let seen = job(&mut works, &work).await;
    assert_eq!((seen.employer.as_str(), seen.employer_status()), ("Invented Diner", FieldStatus::Open));
    assert_eq!((seen.title.as_str(), seen.title_status()), ("Cook's mate", FieldStatus::Open));
    assert_eq!(seen.interviews[0].place, "link-to-an-invented-room");
    for event in service.events().await {
        for text in ["Invented Diner", "Cook's mate", "link-to-an-invented-room"] {
            let found = event.payload.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!found, "{} holds personal text", event.r#type);
        }
    }
    let mut elsewhere = Client::new(service.worker(ELSEWHERE));
    let request = pb::GetJobRequest { job_id: work.clone(), at_least: vec![] };
    assert_eq!(elsewhere.get_job(request).await.unwrap_err().code(), Code::NotFound);
    refused(
        call!(elsewhere, offer_job, OfferJobRequest { job_id: work.clone() }),
        Code::NotFound,
        "JOB_NOT_FOUND",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resent_request_happens_once_and_a_stale_etag_is_told() {
    let service = service().await;
    let mut works = Client::new(service.worker(WORKS));
    let request = pb::OpenCaseRequest {
        request_id: new_request(),
        person_id: ANA.to_string(),
        practice: "ips".into(),
        ..Default::default()
    };
    let first = works.open_case(request.clone()).await.unwrap().into_inner();
    let again = works.open_case(request.clone()).await.unwrap().into_inner();
    assert_eq!(first, again);
    let other = pb::OpenCaseRequest { person_id: BEN.to_string(), ..request };
    let status = works.open_case(other).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let id = first.written.unwrap().id;

    let lead_request = pb::AddJobLeadRequest {
        request_id: new_request(),
        case_id: id.clone(),
        kind: pb::JobKind::SelfEmployed.into(),
        employer: "Own stall".into(),
        ..Default::default()
    };
    let lead = works.add_job_lead(lead_request.clone()).await.unwrap().into_inner();
    assert_eq!(works.add_job_lead(lead_request).await.unwrap().into_inner(), lead);
    let start = pb::StartJobRequest {
        request_id: new_request(),
        job_id: lead.written.unwrap().id,
        started_on: date("2026-03-03"),
        zone: ZONE.into(),
        ..Default::default()
    };
    let began = works.start_job(start.clone()).await.unwrap().into_inner();
    assert_eq!(works.start_job(start).await.unwrap().into_inner(), began);
    assert_eq!(service.events().await.len(), 4, "opened, lead, started, employed");

    let stale = pb::StartSearchRequest {
        request_id: new_request(),
        etag: "1".into(),
        case_id: id,
        ..Default::default()
    };
    let status = works.start_search(stale).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_deref()), (Code::Aborted, Some("ETAG_MISMATCH")));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_declined_and_withdrawn_interviews_cancelled_and_shifts_changed() {
    let service = service().await;
    let (mut works, mut ana) = (Client::new(service.worker(WORKS)), Client::new(service.person(ANA)));
    let id = opened(&mut works).await;
    let declined = lead(&mut works, &id).await;
    let by = pb::JobParty::Employer.into();
    call!(works, decline_job, DeclineJobRequest { job_id: declined.clone(), by: by }).unwrap();
    let withdrawn = lead(&mut works, &id).await;
    let by = pb::JobParty::Person.into();
    call!(ana, withdraw_job, WithdrawJobRequest { job_id: withdrawn.clone(), by: by }).unwrap();
    let seen = job(&mut works, &declined).await;
    assert_eq!((seen.state(), seen.closed_by()), (pb::JobState::Declined, pb::JobParty::Employer));
    let seen = job(&mut works, &withdrawn).await;
    assert_eq!((seen.state(), seen.closed_by()), (pb::JobState::Withdrawn, pb::JobParty::Person));

    let interviewed = lead(&mut works, &id).await;
    let request_id = new_request();
    let schedule = pb::ScheduleInterviewRequest {
        request_id: request_id.clone(),
        job_id: interviewed.clone(),
        starts_at: Some(to_instant(service.clock.now())),
        minutes: 30,
        zone: ZONE.into(),
        setting: Setting::Phone.into(),
        ..Default::default()
    };
    works.schedule_interview(schedule).await.unwrap();
    let cancel = |interview: &str| pb::CancelInterviewRequest {
        request_id: new_request(),
        job_id: interviewed.clone(),
        interview_id: interview.into(),
        ..Default::default()
    };
    works.cancel_interview(cancel(&request_id)).await.unwrap();
    let seen = job(&mut works, &interviewed).await.interviews.remove(0);
    assert!(seen.cancelled && seen.id == request_id);
    let status = works.cancel_interview(cancel(&new_request())).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_deref()), (Code::NotFound, Some("INTERVIEW_NOT_FOUND")));

    let work = started(&mut works, &id).await;
    call!(
        works,
        change_job_shifts,
        ChangeJobShiftsRequest { job_id: work.clone(), shifts: Some(weekday_mornings()) }
    )
    .unwrap();
    let summer = pb::ShiftPattern {
        from_day: date("2026-07-01"),
        until_day: date("2026-09-01"),
        weekly: vec![],
        ..weekday_mornings()
    };
    call!(works, change_job_shifts, ChangeJobShiftsRequest { job_id: work.clone(), shifts: Some(summer) })
        .unwrap();
    let patterns = job(&mut works, &work).await.terms.unwrap().shifts;
    let days: Vec<_> = patterns.iter().map(|pattern| (pattern.from_day, pattern.until_day)).collect();
    assert_eq!(
        days,
        [
            (date("2026-03-04"), date("2026-07-01")),
            (date("2026-07-01"), date("2026-09-01")),
            (date("2026-09-01"), None)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_was_is_marked_so_and_leaves_no_trace_in_what_is_counted() {
    let service = service().await;
    let mut works = Client::new(service.worker(WORKS));
    let id = opened(&mut works).await;
    let contact_id = new_request();
    let contact = pb::AddCaseContactRequest {
        request_id: contact_id.clone(),
        case_id: id.clone(),
        contact: contact_at(&service, Setting::Phone),
        parties: vec![pb::ContactParty::Person.into(), pb::ContactParty::Family.into()],
        ..Default::default()
    };
    works.add_case_contact(contact).await.unwrap();
    let seen = case(&mut works, &id).await;
    assert_eq!((seen.contacts, seen.last_contact.is_some()), (1, true));
    let mark = || contact_id.clone();
    call!(
        works,
        mark_case_contact_entered_in_error,
        MarkCaseContactEnteredInErrorRequest { case_id: id.clone(), contact_id: mark() }
    )
    .unwrap();
    let seen = case(&mut works, &id).await;
    assert_eq!((seen.contacts, seen.last_contact.is_some()), (0, false));

    let work = started(&mut works, &id).await;
    let contact_id = new_request();
    let contact = pb::AddEmployerContactRequest {
        request_id: contact_id.clone(),
        job_id: work.clone(),
        contact: contact_at(&service, Setting::Workplace),
        ..Default::default()
    };
    works.add_employer_contact(contact).await.unwrap();
    call!(
        works,
        mark_employer_contact_entered_in_error,
        MarkEmployerContactEnteredInErrorRequest { job_id: work.clone(), contact_id: contact_id }
    )
    .unwrap();
    assert_eq!(job(&mut works, &work).await.employer_contacts, 0);

    refused(
        call!(works, mark_case_entered_in_error, MarkCaseEnteredInErrorRequest { case_id: id.clone() }),
        Code::FailedPrecondition,
        "JOBS_RUN",
    );
    call!(works, mark_job_entered_in_error, MarkJobEnteredInErrorRequest { job_id: work.clone() }).unwrap();
    assert_eq!(job(&mut works, &work).await.state(), pb::JobState::EnteredInError);
    assert_eq!(case(&mut works, &id).await.state(), pb::CaseState::Searching);
    call!(works, mark_case_entered_in_error, MarkCaseEnteredInErrorRequest { case_id: id.clone() }).unwrap();
    assert_eq!(case(&mut works, &id).await.state(), pb::CaseState::EnteredInError);
    refused(
        call!(works, start_search, StartSearchRequest { case_id: id.clone() }),
        Code::NotFound,
        "CASE_NOT_FOUND",
    );
    let nowhere = call!(
        works,
        mark_job_entered_in_error,
        MarkJobEnteredInErrorRequest { job_id: Uuid::from_u128(404).to_string() }
    );
    refused(nowhere, Code::NotFound, "JOB_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_told_again_changes_nothing_and_told_otherwise_is_a_correction() {
    let service = service().await;
    let mut recorder = Client::new(service.recorder(WORKS));
    let told = |employed: bool, kind: pb::EmploymentType| pb::RecordEmploymentStatusRequest {
        request_id: new_request(),
        source: Some(Source {
            system: "test".into(),
            table: "EmploymentEducation".into(),
            key: "EE1".into(),
            ..Default::default()
        }),
        person_id: ANA.to_string(),
        on_day: date("2021-10-01"),
        zone: ZONE.into(),
        employed,
        employment_type: kind.into(),
        ..Default::default()
    };
    let first = recorder.record_employment_status(told(true, pb::EmploymentType::PartTime)).await;
    let first = first.unwrap().into_inner().written.unwrap();
    let again = recorder.record_employment_status(told(true, pb::EmploymentType::PartTime)).await;
    let again = again.unwrap().into_inner().written.unwrap();
    assert_eq!((&again.id, again.etag.as_str()), (&first.id, "1"));
    let odd = recorder.record_employment_status(told(false, pb::EmploymentType::PartTime)).await;
    let odd = odd.unwrap().into_inner().written.unwrap();
    assert_eq!((&odd.id, odd.etag.as_str()), (&first.id, "2"));
    assert_eq!(odd.discrepancies[0].code, "NOT_EMPLOYED_WITH_TYPE");

    let read = pb::GetEmploymentStatusRequest { report_id: first.id.clone(), at_least: vec![] };
    let mut ana = Client::new(service.person(ANA));
    let seen = ana.get_employment_status(read.clone()).await.unwrap().into_inner().report.unwrap();
    assert_eq!((seen.employed, seen.corrected, seen.discrepancies.len()), (false, true, 1));
    let mut elsewhere = Client::new(service.worker(ELSEWHERE));
    assert_eq!(elsewhere.get_employment_status(read.clone()).await.unwrap_err().code(), Code::NotFound);

    call!(
        recorder,
        mark_employment_status_entered_in_error,
        MarkEmploymentStatusEnteredInErrorRequest { report_id: first.id.clone() }
    )
    .unwrap();
    let seen = recorder.get_employment_status(read).await.unwrap().into_inner().report.unwrap();
    assert!(seen.entered_in_error);
    let events = service.events().await;
    let (last, first) = (events.last().unwrap(), &events[0]);
    assert!(last.r#type.ends_with("EmploymentStatusEnteredInError"));
    assert_eq!(
        (first.voice(), first.source.as_ref().unwrap().table.as_str()),
        (Voice::Source, "EmploymentEducation")
    );

    let mut worker = Client::new(service.worker(WORKS));
    let status = worker.record_employment_status(told(true, pb::EmploymentType::FullTime)).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_deref()),
        (Code::PermissionDenied, Some("ROLE_NOT_ALLOWED"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caseload_is_filtered_and_paged_on_sqlite() {
    the_caseload_is_filtered_and_paged(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caseload_is_filtered_and_paged_on_postgres() {
    the_caseload_is_filtered_and_paged(OnStore::Postgres).await;
}

async fn the_caseload_is_filtered_and_paged(store: OnStore) {
    let service = on(store).await;
    let (mut works, mut ana) = (Client::new(service.worker(WORKS)), Client::new(service.person(ANA)));
    let first = opened(&mut works).await;
    let second = opened_for(&mut works, BEN, "vocational-rehabilitation").await;
    let third = opened_for(&mut works, BEN, "supported-education").await;
    let another = WorkerId::of(21).to_string();
    call!(
        works,
        assign_case_worker,
        AssignCaseWorkerRequest { case_id: third.clone(), worker_id: another.clone() }
    )
    .unwrap();
    let goal = Uuid::from_u128(77).to_string();
    let items = vec![Uuid::from_u128(78).to_string()];
    call!(
        works,
        name_case_plan,
        NameCasePlanRequest { case_id: third.clone(), goal_id: goal.clone(), plan_item_ids: items.clone() }
    )
    .unwrap();
    let work = started(&mut works, &first).await;
    let pause = call!(
        works,
        pause_case,
        PauseCaseRequest { case_id: second.clone(), reason: pb::PauseReason::Health.into() }
    );
    // Its reply's revision is what every list below must have seen.
    let seen = vec![pause.expect("another practice may").revision];

    let ids = |cases: &[pb::Case]| cases.iter().map(|case| case.id.clone()).collect::<Vec<_>>();
    let all = pb::ListCasesRequest { at_least: seen.clone(), ..Default::default() };
    let found = works.list_cases(all.clone()).await.unwrap().into_inner().cases;
    assert_eq!(ids(&found), [third.clone(), second.clone(), first.clone()]);
    assert_eq!((&found[0].goal_id, &found[0].plan_item_ids), (&goal, &items));

    let mut page = pb::ListCasesRequest { page_size: 2, ..all.clone() };
    let reply = works.list_cases(page.clone()).await.unwrap().into_inner();
    assert_eq!(ids(&reply.cases), [third.clone(), second.clone()]);
    page.page_token = reply.next_page_token;
    let reply = works.list_cases(page.clone()).await.unwrap().into_inner();
    assert_eq!((ids(&reply.cases), reply.next_page_token.as_str()), (vec![first.clone()], ""));
    let of_another_list = pb::ListCasesRequest { person_id: BEN.to_string(), ..page };
    assert_eq!(works.list_cases(of_another_list).await.unwrap_err().code(), Code::InvalidArgument);

    let in_state = |state: pb::CaseState| pb::ListCasesRequest { states: vec![state.into()], ..all.clone() };
    for (state, expected) in [
        (pb::CaseState::Employed, &first),
        (pb::CaseState::Paused, &second),
        (pb::CaseState::Referred, &third),
    ] {
        let found = works.list_cases(in_state(state)).await.unwrap().into_inner().cases;
        assert_eq!(ids(&found), std::slice::from_ref(expected), "{state:?}");
    }
    let mine = pb::ListCasesRequest { worker_id: another, ..all.clone() };
    assert_eq!(ids(&works.list_cases(mine).await.unwrap().into_inner().cases), std::slice::from_ref(&third));
    let of_ben = pb::ListCasesRequest { person_id: BEN.to_string(), ..all.clone() };
    assert_eq!(
        ids(&works.list_cases(of_ben.clone()).await.unwrap().into_inner().cases),
        [third, second.clone()]
    );
    assert_eq!(
        ids(&ana.list_cases(of_ben).await.unwrap().into_inner().cases),
        std::slice::from_ref(&first),
        "own alone"
    );
    let mut elsewhere = Client::new(service.worker(ELSEWHERE));
    assert_eq!(elsewhere.list_cases(all.clone()).await.unwrap().into_inner().cases, []);
    let mut operator = Client::new(service.operator());
    assert_eq!(operator.list_cases(all).await.unwrap_err().code(), Code::InvalidArgument);

    let request = pb::GetCaseRequest { case_id: first.clone(), at_least: seen.clone() };
    let jobs = ana.get_case(request).await.unwrap().into_inner().jobs;
    assert_eq!(jobs.iter().map(|job| job.id.clone()).collect::<Vec<_>>(), std::slice::from_ref(&work));
    let list = |case: &str, state: pb::JobState| pb::ListJobsRequest {
        case_id: case.into(),
        states: vec![state.into()],
        at_least: seen.clone(),
        ..Default::default()
    };
    let found = works.list_jobs(list(&first, pb::JobState::Started)).await.unwrap().into_inner().jobs;
    assert_eq!(found.iter().map(|job| job.id.clone()).collect::<Vec<_>>(), [work]);
    assert_eq!(works.list_jobs(list(&first, pb::JobState::Lead)).await.unwrap().into_inner().jobs, []);
    assert_eq!(works.list_jobs(list(&second, pb::JobState::Started)).await.unwrap().into_inner().jobs, []);
    let request = pb::GetCaseRequest { case_id: first, at_least: vec![] };
    assert_eq!(elsewhere.get_case(request).await.unwrap_err().code(), Code::NotFound);
    service.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_names_its_field() {
    let service = service().await;
    let mut works = Client::new(service.worker(WORKS));
    let field = |status: Status| {
        assert_eq!(status.code(), Code::InvalidArgument, "{}", status.message());
        status.message().split(' ').next().unwrap_or_default().to_owned()
    };
    let bad =
        call!(works, open_case, OpenCaseRequest { person_id: "somebody".into(), practice: "ips".into() });
    assert_eq!(field(bad.unwrap_err()), "person_id");
    let bad = call!(works, open_case, OpenCaseRequest { person_id: ANA.to_string() });
    assert_eq!(field(bad.unwrap_err()), "practice");
    let id = opened(&mut works).await;
    let mut contact = contact_at(&service, Setting::Office);
    contact.as_mut().unwrap().setting = 0;
    let bad = call!(works, add_case_contact, AddCaseContactRequest { case_id: id.clone(), contact: contact });
    assert_eq!(field(bad.unwrap_err()), "contact.setting");
    let bad = call!(works, add_job_lead, AddJobLeadRequest { case_id: id.clone(), kind: 1 });
    assert_eq!(field(bad.unwrap_err()), "employer");
    let work = lead(&mut works, &id).await;
    let mut pattern = weekday_mornings();
    pattern.weekly[0].end_minute = 2_000;
    let bad = call!(
        works,
        change_job_shifts,
        ChangeJobShiftsRequest { job_id: work.clone(), shifts: Some(pattern) }
    );
    assert_eq!(field(bad.unwrap_err()), "shifts.weekly[0].end_minute");
    let start = |day| pb::StartJobRequest {
        request_id: new_request(),
        job_id: work.clone(),
        started_on: date(day),
        zone: ZONE.into(),
        ..Default::default()
    };
    for day in ["2026-03-05", "2026-02-17"] {
        assert_eq!(field(works.start_job(start(day)).await.unwrap_err()), "started_on");
    }
    let bad = call!(
        works,
        discharge_case,
        DischargeCaseRequest { case_id: id.clone(), reason: pb::DischargeReason::Moved.into(), ground: 2 }
    );
    assert_eq!(field(bad.unwrap_err()), "ground");
    let stranger = PersonId::of(404);
    service.keys.unknow(stranger);
    let unknown =
        call!(works, open_case, OpenCaseRequest { person_id: stranger.to_string(), practice: "ips".into() });
    refused(unknown, Code::NotFound, "PERSON_NOT_FOUND");
}
