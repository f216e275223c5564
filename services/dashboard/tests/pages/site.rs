//! A dashboard over services that say what a test wants.
//! Invariant: every call is answered through the platform's own server, which settles who calls as it does everywhere.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use dashboard::{Dashboard, Upstream};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use kernel::{Caller, Occurred, PersonId, Role, Zone};
use platform::admin::Readiness;
use platform::auth::{self, Auth};
use platform::clock::Clock;
use platform::drain::Drain;
use platform::error;
use platform::metrics::Metrics;
use platform::peer::{Identity, connect};
use platform::server::Server;
use proto::coordination::FindingKind;
use proto::log::feed_service_server::{FeedService, FeedServiceServer};
use proto::log::operations_service_server::{OperationsService, OperationsServiceServer};
use proto::log::{self as log, ReadModel};
use proto::registry::{
    self as registry, FindPersonsRequest, FindPersonsResponse, FoundPerson, GetPersonRequest,
    GetPersonResponse, Person, PersonDetails,
};
use proto::timeline::timeline_service_server::{TimelineService, TimelineServiceServer};
use proto::timeline::watch_timeline_response::Update;
use proto::timeline::{self as timeline, Entry, EntryKind, FindingMark};
use proto::types::FieldStatus;
use tokio::sync::broadcast;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// Now, in every test.
pub const NOW: &str = "2026-03-04T12:00:00Z";
/// The person whom the services know.
pub const ANA: PersonId = PersonId::of(10);

/// What the services say.
pub struct Town {
    pub entries: Mutex<Vec<Entry>>,
    pub models: Mutex<Vec<ReadModel>>,
    /// Who called for a timeline or a person.
    pub callers: Mutex<Vec<Caller>>,
    /// The services cannot be reached.
    pub away: AtomicBool,
    /// The registry knows people, and cannot be asked about their plans.
    pub no_plans: AtomicBool,
    pub updates: broadcast::Sender<timeline::WatchTimelineResponse>,
    pub resumed: Mutex<Vec<String>>,
}

/// A dashboard, served.
pub struct Site {
    pub at: SocketAddr,
    pub town: Arc<Town>,
    pub drain: Drain,
    pub client: reqwest::Client,
}

impl Site {
    /// One over these entries, which believes what requests say.
    pub async fn open(entries: Vec<Entry>) -> Self {
        let town = Arc::new(Town {
            entries: Mutex::new(entries),
            models: Mutex::default(),
            callers: Mutex::default(),
            away: AtomicBool::new(false),
            no_plans: AtomicBool::new(false),
            updates: broadcast::Sender::new(16),
            resumed: Mutex::default(),
        });
        let drain = Drain::new(Duration::from_secs(2));
        let services = Server::new(Auth::Plain, Metrics::new(), Readiness::new())
            .service(TimelineServiceServer::new(Answers(town.clone())))
            .service(OperationsServiceServer::new(Answers(town.clone())))
            .service(FeedServiceServer::new(Answers(town.clone())))
            .service(Registry(town.clone()));
        let bound = services.bind(([127, 0, 0, 1], 0).into()).await.expect("a port");
        let process = connect(&bound.at().to_string(), Identity::service("dashboard")).expect("an address");
        tokio::spawn(bound.serve(drain.clone()));
        let parts = Dashboard {
            auth: Auth::Plain,
            upstream: Upstream::together(["timeline", "registry", "referrals"], &process),
            clock: Clock::driven(NOW.parse().expect("an instant")),
            drain: drain.clone(),
        };
        let (at, serving) = dashboard::bind(([127, 0, 0, 1], 0).into(), parts).await.expect("a port");
        tokio::spawn(serving);
        let client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { at, town, drain, client }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        read(self.client.get(self.url(path))).await
    }
}

/// Sends it and reads the answer.
pub async fn read(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a body"))
}

