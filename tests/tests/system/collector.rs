//! A collector of traces, as an operator's would be: it keeps all it gets.
//! Invariant: who does not show its key, where it has one, is refused.

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
use tests::Launch;
use tests::tls::{Authority, Front};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status};

/// The header that a collector with a key asks for.
const KEY: &str = "x-invented-key";

/// What a collector got.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

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
    pub fn all(&self) -> Vec<ExportTraceServiceRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn spans(&self) -> Vec<Span> {
        let resources = self.all().into_iter().flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The spans of the calls of that method, as `package.Service/Method`.
    pub fn calls(&self, method: &str) -> Vec<Span> {
        self.spans().into_iter().filter(|span| span.name == method).collect()
    }

    /// What a projection made of the events of that call.
    pub fn applied(&self, projection: &str, call: &Span) -> Option<Span> {
        self.spans().into_iter().find(|span| {
            let linked =
                span.links.iter().any(|link| link.trace_id == call.trace_id && link.span_id == call.span_id);
            span.name == "apply" && linked && text(&span.attributes, "projection.name") == projection
        })
    }
}

/// The text of an attribute; empty where it has none.
pub fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|attribute| attribute.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(_) | None => String::new(),
    }
}

/// A running collector.
pub struct Collector {
    pub kept: Kept,
    endpoint: String,
    _front: Option<Front>,
    _serving: AbortOnDropHandle<()>,
}

impl Collector {
    pub async fn start() -> Self {
        Self::begin(None, None).await
    }

    /// One behind TLS, under a certificate of that authority, for who shows the key.
    pub async fn secured(authority: &Authority, key: &'static str) -> Self {
        Self::begin(Some(authority), Some(key)).await
    }

    async fn begin(authority: Option<&Authority>, key: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let kept = Kept::default();
        let known = move |request: Request<()>| match key {
            Some(key) if request.metadata().get(KEY).is_none_or(|shown| shown != key) => {
                Err(Status::unauthenticated("not for you"))
            }
            Some(_) | None => Ok(request),
        };
        let service = TraceServiceServer::with_interceptor(kept.clone(), known);
        let server = tonic::transport::Server::builder().add_service(service);
        let serving = tokio::spawn(async move {
            server.serve_with_incoming(TcpListenerStream::new(listener)).await.unwrap();
        });
        let front = match authority {
            Some(authority) => Some(authority.front("127.0.0.1", at).await),
            None => None,
        };
        let endpoint = front.as_ref().map_or_else(|| format!("http://{at}"), Front::url);
        Self { kept, endpoint, _front: front, _serving: AbortOnDropHandle::new(serving) }
    }

    /// The launch, sending its traces here as often as that.
    pub fn of(&self, launch: Launch, every: Duration) -> Launch {
        launch
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &self.endpoint)
            .env("OTEL_BSP_SCHEDULE_DELAY", &every.as_millis().to_string())
    }
}
