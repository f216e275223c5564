//! Walkthrough 7: a therapy hour and a job shift collide across two agencies.
//!
//! Invariant: the clash is shown to who may see both, in every way that there is to look; to who may see one of the two nothing of it is, not even
//! an empty page. It is raised once for each time it comes to be, and clears itself.

mod following;

use std::net::SocketAddr;

use kernel::{AgencyId, Caller, PersonId};
use platform::peer::Peer;
use proto::coordination::coordination_service_client::CoordinationServiceClient;
use proto::coordination::{
    Finding, GetCoordinationStatusRequest, GetFindingRequest, ListFindingsRequest, ListFindingsResponse,
};
use proto::therapy as tp;
use proto::therapy::therapy_service_client::TherapyServiceClient;
use proto::timeline::{Entry, GetTimelineRequest};
use proto::types::Setting;
use proto::vocational as vp;
use proto::vocational::vocational_service_client::VocationalServiceClient;
use tests::alone::until;
use tests::world::{World, id, request_id};
use tonic::Code;

use self::following::Following;
use crate::{command, serve_all};

const ZONE: &str = "America/Chicago";
/// How the clash begins on a timeline.
const CLASH: &str = "Clash C2: An appointment falls into a job shift";

/// Ana, who has therapy at the clinic and a job through another agency; a third agency has nothing to do with either.
pub struct Story {
    world: World,
    clinic: AgencyId,
    works: AgencyId,
    shelter: AgencyId,
    ana: PersonId,
    episode: String,
    case: String,
    job: String,
    /// When the shift is, from nine to one.
    day: jiff::civil::Date,
}

impl Story {
    /// Ana works from today on, once a week: on this weekday.
    pub async fn begin(world: World) -> Self {
        let clinic = world.agency("Invented Clinic").await;
        let works = world.agency("Invented Works").await;
        let shelter = world.agency("Invented Shelter").await;
        let ana = world.person(clinic, "Ana").await;
        let today = jiff::Timestamp::now().in_tz(ZONE).expect("a zone").date();
        let day = today.checked_add(jiff::Span::new().days(7)).expect("a week from now");
        let (case, job) = working(&world, works, ana, today).await;
        let episode = in_therapy(&world, clinic, ana).await;
        Self { world, clinic, works, shelter, ana, episode, case, job, day }
    }

    /// Without the person's word nobody but her is shown it; with it, whom she names. Cancelled, it is over.
    pub async fn shown_to_who_may_see_both_until_cancelled(&self) {
        let (ana, clinic, works, shelter) = (
            World::own(self.ana),
            World::worker(self.clinic),
            World::worker(self.works),
            World::worker(self.shelter),
        );
        let mut anas = self.followed_by(ana.clone()).await;
        let mut clinics = self.followed_by(clinic.clone()).await;
        let mut workss = self.followed_by(works.clone()).await;
        let hour = self.book("10:00").await;
        let clash = anas.hears(CLASH).await;
        assert!(clash.open && clash.service == "coordination" && clash.agency_id.is_empty(), "{clash:?}");
        assert!(clash.line.ends_with(&format!("(from {})", self.day)), "{}", clash.line);

        // Each side hears of what it does next and has heard nothing of the clash before it.
        self.book("15:00").await;
        clinics.hears_of(2, "Therapy session: booked").await;
        self.lead().await;
        workss.hears_of(1, "Job (competitive): lead").await;
        for (told, own) in [(&clinics, "therapy"), (&workss, "vocational")] {
            let services: Vec<&str> = told.entries().map(|entry| entry.service.as_str()).collect();
            assert!(services.iter().all(|service| *service == own), "{services:?}");
        }
        for caller in [&clinic, &works, &shelter] {
            self.no_trace(caller).await;
        }
        assert_eq!(self.clashes(&ana).await, std::slice::from_ref(&clash));

        self.world.consents(self.ana, self.clinic, self.works).await;
        assert_eq!(workss.hears(CLASH).await, clash, "both sides may be seen now, and so the clash");
        assert_eq!(self.clashes(&works).await, std::slice::from_ref(&clash));
        self.no_trace(&clinic).await;
        self.world.consents(self.ana, self.clinic, self.clinic).await;
        assert_eq!(clinics.hears(CLASH).await, clash);
        let found = self.findings(&clinic, false).await;
        assert_eq!(found, self.findings(&ana, false).await);
        assert_eq!(found.len(), 1);
        self.no_trace(&shelter).await;

        let cancel = tp::CancelAppointmentRequest {
            request_id: request_id(),
            appointment_id: hour,
            reason: tp::CancelReason::Person.into(),
            ..Default::default()
        };
        self.therapy().cancel_appointment(cancel).await.unwrap();
        for following in [&mut anas, &mut clinics, &mut workss] {
            let over = following.hears_over(CLASH).await;
            assert_eq!(over.id, clash.id, "it is the same entry");
        }
        assert_eq!(self.findings(&ana, false).await, []);
    }

