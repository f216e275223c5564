//! Pages for people: one person's timeline with what clashes in it, and how the system is. A client of the gRPC services.
//!
//! Invariant: it owns no data and asks every service as whoever asks it, so a page never shows what a call would not. Nothing personal stands in an
//! address, a title or a log line; no page is stored on the way.
//!
//! Reading order: [`Dashboard`] and [`routes`], then `viewer` (who asks), `upstream` (whom it asks), `frame` (what all pages share), `failure` (pages
//! that say what to do), `pages` (one file each).

mod edge;
mod failure;
mod frame;
mod pages;
mod shown;
mod upstream;
mod viewer;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use platform::auth::Auth;
use platform::clock::Clock;
use platform::drain::Drain;
use tokio::net::TcpListener;

pub use upstream::Upstream;

/// The service's name.
pub const NAME: &str = "dashboard";

/// A form's body is a name or an id.
const BODY_BYTES: usize = 16 * 1024;

/// What the dashboard is put together of.
#[derive(Clone, Debug)]
pub struct Dashboard {
    /// How it tells who asks. With [`Auth::Plain`] it may listen on loopback alone.
    pub auth: Auth,
    /// The services it asks.
    pub upstream: Upstream,
    /// The process's clock: where "now" stands on a page.
    pub clock: Clock,
    /// The process's end, at which open followings end too.
    pub drain: Drain,
}

/// Every route.
pub fn routes(dashboard: Dashboard) -> Router {
    let dashboard = Arc::new(dashboard);
    Router::new()
        .route("/", get(pages::index::page))
        .route("/find", post(pages::index::find))
        .route("/viewer", post(pages::index::view_as))
        .route("/person", get(pages::index::open))
        .route("/person/{id}", get(pages::person::page))
        .route("/person/{id}/events", get(pages::events::follow))
        .route("/system", get(pages::system::page))
        .route("/style.css", get(frame::style))
        .route("/follow.js", get(frame::script))
        .route("/icon.svg", get(frame::icon))
        .fallback(pages::nowhere)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn_with_state(dashboard.clone(), edge::guard))
        .with_state(dashboard)
}

/// Takes the address, and gives it and the listener's run: until the drain, and the requests that then still run.
///
/// # Errors
/// The address cannot be had, or is beyond loopback while nothing tells who asks.
pub async fn bind(
    at: SocketAddr,
    dashboard: Dashboard,
) -> std::io::Result<(SocketAddr, impl Future<Output = ()> + Send + 'static)> {
    if matches!(dashboard.auth, Auth::Plain) && !at.ip().is_loopback() {
        let why = format!("{at} is beyond loopback and there is no authentication");
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, why));
    }
    let listener = TcpListener::bind(at).await?;
    let at = listener.local_addr()?;
    let drain = dashboard.drain.clone();
    let routes = routes(dashboard);
    let serving = async move {
        let begun = async move { drain.begun().await };
        if let Err(err) = axum::serve(listener, routes).with_graceful_shutdown(begun).await {
            tracing::error!(error.chain = platform::error::chain(&err), "the dashboard's listener ended");
        }
    };
    Ok((at, serving))
}
