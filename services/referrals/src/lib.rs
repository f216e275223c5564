//! Referrals: offers, the closed loop from request to outcome, participation in services without a service of their own.
//!
//! It owns who asked whom for what, and how that was answered. It does not own what the receiving service does: that comes back by events.
//!
//! Invariants: a referral is answered at most once, and only by the agency it was sent to; an agency has one open referral of a person to an
//! offer; what a receiving service did comes back onto the referral exactly once.
//!
//! Reading order: [`domain`] (the rules), [`wire`] (the contract), [`api`] (the face), [`view`] (lists), [`policy`] and [`loops`] (closing the
//! loop), [`clocks`] (what runs out).

pub mod api;
pub mod clocks;
pub mod domain;
pub mod loops;
mod places;
pub mod policy;
pub mod view;
pub mod wire;

use platform::people::deaths::Deaths;
use platform::service::{AssemblyError, Parts, Service};
use proto::referrals::referrals_service_server::ReferralsServiceServer;

/// The service's name, and its log's.
pub const NAME: &str = "referrals";

/// Puts the service together.
///
/// # Errors
/// A log without a peer, or tables that cannot be opened.
pub async fn service(parts: &Parts) -> Result<Service, AssemblyError> {
    let desk = parts.desk();
    let lists = parts.lists(view::Lists).await?;
    let people = parts.people().await?;
    let view = view::View::new(lists.clone(), people.clone());
    parts.react(loops::Opens::new(desk.clone()))?;
    parts.react(loops::Linked::new(desk.clone()))?;
    parts.react(loops::Consents::said(desk.clone(), view.clone()))?;
    parts.react(loops::Deaths::told(desk.clone(), view.clone()))?;
    parts.react(loops::Deaths::sent(desk.clone(), view.clone()))?;
    let part = loops::Participations::new(desk.clone(), view.clone());
    parts.react(Deaths::told(desk.clone(), people.clone(), lists.clone(), part.clone()))?;
    parts.react(Deaths::planned(desk.clone(), people, lists.clone(), part))?;
    parts.react(loops::Consents::sent(desk.clone(), view.clone()))?;
    parts.react(loops::Reports::participations(desk.clone()))?;
    for log in ["vocational", "housing", "therapy"] {
        parts.react(loops::Reports::of(log, desk.clone()))?;
    }
    parts.time(clocks::Clocks::new(desk.clone(), lists.clone(), view.clone()), &lists);
    Ok(Service::new(parts).serves(ReferralsServiceServer::new(api::Api::new(desk, view))))
}
