//! Traces as a collector gets them: a command's own, linked to what was made of it, and nothing of anybody in them.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Status as Ended;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use proto::registry::{DataQuality, PersonDetails, RegisterPersonRequest};
use tests::Process;
use tests::alone::until;
use tests::tls::Authority;
use tests::world::{World, id, request_id};

use crate::collector::{Collector, text};
use crate::{launch_all, serving};

/// The method that the tests call.
const REGISTER: &str = "throughline.registry.v1.RegistryService/RegisterPerson";

/// What nobody but those it was told to may read.
const NAMES: [&str; 2] = ["Wrenlina", "Quillbottom"];

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
        let calls = kept.calls(REGISTER);
        calls.into_iter().find_map(|call| kept.applied("timeline", &call).map(|made| (call, made)))
    })
    .await;
    assert_ne!(made.trace_id, call.trace_id, "a projection has many causes, and begins a trace of its own");
    leave(process).await;
    let calls = kept.calls(REGISTER);
    assert_eq!(calls.len(), 2, "the one that was refused is told too");
    let codes = calls.iter().map(|call| text(&call.attributes, "rpc.response.status_code"));
    assert_eq!(codes.collect::<Vec<_>>(), ["OK", "INVALID_ARGUMENT"]);
    for call in &calls {
        assert_eq!(call.kind(), SpanKind::Server);
        // What a caller did wrong is no failure of the server.
        assert!(call.status.as_ref().is_none_or(|ended| *ended == Ended::default()), "{call:?}");
        assert_eq!(text(&call.attributes, "rpc.system.name"), "grpc");
        assert_eq!(text(&call.attributes, "rpc.method"), REGISTER);
        assert_eq!(text(&call.attributes, "server.address"), "127.0.0.1");
    }

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
    assert_eq!(kept.calls(REGISTER).len(), 2, "the last traces were lost");
    let last = kept.all();
    let resource = last[0].resource_spans[0].resource.as_ref().expect("a resource");
    assert_eq!(text(&resource.attributes, "service.name"), "invented-name");
    assert_eq!(text(&resource.attributes, "service.namespace"), "throughline");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_behind_tls_gets_traces_with_their_headers_and_who_does_not_believe_it_says_so_and_serves()
 {
    let ours = Authority::new();
    let collector = Collector::secured(&ours, "two words").await;
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    ours.write(&at("ca.pem"));
    Authority::new().write(&at("other.pem"));
    let launch = |name: &str, certificate: &str| {
        collector
            .of(launch_all(&at(name)), Duration::from_millis(100))
            .env("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")
            .env("OTEL_EXPORTER_OTLP_CERTIFICATE", &at(certificate).display().to_string())
    };

    let (process, world) = serving(launch("stranger", "other.pem")).await;
    register(&world).await;
    let said = process.says("the certificate of the collector is not accepted").await;
    assert!(said.contains("UnknownIssuer") && said.contains("OTEL_EXPORTER_OTLP_CERTIFICATE"), "{said}");
    register(&world).await;
    leave(process).await;

    let (process, world) = serving(launch("keyless", "ca.pem")).await;
    register(&world).await;
    let said = process.says("OTEL_EXPORTER_OTLP_ENDPOINT does not take them").await;
    assert!(said.contains("Unauthenticated"), "{said}");
    leave(process).await;
    assert!(collector.kept.all().is_empty(), "traces came from who is not believed");

    let known = launch("known", "ca.pem").env("OTEL_EXPORTER_OTLP_HEADERS", "x-invented-key=two%20words");
    let (process, world) = serving(known).await;
    register(&world).await;
    until("the traces", async || (collector.kept.calls(REGISTER).len() == 2).then_some(())).await;
    leave(process).await;

    let mut process = launch("nothing", "no.pem").spawn();
    assert!(!process.ended().await.success());
    let said = process.said();
    assert!(
        said.contains("OTEL_EXPORTER_OTLP_CERTIFICATE names") && said.contains("as a PEM file"),
        "{said}"
    );
}