/// An entry of that service on that day.
pub fn entry(number: u128, service: &str, day: &str, line: &str) -> Entry {
    let zone = Zone::named("America/Chicago").expect("a zone");
    let day = Occurred::day(day.parse().expect("a day"), zone);
    Entry {
        id: PersonId::of(number).to_string(),
        person_id: ANA.to_string(),
        kind: EntryKind::Milestone.into(),
        service: service.into(),
        agency_name: "Sample Shelter".into(),
        start: Some(platform::wire::to_occurred(&day)),
        line: line.into(),
        known_from: Some(platform::wire::to_instant(day.at)),
        ..Default::default()
    }
}

/// A finding that holds since that day.
pub fn finding(number: u128, day: &str, kind: FindingKind, line: &str) -> Entry {
    let finding = Some(FindingMark { kind: kind.into(), rule: "X1".into() });
    Entry { kind: EntryKind::Finding.into(), open: true, finding, ..entry(number, "coordination", day, line) }
}

struct Answers(Arc<Town>);

impl Town {
    fn asked<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        if self.away.load(Ordering::SeqCst) {
            return Err(error::unavailable(
                "STORE_AWAY",
                "the store cannot be reached",
                Duration::from_secs(7),
            ));
        }
        let caller = auth::caller(request)?;
        self.callers.lock().unwrap().push(caller.clone());
        Ok(caller)
    }
}

#[tonic::async_trait]
impl TimelineService for Answers {
    async fn get_timeline(
        &self,
        request: Request<timeline::GetTimelineRequest>,
    ) -> Result<Response<timeline::GetTimelineResponse>, Status> {
        self.0.asked(&request)?;
        let r = request.into_inner();
        if r.services.iter().any(|service| service == "kitchen") {
            return Err(error::bad_field("services[0]", "is not one of: registry, housing"));
        }
        let entries = self.0.entries.lock().unwrap().clone();
        let wanted = |entry: &Entry| r.services.is_empty() || r.services.contains(&entry.service);
        let (entries, next_page_token) = match r.page_token.as_str() {
            "" => (entries.into_iter().filter(wanted).collect(), "older-1".to_owned()),
            _ => (vec![], String::new()),
        };
        let lag = vec![timeline::Lag {
            source: "housing".into(),
            events: 3,
            milliseconds: 1_500,
            ..Default::default()
        }];
        let person_ids = vec![r.person_id];
        Ok(Response::new(timeline::GetTimelineResponse {
            entries,
            next_page_token,
            person_ids,
            lag,
            ..Default::default()
        }))
    }

    type WatchAgencyStream = BoxStream<'static, Result<timeline::WatchAgencyResponse, Status>>;

    async fn watch_agency(
        &self,
        _: Request<timeline::WatchAgencyRequest>,
    ) -> Result<Response<Self::WatchAgencyStream>, Status> {
        Err(Status::unimplemented("no page follows an agency"))
    }

    type WatchTimelineStream = BoxStream<'static, Result<timeline::WatchTimelineResponse, Status>>;

    async fn watch_timeline(
        &self,
        request: Request<timeline::WatchTimelineRequest>,
    ) -> Result<Response<Self::WatchTimelineStream>, Status> {
        self.0.asked(&request)?;
        self.0.resumed.lock().unwrap().push(request.into_inner().resume_token);
        let updates = self.0.updates.subscribe();
        let first = Update::ResumeToken("token-1".into());
        let first = timeline::WatchTimelineResponse { update: Some(first) };
        let later =
            stream::unfold(updates, |mut updates| async { Some((updates.recv().await.ok()?, updates)) });
        Ok(Response::new(stream::iter([first]).chain(later).map(Ok).boxed()))
    }

    async fn get_lag(
        &self,
        request: Request<timeline::GetLagRequest>,
    ) -> Result<Response<timeline::GetLagResponse>, Status> {
        self.0.asked(&request)?;
        let lag = vec![timeline::Lag {
            source: "housing".into(),
            events: 3,
            milliseconds: 1_500,
            ..Default::default()
        }];
        Ok(Response::new(timeline::GetLagResponse { lag }))
    }
}

fn unasked<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("no page asks this"))
}

