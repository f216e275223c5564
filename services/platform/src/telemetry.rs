//! Log lines and traces of a process, and how a trace goes on from one to the next.
//! Invariant: without an endpoint in an `OTEL_EXPORTER_OTLP_...` variable nothing leaves the process but log lines; a caller's traceparent is passed on all the same.

use std::future::Future;
use std::io::IsTerminal;

use http::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::roots::RootsError;

mod export;

/// Metadata key of the W3C trace context.
pub const TRACEPARENT: &str = "traceparent";

/// Why telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `THROUGHLINE_LOG` (or `RUST_LOG`) is no filter.
    #[error("THROUGHLINE_LOG is not a log filter such as \"info\" or \"info,platform=debug\"")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// The OTLP exporter could not be set up.
    #[error("{variable} cannot be exported to")]
    Exporter {
        /// The variable that holds the endpoint.
        variable: &'static str,
        /// Why.
        source: opentelemetry_otlp::ExporterBuildError,
    },
    /// The authority of the collector could not be read.
    #[error("{variable} {why}")]
    Certificate {
        /// The variable that names its file.
        variable: &'static str,
        /// What is wrong with it, and what to give instead.
        why: RootsError,
    },
    /// The process has a subscriber.
    #[error("telemetry was started before")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
}

/// Running telemetry. Dropping it sends what is left.
#[derive(Debug)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = &self.provider
            && let Err(err) = provider.shutdown()
        {
            tracing::warn!(error.chain = crate::error::chain(&err), "the last traces could not be sent");
        }
    }
}

/// Starts log lines on standard error (text on a terminal, else JSON), and traces where an OTLP endpoint is set.
/// Call it once, inside the runtime, and keep what it returns until the end.
///
/// # Errors
/// A filter that is none, an endpoint that is none, or a second start.
pub fn start(service: &str) -> Result<Telemetry, TelemetryError> {
    let filter = std::env::var("THROUGHLINE_LOG").or_else(|_| std::env::var("RUST_LOG"));
    let filter = EnvFilter::try_new(filter.as_deref().unwrap_or("info")).map_err(TelemetryError::Filter)?;
    let provider = export::exporter()?.map(|exporter| exporting(service, exporter));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if std::io::stderr().is_terminal() { lines.boxed() } else { lines.json().boxed() };
    // A line reads alone. Spans are for traces: where none are exported, a call need not write down what it is.
    let mut layers = vec![lines.with_filter(filter_fn(|metadata| metadata.is_event())).boxed()];
    if let Some(provider) = &provider {
        layers.push(tracing_opentelemetry::layer().with_tracer(provider.tracer("throughline")).boxed());
    }
    tracing_subscriber::registry().with(filter).with(layers).try_init().map_err(TelemetryError::Twice)?;
    log_panics();
    Ok(Telemetry { provider })
}

/// `OTEL_SERVICE_NAME` wins over our own name.
fn exporting(service: &str, exporter: impl SpanExporter + 'static) -> SdkTracerProvider {
    let resource = Resource::builder().with_attribute(KeyValue::new("service.namespace", "throughline"));
    let resource = match std::env::var("OTEL_SERVICE_NAME") {
        Ok(name) if !name.is_empty() => resource.build(),
        Ok(_) | Err(_) => resource.with_service_name(service.to_owned()).build(),
    };
    SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()
}

/// A panic becomes one line. A message put together at run time may hold a value of somebody's, so only a literal is shown.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let said = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown)");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic.message = said, panic.place = place, "a task panicked");
    }));
}

/// A valid W3C traceparent header, or none.
fn parse(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let [version, trace, span, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let well_formed = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    // Later versions may add parts; version 00 has four, and ff is none.
    if !well_formed || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

fn spell(context: &SpanContext) -> String {
    format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags().to_u8())
}

tokio::task_local! {
    /// The traceparent that the call being answered came with.
    static CALLED_WITH: Option<String>;
}

/// The traceparent that a call came with, if it is one.
pub(crate) fn traceparent_of(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    parse(text).map(|_| text.to_owned())
}

/// Runs a call with its caller's traceparent at hand.
pub(crate) fn called_with<F: Future>(
    traceparent: Option<String>,
    future: F,
) -> impl Future<Output = F::Output> {
    CALLED_WITH.scope(traceparent, future)
}

/// Makes the span a child of the caller's, by the traceparent in the headers. Nothing happens where traces are off.
pub(crate) fn continue_from(span: &Span, headers: &HeaderMap) {
    let remote = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(parse);
    if let Some(remote) = remote {
        // Refused where there is no trace layer, which is what "off" means.
        let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(remote));
    }
}