    /// Booked into the shift again it is another clash, and moved out of it that is over too.
    pub async fn another_is_over_when_the_hour_is_moved(&self) {
        let mut anas = self.followed_by(World::own(self.ana)).await;
        let before = self.clashes(&World::own(self.ana)).await;
        let hour = self.book("11:00").await;
        let clash = anas.hears_open(CLASH).await;
        assert!(before.iter().all(|known| known.id != clash.id), "the one that was cleared stays so");
        let evening = tp::RescheduleAppointmentRequest {
            request_id: request_id(),
            appointment_id: hour,
            start: Some(self.at("18:00")),
            ..Default::default()
        };
        self.therapy().reschedule_appointment(evening).await.unwrap();
        assert_eq!(anas.hears_over(CLASH).await.id, clash.id);
    }

    /// Booked into the shift a third time; it stays so.
    pub async fn a_third_stands(&self) {
        self.book("09:30").await;
        until("the third clash", async || {
            let open =
                self.clashes(&World::own(self.ana)).await.into_iter().filter(|clash| clash.open).count();
            (open == 1).then_some(())
        })
        .await;
    }

    /// With the job the shifts end, and what fell into them.
    pub async fn the_last_is_over_when_the_job_ends(&self) {
        let today = jiff::Timestamp::now().in_tz(ZONE).expect("a zone").date();
        let end = vp::EndJobRequest {
            request_id: request_id(),
            job_id: self.job.clone(),
            ended_on: Some(platform::wire::to_date(today)),
            zone: ZONE.into(),
            reason: vp::JobEnd::Quit.into(),
            ..Default::default()
        };
        self.vocational().end_job(end).await.unwrap();
        until("no clash to be open", async || {
            let clashes = self.clashes(&World::own(self.ana)).await;
            (clashes.len() == 3 && clashes.iter().all(|clash| !clash.open)).then_some(())
        })
        .await;
    }

    /// What coordination wrote, by its log: three times raised and three times cleared, each before the next.
    pub async fn each_was_raised_once(&self, coordination: SocketAddr, cleared: usize) {
        let printed = command(coordination, &["events", "coordination", "--json"]).await;
        let events: Vec<serde_json::Value> =
            printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let of_ana = events.iter().filter(|event| event["person_id"] == self.ana.to_string().as_str());
        let kinds: Vec<&str> =
            of_ana.map(|event| event["type"].as_str().unwrap().rsplit('.').next().unwrap()).collect();
        let mut wanted = ["FindingRaised", "FindingCleared"].repeat(3);
        wanted.truncate(3 + cleared);
        assert_eq!(kinds, wanted);
    }

    /// Waits until coordination has read and looked at all there is.
    async fn all_looked_at(&self) {
        until("coordination to have looked at everybody", async || {
            let ask = GetCoordinationStatusRequest {};
            let status = self.coordination(&World::operator()).get_coordination_status(ask).await.ok()?;
            let status = status.into_inner();
            let read = status.sources.iter().all(|source| source.lag_events == 0);
            (read && status.due == 0).then_some(())
        })
        .await;
    }

