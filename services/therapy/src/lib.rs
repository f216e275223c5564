//! Therapy: practitioners, episodes of care, and appointments that hold.
//!
//! It owns who treats whom in which modality and when they meet. It does not own the goal that an episode serves or the plan items that it
//! carries out (the registry's), nor the referral that opened it.
//!
//! Invariants: no practitioner is booked twice, and no person twice within an agency, however many book at once; an appointment's status never
//! moves backward; what a session's notes say never leaves this service (nothing here holds such a text yet).
//!
//! Reading order: [`domain`] (the rules), [`wire`] (the contract), [`around`] (what a booking looks at), [`api`] (the face), [`view`] (lists),
//! [`policy`] and [`loops`] (closing the loop).

pub mod api;
pub mod around;
pub mod domain;
pub mod loops;
pub mod policy;
pub mod view;
pub mod wire;

use platform::caseload::GoesAlong;
use platform::people::deaths::Deaths;
use platform::service::{AssemblyError, Parts, Service};
use proto::therapy::therapy_service_server::TherapyServiceServer;

/// The service's name, and its log's.
pub const NAME: &str = "therapy";

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
    Ok(Service::new(parts).serves(TherapyServiceServer::new(api::Api::new(desk, view, people))))
}