/// The traceparent to store with an event or send with a call: the current span's, else what the caller of this RPC sent, else empty.
pub fn current_traceparent() -> String {
    let context = Span::current().context();
    let own = context.span().span_context().clone();
    if own.is_valid() {
        return spell(&own);
    }
    CALLED_WITH.try_with(Clone::clone).ok().flatten().unwrap_or_default()
}

/// Links the span to the one that the traceparent names, as of what it handles and did not begin. Anything else is ignored.
pub fn link_to(span: &Span, traceparent: &str) {
    if let Some(context) = parse(traceparent) {
        span.add_link(context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};

    const PARENT: &str = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";

    fn headers(traceparent: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(TRACEPARENT), traceparent.parse().unwrap())])
    }

    fn traced(act: impl FnOnce()) -> Vec<SpanData> {
        let kept = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(kept.clone()).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act);
        kept.get_finished_spans().unwrap()
    }

    #[test]
    fn a_call_continues_its_callers_trace_and_hands_its_own_span_on() {
        let mut handed_on = String::new();
        let spans = traced(|| {
            let span = tracing::info_span!("rpc");
            continue_from(&span, &headers(PARENT));
            handed_on = span.in_scope(current_traceparent);
        });
        assert_eq!(spans[0].span_context.trace_id().to_string(), "0123456789abcdef0123456789abcdef");
        assert_eq!(spans[0].parent_span_id.to_string(), "0123456789abcdef");
        assert_eq!(parse(&handed_on).unwrap().span_id(), spans[0].span_context.span_id());
    }

    #[test]
    fn a_projection_links_to_the_command_that_made_the_event() {
        let spans = traced(|| link_to(&tracing::info_span!("apply"), PARENT));
        assert_eq!(spans[0].links.links[0].span_context.span_id().to_string(), "0123456789abcdef");
        assert_ne!(spans[0].span_context.trace_id().to_string(), "0123456789abcdef0123456789abcdef");
        let spans = traced(|| link_to(&tracing::info_span!("apply"), "rubbish"));
        assert!(spans[0].links.links.is_empty());
    }

    #[tokio::test]
    async fn without_traces_the_callers_traceparent_is_passed_on_and_to_nobody_else() {
        let call = called_with(traceparent_of(&headers(PARENT)), async {
            tokio::task::yield_now().await;
            current_traceparent()
        });
        let other = called_with(traceparent_of(&HeaderMap::new()), async {
            tokio::task::yield_now().await;
            current_traceparent()
        });
        assert_eq!(tokio::join!(call, other), (PARENT.to_owned(), String::new()));
        assert_eq!(current_traceparent(), "");
    }

    /// Runs in a process of its own, made by the test below: telemetry is started once a process, and the endpoint is a variable.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_process_that_traces() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        let telemetry = start("child").unwrap();
        assert!(matches!(start("child"), Err(TelemetryError::Twice(_))));
        tracing::info_span!("work").in_scope(|| tracing::info!("worked"));
        tokio::task::spawn_blocking(move || drop(telemetry)).await.unwrap();
    }

    const CHILD: &str = "THROUGHLINE_TEST_CHILD";

    #[test]
    fn traces_leave_the_process_only_where_an_endpoint_is_set() {
        let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", collector.local_addr().unwrap());
        collector.set_nonblocking(true).unwrap();
        let child = |endpoint: Option<&str>| {
            let mut child = std::process::Command::new(std::env::current_exe().unwrap());
            child.args(["--exact", "telemetry::tests::a_process_that_traces"]).env(CHILD, "1");
            child.env("OTEL_EXPORTER_OTLP_TIMEOUT", "300");
            child.env_remove("OTEL_EXPORTER_OTLP_ENDPOINT").env_remove("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
            if let Some(endpoint) = endpoint {
                child.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
            }
            let done = child.output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
            assert!(
                String::from_utf8_lossy(&done.stderr).contains(r#""message":"worked""#),
                "a line of JSON"
            );
        };
        child(None);
        assert_eq!(collector.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
        child(Some(&endpoint));
        assert!(collector.accept().is_ok(), "the exporter came");
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        for text in [
            "",
            "00-0123456789abcdef0123456789abcdef-0123456789abcdef",
            "00-00000000000000000000000000000000-0123456789abcdef-01",
            "00-0123456789ABCDEF0123456789abcdef-0123456789abcdef-01",
            "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01-more",
            "ff-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
        assert_eq!(spell(&parse(PARENT).unwrap()), PARENT);
    }
}
