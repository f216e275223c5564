//! What a collector of traces is told of calls.
//! Invariant: client and server share the test's one thread, so that every span of theirs comes to its subscriber.

use std::collections::BTreeMap;

use opentelemetry::trace::{SpanKind, Status, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use proto::log::GetHeadRequest;
use tracing_subscriber::layer::SubscriberExt;

use super::harness::*;
use crate::server::Limits;

/// Its attributes, but for those that tell where in our code it began.
fn attributes(span: &SpanData) -> BTreeMap<&str, String> {
    let told = span.attributes.iter().map(|told| (told.key.as_str(), told.value.to_string()));
    told.filter(|(key, _)| ["rpc.", "server.", "error."].iter().any(|of| key.starts_with(of))).collect()
}

#[tokio::test]
async fn a_span_tells_of_its_call_what_opentelemetry_asks_for_and_no_path_that_was_made_up() {
    let kept = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(kept.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _here = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));

    let server = running(Limits::default()).await;
    let client = Client::to(server.at).await;
    let (head, broken) = ("throughline.log.v1.FeedService/GetHead", Status::error(""));
    let calls = [
        (HEAD, "", (head, head, "OK"), Status::Unset),
        (HEAD, "refuse", (head, head, "FAILED_PRECONDITION"), Status::Unset),
        (HEAD, "fail", (head, head, "INTERNAL"), broken.clone()),
        ("/somebody.v1.Wrenlina/Quillbottom", "", ("grpc", "_OTHER", "UNIMPLEMENTED"), broken),
    ];
    for (path, log, (name, method, code), status) in calls {
        let ask = GetHeadRequest { log: log.to_owned() };
        client.call(path, &as_service(), framed(&ask)).await;
        let span = soon("the end of the span", async {
            loop {
                // A call that fails is also told of by what it logs, in a span of its own or in none.
                let ended = kept.get_finished_spans().unwrap();
                if let Some(span) = ended.into_iter().find(|span| span.span_kind == SpanKind::Server) {
                    return span;
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
        kept.reset();
        assert_eq!(span.name, name);
        assert_eq!(span.status, status, "{path} {log}");
        let mut expected = BTreeMap::from([
            ("rpc.system.name", "grpc".to_owned()),
            ("rpc.method", method.to_owned()),
            ("rpc.response.status_code", code.to_owned()),
            ("server.address", "127.0.0.1".to_owned()),
            ("server.port", server.at.port().to_string()),
        ]);
        if span.status != Status::Unset {
            expected.insert("error.type", code.to_owned());
        }
        assert_eq!(attributes(&span), expected);
        assert!(!format!("{span:?}").contains("Wrenlina"), "{span:?}");
    }
}
