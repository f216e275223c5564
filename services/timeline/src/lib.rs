//! The timeline: one person's life across all services, as far as the reader may see it.
//!
//! It owns nothing: every entry follows from a service's log and can be made again. It keeps one log of its own, of who looked.
//!
//! Invariants: an entry is a function of one stream's events, so linking, consent and the clock change only what is shown; nothing withheld leaves a
//! trace in counts, pages or order.
//!
//! Reading order: [`entries`] (what one stream makes), [`policy`] (by service), [`view`] (the tables and a page of them), [`api`], [`watch`], [`audit`].

pub mod api;
pub mod audit;
pub mod entries;
pub mod policy;
pub mod view;
pub mod watch;

use platform::service::{AssemblyError, Parts, Service};
use proto::timeline::timeline_service_server::TimelineServiceServer;

/// The service's name, and its log's.
pub const NAME: &str = "timeline";

/// Puts the service together.
///
/// # Errors
/// A log without a peer, or tables that cannot be opened.
pub async fn service(parts: &Parts) -> Result<Service, AssemblyError> {
    let views = parts.project(view::TimelineProjection).await?;
    let people = parts.people().await?;
    let api = api::Api::new(parts.desk(), views, people);
    Ok(Service::new(parts).serves(TimelineServiceServer::new(api)))
}