#[tonic::async_trait]
impl OperationsService for Answers {
    async fn list_read_models(
        &self,
        request: Request<log::ListReadModelsRequest>,
    ) -> Result<Response<log::ListReadModelsResponse>, Status> {
        auth::require_role(&self.0.asked(&request)?, &[Role::Operator])?;
        Ok(Response::new(log::ListReadModelsResponse { read_models: self.0.models.lock().unwrap().clone() }))
    }
    async fn verify_read_model(
        &self,
        _: Request<log::VerifyReadModelRequest>,
    ) -> Result<Response<log::VerifyReadModelResponse>, Status> {
        unasked()
    }
    async fn rebuild_read_model(
        &self,
        _: Request<log::RebuildReadModelRequest>,
    ) -> Result<Response<log::RebuildReadModelResponse>, Status> {
        unasked()
    }
    async fn replay_parked(
        &self,
        _: Request<log::ReplayParkedRequest>,
    ) -> Result<Response<log::ReplayParkedResponse>, Status> {
        unasked()
    }
    async fn fork_log(
        &self,
        _: Request<log::ForkLogRequest>,
    ) -> Result<Response<log::ForkLogResponse>, Status> {
        unasked()
    }
}

#[tonic::async_trait]
impl FeedService for Answers {
    type ReadFeedStream = BoxStream<'static, Result<log::ReadFeedResponse, Status>>;

    async fn read_feed(
        &self,
        _: Request<log::ReadFeedRequest>,
    ) -> Result<Response<Self::ReadFeedStream>, Status> {
        unasked()
    }

    async fn get_head(
        &self,
        request: Request<log::GetHeadRequest>,
    ) -> Result<Response<log::GetHeadResponse>, Status> {
        self.0.asked(&request)?;
        let head =
            log::GetHeadResponse { log_id: "log-of-the-test".into(), position: 4_711, ..Default::default() };
        Ok(Response::new(head))
    }
}

/// The calls of the registry that pages make; it has eighty more.
#[derive(Clone)]
struct Registry(Arc<Town>);

impl NamedService for Registry {
    const NAME: &'static str = "throughline.registry.v1.RegistryService";
}

impl tower::Service<http::Request<Body>> for Registry {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let registry = self.clone();
        let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        Box::pin(async move {
            let town = registry.0;
            Ok(match method.as_str() {
                "GetPerson" => Grpc::new(ProstCodec::default()).unary(Get(town), request).await,
                "GetPlan" => Grpc::new(ProstCodec::default()).unary(Says(town, plan), request).await,
                "ListGoals" => Grpc::new(ProstCodec::default()).unary(Says(town, goals), request).await,
                "ListTeam" => Grpc::new(ProstCodec::default()).unary(Says(town, team), request).await,
                "GetMeasureTrends" => {
                    Grpc::new(ProstCodec::default()).unary(Says(town, trends), request).await
                }
                "GetWorker" => Grpc::new(ProstCodec::default()).unary(Says(town, worker), request).await,
                _ => Grpc::new(ProstCodec::default()).unary(Find(town), request).await,
            })
        })
    }
}

/// Says this to whoever may call, unless the registry cannot be asked for it.
struct Says<Q, M>(Arc<Town>, fn(Q) -> M);

impl<Q: Send + 'static, M: Default + Send + 'static> UnaryService<Q> for Says<Q, M> {
    type Response = M;
    type Future = BoxFuture<'static, Result<Response<M>, Status>>;

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let (town, says) = (self.0.clone(), self.1);
        Box::pin(async move {
            town.asked(&request)?;
            if town.no_plans.load(Ordering::SeqCst) {
                return Err(Status::unavailable("the registry has no plans now"));
            }
            Ok(Response::new(says(request.into_inner())))
        })
    }
}

fn day(day: &str) -> Option<proto::Date> {
    Some(platform::wire::to_date(day.parse().expect("a day")))
}