    /// Asserts that this caller finds nothing of the clash in any way, and no gap where it might be: what there is, is its own.
    async fn no_trace(&self, caller: &Caller) {
        let whole = self.world.entries(caller.clone(), self.ana).await;
        let own = caller.agency.expect("a worker").to_string();
        assert!(
            whole.iter().all(|entry| entry.agency_id == own && entry.service != "coordination"),
            "{whole:?}"
        );
        assert_eq!(whole.is_empty(), caller.agency == Some(self.shelter));
        let mut client = self.world.timeline(caller.clone());
        let (mut paged, mut page_token) = (vec![], String::new());
        loop {
            let request = GetTimelineRequest {
                person_id: self.ana.to_string(),
                page_size: 1,
                page_token,
                ..Default::default()
            };
            let page = client.get_timeline(request).await.unwrap().into_inner();
            assert_eq!(
                page.entries.len(),
                usize::from(!whole.is_empty()),
                "no page is short of what is withheld"
            );
            paged.extend(page.entries);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(paged, whole, "page by page");
        let of_coordination = GetTimelineRequest {
            person_id: self.ana.to_string(),
            services: vec!["coordination".into()],
            ..Default::default()
        };
        let page = client.get_timeline(of_coordination).await.unwrap().into_inner();
        assert!(page.entries.is_empty() && page.next_page_token.is_empty(), "{page:?}");
        assert_eq!(self.listed(caller, true).await, ListFindingsResponse::default());
        for finding in self.findings(&World::own(self.ana), true).await {
            let get = GetFindingRequest { finding_id: finding.id, at_least: vec![] };
            let refused = self.coordination(caller).get_finding(get).await.unwrap_err();
            assert_eq!(refused.code(), Code::NotFound);
        }
    }

    /// The clashes on the timeline as this caller reads it.
    async fn clashes(&self, caller: &Caller) -> Vec<Entry> {
        let mut entries = self.world.entries(caller.clone(), self.ana).await;
        entries.retain(|entry| entry.line.starts_with(CLASH));
        entries
    }

    async fn findings(&self, caller: &Caller, cleared: bool) -> Vec<Finding> {
        self.listed(caller, cleared).await.findings
    }

    async fn listed(&self, caller: &Caller, include_cleared: bool) -> ListFindingsResponse {
        let request =
            ListFindingsRequest { person_id: self.ana.to_string(), include_cleared, ..Default::default() };
        self.coordination(caller).list_findings(request).await.unwrap().into_inner()
    }

    async fn followed_by(&self, caller: Caller) -> Following {
        Following::start(&self.world, caller, self.ana).await
    }

    /// Books 50 minutes on the day of the shift.
    async fn book(&self, wall: &str) -> String {
        let ask = tp::AppointmentAsk {
            episode_id: self.episode.clone(),
            start: Some(self.at(wall)),
            minutes: 50,
            setting: Setting::Office.into(),
            ..Default::default()
        };
        let book = tp::BookAppointmentRequest { request_id: request_id(), ask: Some(ask) };
        id(self.therapy().book_appointment(book).await.unwrap().into_inner().written)
    }

    fn at(&self, wall: &str) -> tp::AppointmentTime {
        tp::AppointmentTime { wall: format!("{}T{wall}", self.day), ..Default::default() }
    }

    /// One more lead to a job.
    async fn lead(&self) {
        self.vocational().add_job_lead(lead_of(&self.case)).await.unwrap();
    }

    fn therapy(&self) -> TherapyServiceClient<Peer> {
        TherapyServiceClient::new(self.world.call("therapy", World::worker(self.clinic)))
    }

    fn vocational(&self) -> VocationalServiceClient<Peer> {
        VocationalServiceClient::new(self.world.call("vocational", World::worker(self.works)))
    }

    fn coordination(&self, caller: &Caller) -> CoordinationServiceClient<Peer> {
        CoordinationServiceClient::new(self.world.call("coordination", caller.clone()))
    }
}

fn lead_of(case: &str) -> vp::AddJobLeadRequest {
    vp::AddJobLeadRequest {
        request_id: request_id(),
        case_id: case.into(),
        kind: vp::JobKind::Competitive.into(),
        employer: "Invented Diner".into(),
        ..Default::default()
    }
}

/// A case, and a job that began today, from nine to one on today's weekday.
async fn working(
    world: &World,
    agency: AgencyId,
    person: PersonId,
    today: jiff::civil::Date,
) -> (String, String) {
    let mut client = VocationalServiceClient::new(world.call("vocational", World::worker(agency)));
    let open = vp::OpenCaseRequest {
        request_id: request_id(),
        person_id: person.to_string(),
        practice: "ips".into(),
        ..Default::default()
    };
    let case = id(client.open_case(open).await.unwrap().into_inner().written);
    let job = id(client.add_job_lead(lead_of(&case)).await.unwrap().into_inner().written);
    let weekday =
        vp::Weekday::try_from(i32::from(today.weekday().to_monday_one_offset())).expect("a weekday");
    let shift = vp::WeeklyShift { weekday: weekday.into(), start_minute: 9 * 60, end_minute: 13 * 60 };
    let pattern = vp::ShiftPattern {
        zone: ZONE.into(),
        from_day: Some(platform::wire::to_date(today)),
        until_day: None,
        weekly: vec![shift],
    };
    let terms = vp::JobTerms { weekly_minutes: 240, wage: None, shifts: vec![pattern] };
    let change = vp::ChangeJobTermsRequest {
        request_id: request_id(),
        job_id: job.clone(),
        terms: Some(terms),
        ..Default::default()
    };
    client.change_job_terms(change).await.unwrap();
    let offer = vp::OfferJobRequest { request_id: request_id(), job_id: job.clone(), ..Default::default() };
    client.offer_job(offer).await.unwrap();
    let accept = vp::AcceptJobRequest { request_id: request_id(), job_id: job.clone(), ..Default::default() };
    client.accept_job(accept).await.unwrap();
    let start = vp::StartJobRequest {
        request_id: request_id(),
        job_id: job.clone(),
        started_on: Some(platform::wire::to_date(today)),
        zone: ZONE.into(),
        ..Default::default()
    };
    client.start_job(start).await.unwrap();
    (case, job)
}

/// An episode with somebody who treats.
async fn in_therapy(world: &World, agency: AgencyId, person: PersonId) -> String {
    let mut client = TherapyServiceClient::new(world.call("therapy", World::worker(agency)));
    let practitioner_id = world.practitioner(agency, ZONE).await;
    let open = tp::OpenEpisodeRequest {
        request_id: request_id(),
        person_id: person.to_string(),
        modality: "cbt".into(),
        practitioner_id,
        ..Default::default()
    };
    id(client.open_episode(open).await.unwrap().into_inner().written)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_therapy_hour_and_a_job_shift_that_collide_are_shown_to_who_sees_both_and_clear_themselves() {
    let home = tempfile::tempdir().unwrap();
    let (process, world) = serve_all(home.path()).await;
    let mut story = Story::begin(world).await;
    story.shown_to_who_may_see_both_until_cancelled().await;
    story.another_is_over_when_the_hour_is_moved().await;
    story.a_third_stands().await;
    process.kill();

    // What stands is not raised again by who looks again: after a death, and when all is read anew.
    let (process, world) = serve_all(home.path()).await;
    story.world = world;
    story.all_looked_at().await;
    story.each_was_raised_once(process.grpc(), 2).await;
    command(process.grpc(), &["rebuild", "coordination"]).await;
    story.all_looked_at().await;
    story.each_was_raised_once(process.grpc(), 2).await;
    story.the_last_is_over_when_the_job_ends().await;
    story.each_was_raised_once(process.grpc(), 3).await;
    let verified = command(process.grpc(), &["verify"]).await;
    assert!(verified.lines().all(|line| line.ends_with(" 0 different")), "{verified}");
}
