//! Vocational: supported employment (IPS) and education.
//!
//! It owns an agency's work with a person towards work or study, the jobs that come of it, and what other systems reported of a person's
//! employment. It does not own the referral that opened a case: the referrals service learns from this log what became of it.
//!
//! Invariants: a case is employed exactly while a paid job of it runs; under zero exclusion nobody is paused or discharged for who they are; no
//! employer is told a name unless the person chose so; a report is never a job.
//!
//! Reading order: [`domain`] (the rules), [`wire`] (the contract), [`api`] (the face), [`view`] (lists), [`policy`] and [`loops`] (what opens
//! a case).

pub mod api;
pub mod domain;
pub mod loops;
pub mod policy;
pub mod view;
pub mod wire;

use platform::caseload::GoesAlong;
use platform::people::deaths::Deaths;
use platform::service::{AssemblyError, Parts, Service};
use proto::vocational::vocational_service_server::VocationalServiceServer;

/// The service's name, and its log's.
pub const NAME: &str = "vocational";

/// Puts the service together.
///
/// # Errors
/// A log without a peer, or tables that cannot be opened.
pub async fn service(parts: &Parts) -> Result<Service, AssemblyError> {
    let desk = parts.desk();
    let (lists, people) = (parts.lists(view::Lists).await?, parts.people().await?);
    let view = view::View::new(lists.clone());
    let kept = loops::Kept::new(desk.clone(), view.clone());
    parts.react(loops::Opens::new(desk.clone()))?;
    parts.react(GoesAlong::new(desk.clone(), lists.clone(), kept.clone()))?;
    parts.react(Deaths::told(desk.clone(), people.clone(), lists.clone(), kept.clone()))?;
    parts.react(Deaths::planned(desk.clone(), people.clone(), lists, kept))?;
    Ok(Service::new(parts).serves(VocationalServiceServer::new(api::Api::new(desk, view, people))))
}
