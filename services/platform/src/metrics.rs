//! What a process counts and measures, for Prometheus.
//! Invariant: a label is the name of a method, service, projection or code: of small number, and never of a person.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use tonic::Code;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    method: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Method {
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLog {
    log: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAppend {
    log: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfProjection {
    projection: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSource {
    projection: String,
    source: String,
}

/// From 100 µs to 52 s, doubling.
#[derive(Clone)]
struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(prometheus_client::metrics::histogram::exponential_buckets(0.000_1, 2.0, 20))
    }
}

/// From 1 to 2,048, doubling.
#[derive(Clone)]
struct Sizes;

impl MetricConstructor<Histogram> for Sizes {
    fn new_metric(&self) -> Histogram {
        Histogram::new(prometheus_client::metrics::histogram::exponential_buckets(1.0, 2.0, 12))
    }
}

type SecondsGauge = Gauge<f64, AtomicU64>;

/// The process's metrics. Clones are the same.
#[derive(Clone)]
pub struct Metrics(Arc<Families>);

struct Families {
    registry: RwLock<Registry>,
    rpcs: Family<Answer, Counter>,
    rpc_seconds: Family<Method, Histogram, Seconds>,
    rpcs_in_flight: Gauge,
    connections: Gauge,
    queue: Family<OfLog, Gauge>,
    appends: Family<OfAppend, Counter>,
    batch: Family<OfLog, Histogram, Sizes>,
    append_seconds: Family<OfLog, Histogram, Seconds>,
    head: Family<OfLog, Gauge>,
    relay_lag: Family<OfLog, Gauge>,
    lag_events: Family<OfSource, Gauge>,
    lag_seconds: Family<OfSource, SecondsGauge>,
    parked: Family<OfProjection, Gauge>,
    reaction_lag: Family<OfSource, Gauge>,
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("throughline");
        Self(Arc::new(Families {
            rpcs: listed(&mut registry, "rpcs", "Calls answered, by method and code", Family::default()),
            rpc_seconds: listed(
                &mut registry,
                "rpc_seconds",
                "Time from a call's first byte to its last",
                Family::new_with_constructor(Seconds),
            ),
            rpcs_in_flight: listed(&mut registry, "rpcs_in_flight", "Calls being answered", Gauge::default()),
            connections: listed(&mut registry, "connections", "Open gRPC connections", Gauge::default()),
            queue: listed(
                &mut registry,
                "append_queue_depth",
                "Appends waiting for the log's appender",
                Family::default(),
            ),
            appends: listed(&mut registry, "appends", "Appends judged, by outcome", Family::default()),
            batch: listed(
                &mut registry,
                "append_batch_size",
                "Appends committed together",
                Family::new_with_constructor(Sizes),
            ),
            append_seconds: listed(
                &mut registry,
                "append_seconds",
                "Time of one group commit",
                Family::new_with_constructor(Seconds),
            ),
            head: listed(
                &mut registry,
                "log_head_position",
                "Position of a log's last event",
                Family::default(),
            ),
            relay_lag: listed(
                &mut registry,
                "relay_lag_events",
                "Events of a log that NATS has not acknowledged yet",
                Family::default(),
            ),
            lag_events: listed(
                &mut registry,
                "projection_lag_events",
                "Events of a source that a projection has not applied yet",
                Family::default(),
            ),
            lag_seconds: listed(
                &mut registry,
                "projection_lag_seconds",
                "Age of the oldest event of a source that a projection has not applied yet",
                Family::default(),
            ),
            parked: listed(
                &mut registry,
                "parked_people",
                "People parked by a projection",
                Family::default(),
            ),
            reaction_lag: listed(
                &mut registry,
                "reaction_lag_events",
                "Events of a source that a reaction has not judged yet",
                Family::default(),
            ),
            registry: RwLock::new(registry),
        }))
    }

    /// A call has been answered; `method` is a full gRPC path or "other".
    pub fn answered(&self, method: &'static str, code: Code, took: Duration) {
        self.0.rpcs.get_or_create(&Answer { method, code: code_name(code) }).inc();
        self.0.rpc_seconds.get_or_create(&Method { method }).observe(took.as_secs_f64());
    }

    pub(crate) fn rpcs_in_flight(&self) -> &Gauge {
        &self.0.rpcs_in_flight
    }

    pub(crate) fn connections(&self) -> &Gauge {
        &self.0.connections
    }

    /// So many appends wait for the log's appender.
    pub fn append_queue(&self, log: &str, waiting: usize) {
        self.0.queue.get_or_create(&of_log(log)).set(whole(waiting as u64));
    }

    /// So many appends were committed together, in that time.
    pub fn append_batch(&self, log: &str, requests: usize, took: Duration) {
        self.0.batch.get_or_create(&of_log(log)).observe(requests as f64);
        self.0.append_seconds.get_or_create(&of_log(log)).observe(took.as_secs_f64());
    }

    /// So many appends of one batch came out so: "accepted", "replayed", "conflict", "claimed", "overloaded" and the like.
    pub fn appends(&self, log: &str, outcome: &'static str, requests: u64) {
        self.0.appends.get_or_create(&OfAppend { log: log.to_owned(), outcome }).inc_by(requests);
    }

    /// The log's last position.
    pub fn log_head(&self, log: &str, position: u64) {
        self.0.head.get_or_create(&of_log(log)).set(whole(position));
    }

    /// So many events of the log are not in NATS yet.
    pub fn relay_lag(&self, log: &str, events: u64) {
        self.0.relay_lag.get_or_create(&of_log(log)).set(whole(events));
    }

    /// How far a projection is behind a source: events, and the age of the oldest of them in seconds (0 when level).
    pub fn projection_lag(&self, projection: &str, source: &str, events: u64, seconds: f64) {
        let labels = OfSource { projection: projection.to_owned(), source: source.to_owned() };
        self.0.lag_events.get_or_create(&labels).set(whole(events));
        self.0.lag_seconds.get_or_create(&labels).set(seconds);
    }

    /// How far a reaction is behind a source, in events.
    pub fn reaction_lag(&self, reaction: &str, source: &str, events: u64) {
        let labels = OfSource { projection: reaction.to_owned(), source: source.to_owned() };
        self.0.reaction_lag.get_or_create(&labels).set(whole(events));
    }

    /// So many people are parked by the projection.
    pub fn parked_people(&self, projection: &str, people: u64) {
        self.0.parked.get_or_create(&OfProjection { projection: projection.to_owned() }).set(whole(people));
    }

    /// Lists a metric of the caller's own beside ours; its name gets the prefix `throughline_`.
    pub fn register(&self, name: &str, help: &str, metric: impl Metric) {
        self.0.registry.write().unwrap_or_else(PoisonError::into_inner).register(name, help, metric);
    }

    /// Everything as OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.0.registry.read().unwrap_or_else(PoisonError::into_inner);
        // Writing into a string cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

fn listed<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

fn of_log(log: &str) -> OfLog {
    OfLog { log: log.to_owned() }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A code as gRPC spells it.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_shows_in_the_text() {
        let metrics = Metrics::new();
        metrics.answered("/a.v1.A/Do", Code::Ok, Duration::from_millis(3));
        metrics.answered("/a.v1.A/Do", Code::Ok, Duration::from_millis(5));
        metrics.append_queue("referrals", 7);
        metrics.append_batch("referrals", 12, Duration::from_millis(2));
        metrics.relay_lag("referrals", 3);
        metrics.projection_lag("timeline", "referrals", 4, 1.5);
        metrics.parked_people("timeline", 1);
        let text = metrics.text();
        for line in [
            r#"throughline_rpcs_total{method="/a.v1.A/Do",code="OK"} 2"#,
            r#"throughline_rpc_seconds_count{method="/a.v1.A/Do"} 2"#,
            r#"throughline_append_queue_depth{log="referrals"} 7"#,
            r#"throughline_append_batch_size_sum{log="referrals"} 12.0"#,
            r#"throughline_relay_lag_events{log="referrals"} 3"#,
            r#"throughline_projection_lag_events{projection="timeline",source="referrals"} 4"#,
            r#"throughline_projection_lag_seconds{projection="timeline",source="referrals"} 1.5"#,
            r#"throughline_parked_people{projection="timeline"} 1"#,
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
        }
    }
}