fn plan(request: registry::GetPlanRequest) -> registry::GetPlanResponse {
    let content = registry::PlanItemContent {
        goal_id: "goal-1".into(),
        practice: "ips".into(),
        worker_id: "worker-1".into(),
        from: day("2026-01-12"),
        ..Default::default()
    };
    let ended = registry::PlanItemContent {
        practice: "outreach".into(),
        until: day("2026-02-01"),
        ..content.clone()
    };
    let item = |content, agreed| registry::PlanItem { content: Some(content), agreed, ..Default::default() };
    let due_at = "2026-02-20T06:00:00Z".parse().expect("an instant");
    let review =
        registry::PlanReviewClock { due_at: Some(platform::wire::to_instant(due_at)), overdue: true };
    let plan = registry::Plan {
        person_id: request.person_id,
        items: vec![item(content, true), item(ended, false)],
        review: Some(review),
        ..Default::default()
    };
    registry::GetPlanResponse { plan: Some(plan), ..Default::default() }
}

fn goals(_: registry::ListGoalsRequest) -> registry::ListGoalsResponse {
    let content = registry::GoalContent { text: "I want to bake <bread>".into(), ..Default::default() };
    let text_status = FieldStatus::Open.into();
    let goal =
        registry::Goal { id: "goal-1".into(), content: Some(content), text_status, ..Default::default() };
    registry::ListGoalsResponse { goals: vec![goal], ..Default::default() }
}

fn team(_: registry::ListTeamRequest) -> registry::ListTeamResponse {
    let worker = registry::TeamMember {
        role: registry::TeamRole::EmploymentSpecialist.into(),
        worker_id: "worker-1".into(),
        from: day("2026-01-12"),
        ..Default::default()
    };
    let sister = registry::TeamMember {
        role: registry::TeamRole::Family.into(),
        name_status: FieldStatus::Erased.into(),
        ..Default::default()
    };
    registry::ListTeamResponse { members: vec![worker, sister], ..Default::default() }
}

fn trends(_: registry::GetMeasureTrendsRequest) -> registry::GetMeasureTrendsResponse {
    let trend = registry::MeasureTrend {
        scale: "skill-money".into(),
        points: vec![registry::MeasurePoint::default(); 3],
        first: 2.0,
        latest: 4.0,
        change: 2.0,
        course: registry::MeasureCourse::Improving.into(),
    };
    registry::GetMeasureTrendsResponse { trends: vec![trend], ..Default::default() }
}

fn worker(request: registry::GetWorkerRequest) -> registry::GetWorkerResponse {
    let content = registry::WorkerContent { working_name: "W. Sampleworker".into(), ..Default::default() };
    let worker = registry::Worker { id: request.worker_id, content: Some(content), ..Default::default() };
    registry::GetWorkerResponse { worker: Some(worker) }
}

fn ana() -> Person {
    let details = PersonDetails {
        given_name: "Anatest".into(),
        family_name: "Samplewoman".into(),
        pronouns: "she/her".into(),
        ..Default::default()
    };
    let details_status = FieldStatus::Open.into();
    Person { id: ANA.to_string(), details: Some(details), details_status, ..Default::default() }
}

struct Get(Arc<Town>);

impl UnaryService<GetPersonRequest> for Get {
    type Response = GetPersonResponse;
    type Future = BoxFuture<'static, Result<Response<GetPersonResponse>, Status>>;

    fn call(&mut self, request: Request<GetPersonRequest>) -> Self::Future {
        let town = self.0.clone();
        Box::pin(async move {
            town.asked(&request)?;
            match request.get_ref().person_id == ANA.to_string() {
                true => Ok(Response::new(GetPersonResponse { person: Some(ana()), ..Default::default() })),
                false => Err(error::not_found("person")),
            }
        })
    }
}

struct Find(Arc<Town>);

impl UnaryService<FindPersonsRequest> for Find {
    type Response = FindPersonsResponse;
    type Future = BoxFuture<'static, Result<Response<FindPersonsResponse>, Status>>;

    fn call(&mut self, request: Request<FindPersonsRequest>) -> Self::Future {
        let town = self.0.clone();
        Box::pin(async move {
            town.asked(&request)?;
            let r = request.into_inner();
            let number = r
                .identifier
                .is_some_and(|given| (given.system.as_str(), given.value.as_str()) == ("demo", "P-1"));
            let found = match number || r.name == "Anatest" {
                true => vec![FoundPerson { person: Some(ana()), score: 99 }],
                false => vec![],
            };
            Ok(Response::new(FindPersonsResponse { found, ..Default::default() }))
        })
    }
}
