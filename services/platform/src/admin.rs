//! What operators and their tools ask a process: does it live, is it ready, what does it count.
//! Invariant: nothing personal is to be had here, so that it may be open to the cluster.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::drain::Drain;
use crate::metrics::Metrics;

/// Whether a process is ready, by its named checks. Clones are the same.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    checks: Mutex<BTreeMap<String, Option<String>>>,
    ready: watch::Sender<bool>,
}

impl Readiness {
    /// No checks yet: ready.
    pub fn new() -> Self {
        Self(Arc::new(Inner { checks: Mutex::default(), ready: watch::Sender::new(true) }))
    }

    /// Adds a check, which is not ready until it says so. Of a name that is taken, the last one counts.
    pub fn check(&self, name: impl Into<String>) -> Check {
        let check = Check { readiness: self.clone(), name: name.into() };
        check.not_ready("starting");
        check
    }

    /// Whether every check is ready.
    pub fn is_ready(&self) -> bool {
        *self.0.ready.borrow()
    }

    /// Follows whether every check is ready.
    pub fn changes(&self) -> watch::Receiver<bool> {
        self.0.ready.subscribe()
    }

    /// Each check, with why it is not ready if it is not.
    pub fn checks(&self) -> Vec<(String, Option<String>)> {
        let checks = self.0.checks.lock().unwrap_or_else(PoisonError::into_inner);
        checks.iter().map(|(name, why)| (name.clone(), why.clone())).collect()
    }

    /// Not ready any more, whatever the checks say: the drain has begun.
    pub fn close(&self) {
        self.check("drain").not_ready("stopping");
    }

    fn set(&self, name: &str, why: Option<String>) {
        let mut checks = self.0.checks.lock().unwrap_or_else(PoisonError::into_inner);
        checks.insert(name.to_owned(), why);
        let ready = checks.values().all(Option::is_none);
        // Under the lock, so that two checks cannot tell in the wrong order.
        self.0.ready.send_if_modified(|told| std::mem::replace(told, ready) != ready);
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

/// One named check of a process.
#[derive(Clone, Debug)]
pub struct Check {
    readiness: Readiness,
    name: String,
}

impl Check {
    /// It is ready.
    pub fn ready(&self) {
        self.readiness.set(&self.name, None);
    }

    /// It is not, and why: for operators, without personal data.
    pub fn not_ready(&self, why: impl Into<String>) {
        self.readiness.set(&self.name, Some(why.into()));
    }
}

#[derive(Clone)]
struct Shown {
    readiness: Readiness,
    metrics: Metrics,
}

/// Takes the address, and gives it and the listener's run until the process ends: it still answers while the process drains.
///
/// # Errors
/// The address cannot be had.
pub async fn bind(
    at: SocketAddr,
    readiness: Readiness,
    metrics: Metrics,
    drain: Drain,
) -> std::io::Result<(SocketAddr, impl Future<Output = ()> + Send + 'static)> {
    let listener = TcpListener::bind(at).await?;
    let at = listener.local_addr()?;
    let closing = {
        let readiness = readiness.clone();
        async move {
            drain.begun().await;
            readiness.close();
            std::future::pending::<()>().await;
        }
    };
    let routes = routes(readiness, metrics);
    let serving = async move {
        tokio::select! {
            served = axum::serve(listener, routes).into_future() => {
                if let Err(err) = served {
                    tracing::error!(error.chain = crate::error::chain(&err), "the admin listener ended");
                }
            }
            () = closing => {}
        }
    };
    Ok((at, serving))
}

/// The routes alone.
pub fn routes(readiness: Readiness, metrics: Metrics) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(shown))
        .with_state(Shown { readiness, metrics })
}

async fn readyz(State(shown): State<Shown>) -> impl IntoResponse {
    let checks = shown.readiness.checks();
    let ready = checks.iter().all(|(_, why)| why.is_none());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let lines = checks.iter().map(|(name, why)| format!("{name}: {}\n", why.as_deref().unwrap_or("ok")));
    let text: String = lines.collect();
    (status, if text.is_empty() { "ok\n".to_owned() } else { text })
}

async fn shown(State(shown): State<Shown>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], shown.metrics.text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn ask(at: SocketAddr, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("http://{at}{path}")).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    #[tokio::test]
    async fn readiness_is_that_of_every_check_and_ends_with_the_drain() {
        let (readiness, metrics, drain) = (Readiness::new(), Metrics::new(), Drain::new(Duration::ZERO));
        let loopback = "127.0.0.1:0".parse().unwrap();
        let (at, serving) = bind(loopback, readiness.clone(), metrics.clone(), drain.clone()).await.unwrap();
        tokio::spawn(serving);
        assert_eq!(ask(at, "/livez").await, (200, "ok\n".into()));
        assert_eq!(ask(at, "/readyz").await, (200, "ok\n".into()));

        let (log, bus) = (readiness.check("log"), readiness.check("bus"));
        log.ready();
        bus.not_ready("no NATS for 3 s");
        assert_eq!(ask(at, "/readyz").await, (503, "bus: no NATS for 3 s\nlog: ok\n".into()));
        bus.ready();
        assert_eq!(ask(at, "/readyz").await, (200, "bus: ok\nlog: ok\n".into()));

        metrics.relay_lag("referrals", 9);
        let (code, text) = ask(at, "/metrics").await;
        assert!(code == 200 && text.contains(r#"throughline_relay_lag_events{log="referrals"} 9"#));
        assert!(text.ends_with("# EOF\n"));

        let mut changes = readiness.changes();
        drain.begin();
        changes.wait_for(|ready| !ready).await.unwrap();
        assert_eq!(ask(at, "/readyz").await.0, 503);
        assert_eq!(ask(at, "/livez").await.0, 200);
    }
}
