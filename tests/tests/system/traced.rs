//! Traces as a collector gets them: a command's own, linked to what was made of it, and nothing of anybody in them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use proto::registry::{DataQuality, PersonDetails, RegisterPersonRequest};
use tests::alone::until;
use tests::world::{World, id, request_id};
use tests::{Launch, Process};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status};

use crate::{launch_all, serving};

/// What nobody but those it was told to may read.
const NAMES: [&str; 2] = ["Wrenlina", "Quillbottom"];

/// A collector of traces that keeps all it gets.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

#[tonic::async_trait]
impl TraceService for Kept {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Kept {
    fn all(&self) -> Vec<ExportTraceServiceRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn spans(&self) -> Vec<Span> {
        let resources = self.all().into_iter().flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The spans of the calls of that method.
    fn calls(&self, method: &str) -> Vec<Span> {
        let of_method = |span: &Span| text(&span.attributes, "rpc.method").ends_with(method);
        self.spans().into_iter().filter(|span| span.name == "rpc" && of_method(span)).collect()
    }

    /// What a projection made of the events of that call.
    fn applied(&self, projection: &str, call: &Span) -> Option<Span> {
        self.spans().into_iter().find(|span| {
            let linked =
                span.links.iter().any(|link| link.trace_id == call.trace_id && link.span_id == call.span_id);
            span.name == "apply" && linked && text(&span.attributes, "projection.name") == projection
        })
    }
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|attribute| attribute.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(_) | None => String::new(),
    }
}

/// A running collector.
struct Collector {
    kept: Kept,
    endpoint: String,
    _serving: AbortOnDropHandle<()>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let kept = Kept::default();
        let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(kept.clone()));
        let serving = tokio::spawn(async move {
            server.serve_with_incoming(TcpListenerStream::new(listener)).await.unwrap();
        });
        Self { kept, endpoint, _serving: AbortOnDropHandle::new(serving) }
    }

    /// The launch, sending its traces here as often as that.
    fn of(&self, launch: Launch, every: Duration) -> Launch {
        launch
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &self.endpoint)
            .env("OTEL_BSP_SCHEDULE_DELAY", &every.as_millis().to_string())
    }
}

/// Registers somebody, and gives the person's id.
async fn register(world: &World) -> String {
    let clinic = world.agency("Invented Clinic").await;
    let [given_name, family_name] = NAMES.map(str::to_owned);
    let details = PersonDetails {
        given_name,
        family_name,
        name_quality: DataQuality::Full.into(),
        ..Default::default()
    };
    let ask = RegisterPersonRequest {
        request_id: request_id(),
        details: Some(details.clone()),
        identifiers: vec![],
    };
    let mut registry = world.registry(World::worker(clinic));
    let person = id(registry.register_person(ask.clone()).await.unwrap().into_inner().written);
    // Calls that are refused are traced like any other: here a request id that was used for somebody else.
    let other = PersonDetails { chosen_name: NAMES[0].into(), ..details };
    let again = RegisterPersonRequest { details: Some(other), ..ask };
    assert_eq!(registry.register_person(again).await.unwrap_err().code(), tonic::Code::InvalidArgument);
    world.entries(World::worker(clinic), person.parse().unwrap()).await;
    person
}

async fn leave(mut process: Process) {
    process.terminate();
    assert!(process.ended().await.success(), "{}", process.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_sees_a_command_and_what_was_made_of_it_and_nothing_of_anybody() {
    let collector = Collector::start().await;
    let home = tempfile::tempdir().unwrap();
    let (process, world) = serving(collector.of(launch_all(home.path()), Duration::from_millis(100))).await;
    let person = register(&world).await;

    let kept = &collector.kept;
    let (call, made) = until("the command, and what the timeline made of it", async || {
        let calls = kept.calls("RegisterPerson");
        calls.into_iter().find_map(|call| kept.applied("timeline", &call).map(|made| (call, made)))
    })
    .await;
    assert_ne!(made.trace_id, call.trace_id, "a projection has many causes, and begins a trace of its own");
    leave(process).await;
    assert_eq!(kept.calls("RegisterPerson").len(), 2, "the one that was refused is told too");

    let services: Vec<String> = kept
        .all()
        .iter()
        .flat_map(|request| &request.resource_spans)
        .map(|spans| text(&spans.resource.as_ref().expect("a resource").attributes, "service.name"))
        .collect();
    assert!(services.iter().all(|name| name == "all"), "{services:?}");
    let uuid: uuid::Uuid = person.parse().unwrap();
    let secrets = NAMES.map(str::as_bytes).into_iter().chain([person.as_bytes(), uuid.as_bytes()]);
    for secret in secrets {
        for request in kept.all() {
            let bytes = request.encode_to_vec();
            let told = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!told, "{:?} is in {request:?}", String::from_utf8_lossy(secret));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_is_sent_when_a_process_leaves() {
    let collector = Collector::start().await;
    let home = tempfile::tempdir().unwrap();
    let hourly = collector.of(launch_all(home.path()), Duration::from_secs(3_600));
    let (process, world) = serving(hourly.env("OTEL_SERVICE_NAME", "invented-name")).await;
    register(&world).await;
    let kept = &collector.kept;
    assert!(kept.all().is_empty(), "nothing is sent before its time");
    leave(process).await;
    assert_eq!(kept.calls("RegisterPerson").len(), 2, "the last traces were lost");
    let last = kept.all();
    let resource = last[0].resource_spans[0].resource.as_ref().expect("a resource");
    assert_eq!(text(&resource.attributes, "service.name"), "invented-name");
    assert_eq!(text(&resource.attributes, "service.namespace"), "throughline");
}
